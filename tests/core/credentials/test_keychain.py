"""Credentials for an image: what the kubelet would try, and in which order.

The tables were compared with k8s.io/kubernetes v1.37.2, pkg/credentialprovider.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.credentials.identity import Credential, CredentialEntry, Identity
from slimgate.core.credentials.keychain import Keychain, parse_pattern
from slimgate.core.images.reference import Reference


def tried(reference: str, *patterns: str) -> list[str]:
    """List the patterns whose credentials are tried, in order."""
    entries = tuple(CredentialEntry(pattern, Credential(username=pattern)) for pattern in patterns)
    found = Keychain(Identity(entries)).candidates(Reference.parse(reference))
    assert found[-1] is None
    return [credential.username or "" for credential in found if credential is not None]


MATCHES = [
    ("r.io", "r.io/a"),
    ("r.io/", "r.io/a"),
    ("https://r.io", "r.io/a"),
    ("http://r.io/", "r.io/a"),
    ("https://r.io/v1/", "r.io/a"),
    ("https://r.io/v2/", "r.io/a"),
    ("r.io/v2/team", "r.io/team/a"),
    ("r.io/v1/v2/", "r.io/v2/a"),
    ("r.io/team", "r.io/team/a"),
    ("r.io/te", "r.io/team/a"),
    ("r.io/team/", "r.io/team/a"),
    ("r.io/team/a", "r.io/team/a"),
    ("r.io:5000", "r.io:5000/a"),
    ("r.io?x=y", "r.io/a"),
    ("r.io#x", "r.io/a"),
    ("alice@r.io/team", "r.io/team/a"),
    ("https://alice:s3cret@r.io:5000/v2/", "r.io:5000/a"),
    ("https://alice@index.docker.io/v1/", "nginx"),
    ("r.io/t%65am", "r.io/team/a"),
    ("r.io/t%2565am", "r.io/team/a"),
    ("*.io", "r.io/a"),
    ("*.*", "r.io/a"),
    ("r*.i*", "reg.io/a"),
    ("*-good.r.io", "very-good.r.io/a"),
    ("prefix.*.io/foo", "prefix.r.io/foo/bar"),
    ("*.r.io:1111/blah", "prefix.r.io:1111/blah"),
    ("*", "localhost/a"),
    ("*:5000", "registry:5000/a"),
    ("[::1]:5000", "[::1]:5000/a"),
    ("docker.io", "nginx"),
    ("docker.io/library", "nginx"),
    ("https://index.docker.io/v1/", "nginx"),
    ("index.docker.io", "bitnami/redis"),
]

MISSES = [
    ("", "r.io/a"),
    ("https://", "r.io/a"),
    ("/team", "r.io/team/a"),
    ("r.io", "s.io/a"),
    ("R.io", "r.io/a"),
    ("r.io", "sub.r.io/a"),
    ("*.io", "sub.r.io/a"),
    ("*.*.r.io", "r.io/a"),
    ("r.io", "r.io:5000/a"),
    ("r.io:5000", "r.io/a"),
    ("r.io:443", "r.io/a"),
    ("r.io:*", "r.io:5000/a"),
    ("r.io/team", "r.io/a"),
    ("r.io@s.io", "r.io/a"),
    ("r.io/@s.io", "s.io/a"),
    ("r.io/*/a", "r.io/team/a"),
    ("r.io/v1", "r.io/a"),
    ("ftp://r.io", "r.io/a"),
    ("https://http://r.io", "r.io/a"),
    # Only `*` is a glob: Go's URLs end at `?`, and know `[` only around IPv6.
    ("r?g.io", "reg.io/a"),
    ("[r].io", "r.io/a"),
    ("x[ab].io", "xa.io/a"),
    ("[::1]", "[::1]/a"),
    ("\\r.io", "r.io/a"),
    ("r.io" + "/" * 2000, "r.io/a"),
    ("registry-1.docker.io", "nginx"),
    ("index.docker.io/library", "nginx"),
    ("index.docker.io:443", "nginx"),
    # The kubelet shows this host what is meant for Docker Hub; slimgate does not.
    ("index.docker.io", "localhost/a"),
]


@pytest.mark.parametrize(("pattern", "reference"), MATCHES)
def test_matches(pattern: str, reference: str) -> None:
    """An entry is for the images that the kubelet would use it for."""
    assert tried(reference, pattern) == [pattern]


@pytest.mark.parametrize(("pattern", "reference"), MISSES, ids=lambda value: value[:24])
def test_misses(pattern: str, reference: str) -> None:
    """An entry for another host, port or path is never shown to an image's registry."""
    assert tried(reference, pattern) == []


ORDERS = [
    (["r.io", "r.io/team", "r.io/team/a"], ["r.io/team/a", "r.io/team", "r.io"]),
    (["*.io", "r.io"], ["r.io", "*.io"]),
    (["r.*", "*.io", "r.io/team"], ["r.io/team", "r.*", "*.io"]),
    (["https://r.io/v1/", "r.io"], ["https://r.io/v1/", "r.io"]),
    (["r.io", "https://r.io/v1/"], ["r.io", "https://r.io/v1/"]),
]


@pytest.mark.parametrize(("patterns", "expected"), ORDERS, ids=" ".join)
def test_order(patterns: list[str], expected: list[str]) -> None:
    """The most specific entry is tried first, equals in the order in which they were given."""
    assert tried("r.io/team/a", *patterns) == expected


def test_docker_hubs_old_name_is_a_last_resort() -> None:
    """Credentials for index.docker.io are tried only where nothing else fits."""
    assert tried("nginx", "index.docker.io", "docker.io/library") == ["docker.io/library"]


def test_anonymous_comes_last() -> None:
    """Without any entry, and after all of them, the registry is asked without credentials."""
    same = Credential(username="alice")
    identity = Identity((CredentialEntry("r.io", same), CredentialEntry("*.io", same)))

    assert Keychain(Identity()).candidates(Reference.parse("nginx")) == (None,)
    assert Keychain(identity).candidates(Reference.parse("r.io/a")) == (same, None)


@given(st.text(max_size=30) | st.text("r.io:/*[]?\\", max_size=20))
def test_any_pattern(pattern: str) -> None:
    """Whatever a config's key is, it matches or it does not, and nothing raises."""
    for reference in ("r.io/a", "r:5000/a", "[::1]:5000/a"):
        assert tried(reference, pattern) in ([], [pattern])
    assert parse_pattern(pattern * 100) is None or len(pattern * 100) <= 1024
