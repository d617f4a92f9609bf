"""Certificates of slimgate's own: who trusts them, for what names, and how they are known again."""

import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from slimgate.cluster.certificates.authority import is_own, made_at, make, signed
from tests.cluster.certificates.make import NAMES, NOW, foreign, load, shake


@pytest.mark.parametrize("name", NAMES)
def test_trusted_for_its_names(tmp_path: Path, name: str) -> None:
    """A strict client that trusts the bundle accepts each name and address."""
    made = make(NAMES, NOW)
    shake(tmp_path, made, made.ca_bundle, name)


def test_not_trusted_for_other_names(tmp_path: Path) -> None:
    """Another name is refused."""
    made = make(NAMES, NOW)
    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for"):
        shake(tmp_path, made, made.ca_bundle, "other.slimgate.svc")


def test_each_renewal_has_a_ca_of_its_own(tmp_path: Path) -> None:
    """A client has to trust both CAs while both certificates are served."""
    first, second = make(NAMES, NOW), make(NAMES, NOW)
    both = second.ca_bundle + first.ca_bundle
    shake(tmp_path, first, both, NAMES[0])
    shake(tmp_path, second, both, NAMES[0])
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(tmp_path, second, first.ca_bundle, NAMES[0])


def test_secrets_are_not_shown() -> None:
    """The key is in no representation, so in no log."""
    made = make(NAMES, NOW)
    assert b"PRIVATE KEY" in made.key
    assert "PRIVATE" not in repr(made)


def test_long_name(tmp_path: Path) -> None:
    """A name that is too long for a common name is still one of the certificate's names."""
    name = f"{'a' * 60}.{'b' * 60}.svc"
    made = make([name], NOW)
    shake(tmp_path, made, made.ca_bundle, name)


def test_own_cas_are_known(tmp_path: Path) -> None:
    """A CA that slimgate has made, and no other, even one of the same name."""
    made = make(NAMES, NOW)
    own, served = load(made.ca_bundle), load(made.certificate)

    assert is_own(own)
    assert signed(own, served)
    assert made_at(served) == NOW
    assert not is_own(served)
    for options in (["-subj", "/CN=slimgate webhook CA", "-days", "9000"], ["-subj", "/CN=other"]):
        assert not is_own(load(foreign(tmp_path, *options)))
    assert is_own(load(foreign(tmp_path, "-subj", "/CN=slimgate webhook CA", "-days", "9")))


def test_server_runs_without_cryptography() -> None:
    """The server imports neither cryptography nor kopf: it has memory to save, and no use."""
    code = "import slimgate.webhook.server, sys; print({'cryptography', 'kopf'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
