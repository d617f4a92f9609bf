"""Globs: what they match, the same as a slow and plain matcher does, and in how much time."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from slimgate.core.matching.glob import Automaton, Glob
from slimgate.core.matching.globs import MAX_GLOB, Globs, matches, matches_reference
from tests.core.make import SHA

TEXTS = [
    ("a", "a", True),
    ("a", "b", False),
    ("a", "", False),
    ("", "", True),
    ("", "a", False),
    ("*", "", True),
    ("*", "abc", True),
    ("*", "a/b", False),
    ("**", "a/b", True),
    ("***", "a/b", True),
    ("*/*", "a/b", True),
    ("*/*", "a/b/c", False),
    ("a/**", "a/b/c", True),
    ("a/**", "a", False),
    ("**/c", "a/b/c", True),
    ("**/c", "c", False),
    ("**c", "a/b/c", True),
    ("a/**/c", "a/b/b/c", True),
    ("a/**/c", "a/c", False),
    ("?", "a", True),
    ("?", "/", False),
    ("?", "", False),
    ("a?c", "abc", True),
    ("a*b*c", "a--b--c", True),
    ("a*b*c", "a--b/-c", False),
    ("a*b**c", "a--b/-c", True),
    ("[ab]", "a", False),
    ("[ab]", "[ab]", True),
    ("a.c", "abc", False),
    ("a\\*", "a\\b", True),
    ("A", "a", False),
]


@pytest.mark.parametrize(("glob", "text", "expected"), TEXTS)
def test_texts(glob: str, text: str, *, expected: bool) -> None:
    """One star stays within a segment, two go across, and nothing else is special."""
    assert matches((glob,), text) is expected
    assert matches(("no", glob), text) is expected


def test_none() -> None:
    """Without globs nothing is matched."""
    assert not matches((), "a")
    assert not matches_reference((), "a")


def plain(glob: str, text: str) -> bool:
    """Match by trying everything."""
    if glob.startswith("*"):
        rest = glob.lstrip("*")
        across = len(glob) - len(rest) > 1
        ends = range(len(text) + 1) if across else range(len(text.partition("/")[0]) + 1)
        return any(plain(rest, text[end:]) for end in ends)
    if not glob or not text:
        return glob == text
    return (glob[0] == text[0] or (glob[0] == "?" and text[0] != "/")) and plain(glob[1:], text[1:])


@given(st.text("ab/*?", max_size=10), st.text("ab/", max_size=10))
def test_the_same_as_trying_everything(glob: str, text: str) -> None:
    """A glob matches what trying every way finds."""
    assert matches((glob,), text) is plain(glob, text)


@given(st.text("ab/*?", max_size=40), st.text("ab/", max_size=40))
def test_two_ways_to_compare(glob: str, text: str) -> None:
    """Searching for what is between stars finds what going by characters does."""
    assert Glob.of(glob).matches(text) is Automaton.of(glob).matches(text)


@given(st.text("ab/:", max_size=20), st.data())
def test_made_from_what_it_matches(text: str, data: st.DataObject) -> None:
    """Any part of a text may be written as two stars, and one without slashes as one."""
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))

    assert matches((f"{text[:start]}**{text[end:]}",), text)
    assert matches((f"{text[:start]}*{text[end:]}",), text) or "/" in text[start:end]


@pytest.mark.parametrize(
    "glob", ["*a" * 256, "**a" * 170, "*a**a" * 100, "?*" * 256, f"**{'a' * 400}b**"]
)
def test_no_pattern_is_slow(glob: str) -> None:
    """The longest patterns and texts that are compared take milliseconds, whatever they hold."""
    assert len(glob) <= MAX_GLOB
    text = "a" * 4096 + "b"

    started = time.perf_counter()
    matches((glob,), text)

    # Backtracking would take years.
    assert time.perf_counter() - started < 1


IMAGES = [
    ("nginx", "nginx"),
    ("nginx", "nginx:1.27"),
    ("nginx", "docker.io/library/nginx:1.27"),
    ("nginx", f"nginx@{SHA}"),
    ("nginx", f"nginx:1.27@{SHA}"),
    ("nginx:*", "docker.io/nginx:1.27"),
    ("nginx:latest", "nginx"),
    ("nginx:1.27", f"nginx:1.27@{SHA}"),
    (f"nginx@{SHA}", f"nginx:1.27@{SHA}"),
    (f"nginx:1.27@{SHA}", f"nginx:1.27@{SHA}"),
    ("nginx*", "nginx-unprivileged:1"),
    ("**:latest", "registry.example.com/team/shop"),
    ("docker.io/library/nginx", "nginx:1.27"),
    ("docker.io/library/nginx:1.27", "nginx:1.27"),
    ("docker.io/**", "bitnami/redis:7"),
    ("docker.io/*/redis", "bitnami/redis:7"),
    ("bitnami/*", "docker.io/bitnami/redis:7"),
    ("registry.example.com/team/*", "registry.example.com/team/a:1"),
    ("registry.example.com/team/*", f"registry.example.com/team/a@{SHA}"),
    ("registry.example.com/team/**", "registry.example.com/team/a/b:1"),
    ("*.EXAMPLE.com:0443/team/*", "registry.example.com/team/a"),
    ("*.example.com:05000/team/*", "registry.example.com:5000/team/a"),
    ("10.99.0.1:5000/**", "[::ffff:a63:1]:5000/team/a"),
    ("?::1?:5000/**", "[0:0:0:0:0:0:0:1]:5000/a"),
    ("registry.example.com/team/*", "registry.example.com:080/team/a"),
    ("registry.example.com:80/team/*", "registry.example.com:080/team/a"),
    ("registry.example.com./team/*", "registry.example.com/team/a"),
    ("*.example.com./team/*", "registry.example.com/team/a"),
    ("docker.io./golang", "golang"),
    ("10/app", "10/app:1"),
    ("10.0.0.1:5000/**", "0x0a000001:5000/team/a"),
    ("10.0.0.1:5000/**", "167772161:05000/team/a"),
    ("10.1:5000/**", "10.0.0.1:5000/team/a"),
    ("golang", f"docker.io:80/golang@{SHA}"),
    ("registry.example.com/team/*", f"REGISTRY.example.com:443/team/a@sha384:{'0' * 96}"),
    ("**", f"@{SHA}"),
    ("golang", "registry-1.docker.io/library/golang:1"),
    ("golang", "registry-1.docker.io:0443/golang:1"),
    ("registry-1.docker.io/library/golang", "golang"),
    ("docker.io/golang:1", "golang:1"),
    ("docker.io/*", "golang:1"),
    ("*.example.com/**", "registry.example.com/team/a"),
    ("**/legacy:*", "registry.example.com/team/legacy:1"),
    ("**/legacy", "registry.example.com/team/legacy:1"),
    ("**/library/**", "nginx"),
    ("**@sha256:*", f"nginx@{SHA}"),
    ("*", "nginx"),
    ("UPPER*", "UPPER CASE"),
    ("library/*", "nginx"),
    ("library/nginx", "registry-1.docker.io/nginx:1"),
    ("registry.example.com/team/*", f"registry.example.com:{'0' * 1100}443/team/a"),
    ("localhost:5055/**", f"LOCALHOST:{'0' * 9000}5055/a@{SHA}"),
]
PINNED = f"registry.example.com/team/app:legacy@{SHA}"
EXCUSED = [
    ("registry.example.com/team/app", PINNED, True),
    ("registry.example.com/team/*", PINNED, True),
    (f"registry.example.com/team/app@{SHA}", PINNED, True),
    ("**@sha256:*", PINNED, True),
    (PINNED, PINNED, True),
    (f"registry.example.com/team/app:*@{SHA}", PINNED, True),
    ("registry.example.com/team/app:legacy", PINNED.partition("@")[0], True),
    ("registry.example.com/team/app:leg*", PINNED.partition("@")[0], True),
    ("registry.example.com/team/app:legacy", PINNED, False),
    ("registry.example.com/team/app:*", PINNED, False),
    ("registry.example.com/team/app:**", PINNED, False),
    ("registry.example.com/team/app:legacy@sha256:*", PINNED, False),
    ("**:legacy", PINNED, False),
    ("**:legacy@*", PINNED, False),
    ("registry.example.com/team/app", PINNED.replace("sha256", "sha384"), True),
    ("registry.example.com/team/app:legacy", PINNED.replace("sha256", "sha384"), False),
    ("nginx:1", f"nginx:1@{SHA}", False),
    ("nginx:1", "docker.io/library/nginx:1", True),
    ("nginx:1.27", f"docker.io:80/nginx:1.27@{SHA}", False),
    ("UPPER*", "UPPER CASE", True),
    ("UPPER*", "UPPER CASE@x", True),
]


@pytest.mark.parametrize(("glob", "written", "expected"), EXCUSED)
def test_what_is_left_out(glob: str, written: str, *, expected: bool) -> None:
    """Nobody writes a tag that is left out beside the digest of what is not."""
    assert Globs(("no", glob)).excuses_reference(written) is expected


OTHERS = [
    ("nginx", "nginx-unprivileged"),
    ("nginx", "evil.io/nginx"),
    ("nginx:1.2", "nginx:1.27"),
    ("nginx:latest", f"nginx@{SHA}"),
    ("*", "registry.example.com/team/a"),
    ("docker.io/*", "bitnami/redis:7"),
    ("bitnami/*", "library/redis"),
    ("a/b", "library/a/b"),
    ("docker.io/a/b", "library/a/b"),
    ("docker.io/**", "index.docker.io:5000/a"),
    ("registry.example.com:80/team/*", "registry.example.com/team/a"),
    ("*:443/**", "registry.example.com:5000/a"),
    ("a:/b", "a/b"),
    ("a:0/b", "a/b"),
    ("nginx:TAG", "nginx:tag"),
    ("registry.example.com/team/*", "registry.example.com/team/a/b:1"),
    ("registry.example.com/team/**", "registry.example.com/teams/a"),
    ("registry.example.com/team/**", "registry.example.com:5000/team/a"),
    ("registry.example.com/**", "evil.io/registry.example.com/a"),
    ("docker.io/**", "registry.example.com/a"),
    ("gcr.io/**", "docker.io/gcr.io/a"),
    ("**:latest", "nginx:1.27"),
    ("", "nginx"),
]


@pytest.mark.parametrize(("glob", "written"), IMAGES)
def test_references(glob: str, written: str) -> None:
    """A glob matches an image however its reference is written: nobody slips past a policy."""
    assert matches_reference(("no", glob), written)


@pytest.mark.parametrize(("glob", "written"), OTHERS)
def test_other_references(glob: str, written: str) -> None:
    """A glob matches no image of another repository, tag or registry."""
    assert not matches_reference((glob,), written)


def cased(text: str) -> SearchStrategy[str]:
    """Write some letters as capitals."""
    return st.tuples(*[st.sampled_from((char, char.upper())) for char in text]).map("".join)


def spelt(*registries: str) -> SearchStrategy[str]:
    """Write a registry in one of the ways that reach the same one."""
    ways = []
    for one in registries:
        host, _, port = one.partition(":")
        ports = [f":{zeros}{port or 443}" for zeros in ("", "0", "000")] + ([] if port else [""])
        ways.append(st.builds("{}{}".format, cased(host), st.sampled_from(ports)))
    return st.one_of(ways)


SPELT = {
    "registry.example.com": spelt("registry.example.com"),
    "localhost:5055": spelt("localhost:5055"),
    "10.99.0.1:5000": spelt("10.99.0.1:5000"),
    "docker.io": spelt("docker.io", "index.docker.io", "registry-1.docker.io"),
}
RESTS = ["**", "team/**", "team/*:1", "team/a", "*", "other/**", "t?am/a:*"]


@pytest.mark.parametrize("registry", SPELT)
@given(data=st.data(), rest=st.sampled_from(RESTS))
def test_all_spellings_of_a_registry(registry: str, data: st.DataObject, rest: str) -> None:
    """A glob matches an image by all of them or by none, however its own registry is spelt."""
    image = data.draw(SPELT[registry].map(lambda one: f"{one}/team/a:1"))
    glob = data.draw(SPELT[registry].map(lambda one: f"{one}/{rest}"))

    expected = matches_reference((f"{registry}/{rest}",), f"{registry}/team/a:1")
    assert matches_reference((glob,), image) is expected
    assert matches_reference((glob,), f"other.{registry}/team/a:1") is False


def test_what_is_too_long_to_be_a_reference() -> None:
    """Its beginning is compared, so that no rule on everything is passed by."""
    assert matches_reference(("a**",), "a" * 2**20)
    assert not matches_reference(("b**",), "a" * 2**20)
