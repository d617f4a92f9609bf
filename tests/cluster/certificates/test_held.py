"""What a Secret holds: everything that can be wrong with it is found, and named."""

import subprocess
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from slimgate.cluster.certificates.authority import LIFE, make
from slimgate.cluster.certificates.held import (
    fault_of,
    issuer_of,
    read_bundle,
    read_certificates,
    read_secret,
    write_pem,
)
from tests.cluster.certificates.make import NAMES, NOW, encoded, files_of, foreign, load, secret

Files = dict[str, bytes]
GOOD = files_of(make(NAMES, NOW))
OTHER = files_of(make(NAMES, NOW))
JUNK = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"

FAULTS: Mapping[str, tuple[Files, str]] = {
    "nothing": ({}, "tls.crt holds no certificate"),
    "no certificate": ({**GOOD, "tls.crt": b""}, "tls.crt holds no certificate"),
    "damaged certificate": ({**GOOD, "tls.crt": JUNK}, "tls.crt holds no certificate"),
    "no key": ({**GOOD, "tls.key": b""}, "tls.key holds no key"),
    "damaged key": ({**GOOD, "tls.key": GOOD["tls.key"][:90]}, "tls.key holds no key"),
    "foreign key": ({**GOOD, "tls.key": OTHER["tls.key"]}, "tls.key does not fit tls.crt"),
    "no CA": ({**GOOD, "ca.crt": b"\n"}, "ca.crt lacks the CA that signed tls.crt"),
    "damaged CA": (
        {**GOOD, "ca.crt": GOOD["ca.crt"] + JUNK},
        "ca.crt lacks the CA that signed tls.crt",
    ),
    "foreign CA": (
        {**GOOD, "ca.crt": OTHER["ca.crt"]},
        "ca.crt lacks the CA that signed tls.crt",
    ),
    "old": (
        files_of(make(NAMES, NOW - LIFE * 2 / 3)),
        "tls.crt is due to be renewed",
    ),
    "ended": (files_of(make(NAMES, NOW - 2 * LIFE)), "tls.crt is due to be renewed"),
    "of the future": (
        files_of(make(NAMES, NOW + timedelta(hours=2))),
        "tls.crt is not valid yet",
    ),
    "another name": (
        files_of(make(NAMES[:2], NOW)),
        f"tls.crt lacks the name {NAMES[2]}",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults(name: str) -> None:
    """Each is a reason to make a new certificate, and says which file is at fault."""
    files, expected = FAULTS[name]

    assert fault_of(read_secret(secret(files)), NAMES, NOW) == expected


def test_a_foreign_pair_is_a_fault(tmp_path: Path) -> None:
    """Whole as it may be: nobody would renew it, nor know when to trust another."""
    ca = foreign(tmp_path, "-subj", "/CN=slimgate-webhook")
    files = {"ca.crt": ca, "tls.crt": ca, "tls.key": (tmp_path / "foreign.key").read_bytes()}

    fault = fault_of(read_secret(secret(files)), NAMES, NOW)

    assert fault == "tls.crt is signed by a CA that slimgate did not make"


@pytest.mark.parametrize(
    ("age", "names"),
    [
        (timedelta(0), NAMES),
        (timedelta(0), NAMES[:1]),
        (-timedelta(minutes=30), NAMES),
        (LIFE * 2 / 3 - timedelta(minutes=1), NAMES),
    ],
)
def test_what_is_whole_stays(age: timedelta, names: tuple[str, ...]) -> None:
    """A certificate of the last eight months, for at least these names, by a CA that is there."""
    files = files_of(make(NAMES, NOW - age))
    files["ca.crt"] = OTHER["ca.crt"] + files["ca.crt"]

    held = read_secret(secret(files))

    assert fault_of(held, names, NOW) is None
    assert held.expires == NOW - age + LIFE
    assert held.issuer == held.authorities[1]


@pytest.mark.parametrize("data", [None, 7, {"tls.crt": "%%%"}, {"tls.crt": 7}])
def test_odd_secrets(data: object) -> None:
    """What is not of a Secret's form holds nothing."""
    held = read_secret({"data": data})

    assert (held.authorities, held.chain, held.public_key, held.expires) == ((), (), None, None)


def test_an_encrypted_key(tmp_path: Path) -> None:
    """A key that takes a password can't be used, and nobody is asked for one."""
    command = ["openssl", "ec", "-aes256", "-passout", "pass:x", "-out", str(tmp_path / "key")]
    subprocess.run(command, input=GOOD["tls.key"], check=True, capture_output=True)

    held = read_secret(secret({**GOOD, "tls.key": (tmp_path / "key").read_bytes()}))

    assert fault_of(held, NAMES, NOW) == "tls.key holds no key"


def test_issuers(chain: Callable[[str], bytes]) -> None:
    """The CA is found by way of the chain, and a certificate may be trusted by itself."""
    root, middle, leaf = map(load, map(chain, ("root", "middle", "leaf")))

    assert issuer_of([leaf, middle], [root]) == root
    assert issuer_of([leaf], [root]) is None
    assert issuer_of([leaf], [middle]) == middle
    assert issuer_of([leaf], [leaf]) == leaf
    assert issuer_of([leaf, leaf, middle], [load(GOOD["ca.crt"])]) is None
    assert issuer_of([], [root]) is None


@pytest.fixture
def chain(tmp_path: Path) -> Callable[[str], bytes]:
    """Return a root, what it has signed, and what that has signed, as given CAs do."""
    foreign(tmp_path, "-subj", "/CN=root")
    for name in ("crt", "key"):
        (tmp_path / f"foreign.{name}").rename(tmp_path / f"root.{name}")
    ca = "basicConstraints=critical,CA:true"
    for name, issuer in (("middle", "root"), ("leaf", "middle")):
        signs = ["-CA", f"{tmp_path}/{issuer}.crt", "-CAkey", f"{tmp_path}/{issuer}.key"]
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-addext", ca]
        files = ["-keyout", f"{tmp_path}/{name}.key", "-out", f"{tmp_path}/{name}.crt"]
        subprocess.run(
            [*command, *signs, *files, "-subj", f"/CN={name}"], check=True, capture_output=True
        )
    return lambda name: (tmp_path / f"{name}.crt").read_bytes()


def test_bundles() -> None:
    """What is written is read, in its order; what can't be read holds no CA."""
    pem = GOOD["ca.crt"] + OTHER["ca.crt"]
    authorities = read_certificates(pem)

    assert write_pem(authorities) == pem
    assert read_bundle(encoded(pem)) == authorities
    assert read_bundle("%%%") == read_bundle("") == read_bundle(encoded(b"junk")) == ()
