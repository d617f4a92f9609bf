"""References: the grammar and normalisation of github.com/distribution/reference v0.6.0.

What is accepted and refused here was compared with that library.
"""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.errors import InvalidReferenceError
from slimgate.core.images.reference import Reference, parse_digest

HEX = "0123456789abcdef" * 4
SHA = f"sha256:{HEX}"
SHA512 = f"sha512:{HEX}{HEX}"

ACCEPTED = [
    ("nginx", "docker.io", "library/nginx", "latest", None),
    ("nginx:1.27", "docker.io", "library/nginx", "1.27", None),
    ("bitnami/redis:7", "docker.io", "bitnami/redis", "7", None),
    ("docker.io/nginx", "docker.io", "library/nginx", "latest", None),
    ("docker.io/library/nginx", "docker.io", "library/nginx", "latest", None),
    ("index.docker.io/nginx", "docker.io", "library/nginx", "latest", None),
    ("index.docker.io/bitnami/redis", "docker.io", "bitnami/redis", "latest", None),
    ("registry-1.docker.io/nginx", "registry-1.docker.io", "nginx", "latest", None),
    (f"nginx@{SHA}", "docker.io", "library/nginx", None, SHA),
    (f"nginx:1.27@{SHA}", "docker.io", "library/nginx", "1.27", SHA),
    (f"gcr.io/a/b@{SHA512}", "gcr.io", "a/b", None, SHA512),
    ("localhost/a", "localhost", "a", "latest", None),
    ("localhost:5000", "docker.io", "library/localhost", "5000", None),
    ("localhost:5000/a:1", "localhost:5000", "a", "1", None),
    ("registry:5000/a/b", "registry:5000", "a/b", "latest", None),
    ("10.99.0.1:5000/a", "10.99.0.1:5000", "a", "latest", None),
    ("192.168.1.1", "docker.io", "library/192.168.1.1", "latest", None),
    ("[::1]/a", "[::1]", "a", "latest", None),
    ("[2001:db8::1]:5000/a:1", "[2001:db8::1]:5000", "a", "1", None),
    ("Upper/a", "Upper", "a", "latest", None),
    ("team/a", "docker.io", "team/a", "latest", None),
    ("foo_bar/a", "docker.io", "foo_bar/a", "latest", None),
    ("a__b/c---d.e_f:A_b.C-d", "docker.io", "a__b/c---d.e_f", "A_b.C-d", None),
    ("my_host.r.io/a:1", "my_host.r.io", "a", "1", None),
    ("xn--n3h.com/a", "xn--n3h.com", "a", "latest", None),
    (f"{HEX}:1", "docker.io", f"library/{HEX}", "1", None),
    (f"docker.io/{HEX}", "docker.io", f"library/{HEX}", "latest", None),
    (f"library/{HEX}", "docker.io", f"library/{HEX}", "latest", None),
    (HEX[:63], "docker.io", f"library/{HEX[:63]}", "latest", None),
    (f"a:{'t' * 128}", "docker.io", "library/a", "t" * 128, None),
    ("r.io/" + "a" * 255, "r.io", "a" * 255, "latest", None),
    ("r.io:65535/a", "r.io:65535", "a", "latest", None),
]

REFUSED = [
    ("", "it is empty"),
    ("a" * 1025, "it is too long"),
    (HEX, "it is an image ID, not a reference"),
    ("https://r.io/a", "a reference has no scheme"),
    ("docker://nginx", "a reference has no scheme"),
    ("Nginx", "its repository must be lower case"),
    ("r.io/Team/a", "its repository must be lower case"),
    ("{{ .Values.image }}", "it looks like a template that nobody rendered"),
    ("repo/a:{{ .tag }}", "it looks like a template that nobody rendered"),
    ("${IMAGE}", "it looks like a template that nobody rendered"),
    ("$(IMAGE):1", "it looks like a template that nobody rendered"),
    ("$IMAGE", "it looks like a template that nobody rendered"),
    ("<image>", "it looks like a template that nobody rendered"),
    ("%IMAGE%", "it looks like a template that nobody rendered"),
    ("@@image", "it looks like a template that nobody rendered"),
    (" nginx", "its repository is malformed"),
    ("a%b", "its repository is malformed"),
    ("a<b", "its repository is malformed"),
    ("nginx ", "its repository is malformed"),
    ("nginx\n", "its repository is malformed"),
    ("r.io/", "its repository is malformed"),
    ("r.io//a", "its repository is malformed"),
    ("a/../b", "its repository is malformed"),
    ("a..b", "its repository is malformed"),
    ("a___b", "its repository is malformed"),
    ("-a", "its repository is malformed"),
    ("a-/b", "its repository is malformed"),
    ("é", "its repository is malformed"),
    ("[::1]", "what follows : is not a tag"),
    ("fc00::1:5000/a", "its registry is not a host[:port]"),
    ("[fe80::1%eth0]:5000/a", "its registry is not a host[:port]"),
    ("-r.io/a", "its registry is not a host[:port]"),
    ("r..io/a", "its registry is not a host[:port]"),
    ("r.io:/a", "its registry is not a host[:port]"),
    ("r.io:x/a", "its registry is not a host[:port]"),
    ("user@r.io/a", "what follows @ is not a sha256 digest"),
    # The library takes these, but nothing can listen there.
    ("r.io:0/a", "its registry is not a host[:port]"),
    ("r.io:65536/a", "its registry is not a host[:port]"),
    (f"r.io:{'9' * 500}/a", "its registry is not a host[:port]"),
    (f"r.io:{'9' * 1000}/a", "its registry is not a host[:port]"),
    ("a:", "what follows : is not a tag"),
    ("a:-b", "what follows : is not a tag"),
    ("a:b:c", "what follows : is not a tag"),
    ("a:é", "what follows : is not a tag"),
    (f"a:{'t' * 129}", "what follows : is not a tag"),
    ("a@", "what follows @ is not a sha256 digest"),
    (f"a@sha256:{HEX[:63]}", "what follows @ is not a sha256 digest"),
    (f"a@sha256:{HEX.upper()}", "what follows @ is not a sha256 digest"),
    (f"a@md5:{HEX[:32]}", "what follows @ is not a sha256 digest"),
    (f"a@{SHA}@{SHA}", "what follows @ is not a sha256 digest"),
    (f"a@{SHA}:tag", "what follows @ is not a sha256 digest"),
    ("r.io/" + "a" * 256, "its repository is longer than 255 characters"),
]

runs = st.text("abz019", min_size=1, max_size=9)
separators = st.sampled_from([".", "_", "__", "-", "---"])
parts = st.builds("{}{}{}".format, runs, separators, runs) | runs
tags = st.builds(":{}{}".format, st.sampled_from("aZ0_"), st.text("aZ0_.-", max_size=20))
references = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "r.io/", "docker.io/", "localhost/", "r:5000/", "[::1]:5000/"]),
    st.lists(parts, min_size=1, max_size=3).map("/".join),
    st.just("") | tags,
    st.sampled_from(["", f"@{SHA}"]),
)


@pytest.mark.parametrize(("text", "registry", "repository", "tag", "digest"), ACCEPTED)
def test_accepted(
    text: str, registry: str, repository: str, tag: str | None, digest: str | None
) -> None:
    """A reference is taken apart and normalised as containerd and the kubelet do."""
    found = Reference.parse(text)

    assert (found.registry, found.repository) == (registry, repository)
    assert (found.tag, found.digest) == (tag, digest)


@pytest.mark.parametrize(("text", "why"), REFUSED, ids=lambda value: value[:24])
def test_refused(text: str, why: str) -> None:
    """What is no reference is refused in a sentence that says why and what to write."""
    with pytest.raises(InvalidReferenceError) as caught:
        Reference.parse(text)

    assert f" is not an image reference: {why}; write registry/repository:tag" in str(caught.value)


def test_hostile_text_is_quoted() -> None:
    """A refusal quotes the text without its control characters, and not all of a long one."""
    with pytest.raises(InvalidReferenceError) as caught:
        Reference.parse(f"\x1b[2J{'a' * 1000}")

    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


@given(references)
def test_round_trip(text: str) -> None:
    """Written in full or as people do, a reference is read back as the same one."""
    reference = Reference.parse(text)

    assert Reference.parse(str(reference)) == reference
    assert Reference.parse(reference.familiar) == reference


@given(st.text(max_size=60) | st.text("aA0.:/@-_[]", max_size=30))
def test_only_one_kind_of_error(text: str) -> None:
    """Whatever stands there is a reference, or an InvalidReferenceError."""
    with suppress(InvalidReferenceError):
        assert str(Reference.parse(text))


@pytest.mark.parametrize(
    ("text", "familiar"),
    [
        ("docker.io/library/golang:1.26", "golang:1.26"),
        ("docker.io/bitnami/redis", "bitnami/redis:latest"),
        ("docker.io/library/a/b:1", "library/a/b:1"),
        ("docker.io/gcr.io/distroless:1", "docker.io/gcr.io/distroless:1"),
        ("docker.io/localhost/a:1", "docker.io/localhost/a:1"),
        ("docker.io/index.docker.io/a:1", "docker.io/index.docker.io/a:1"),
        ("docker.io/library/localhost:1", "localhost:1"),
        (f"nginx@{SHA}", f"nginx@{SHA}"),
        ("gcr.io/distroless/static", "gcr.io/distroless/static:latest"),
        ("r.io/library/x:1", "r.io/library/x:1"),
    ],
)
def test_familiar(text: str, familiar: str) -> None:
    """Docker Hub's host and `library/` are left out where they go without saying."""
    assert Reference.parse(text).familiar == familiar


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Registry.Example.com:0443/a", "registry.example.com/a:latest"),
        ("r.io:05000/a/b:T", "r.io:5000/a/b:T"),
        ("r.io:80/a", "r.io:80/a:latest"),
        ("010.0.0.1:5000/a", "8.0.0.1:5000/a:latest"),
        ("0x0a000001:0443/a", "10.0.0.1/a:latest"),
        ("10.1:5000/a", "10.0.0.1:5000/a:latest"),
        ("1.2.3.4.5:5000/a", "1.2.3.4.5:5000/a:latest"),
        (f"index.docker.io:443/golang@{SHA}", f"docker.io/library/golang@{SHA}"),
        ("registry.hub.docker.com/a/b", "docker.io/a/b:latest"),
        ("registry-1.docker.io:444/a", "registry-1.docker.io:444/a:latest"),
        ("[::0:1]:5000/a", "[::1]:5000/a:latest"),
        ("[::FFFF:a00:1]/a", "10.0.0.1/a:latest"),
        ("[:::1]/a", "[:::1]/a:latest"),
        ("nginx", "docker.io/library/nginx:latest"),
    ],
)
def test_plain(text: str, plain: str) -> None:
    """All spellings of one registry are one; what else is written stays."""
    assert str(Reference.parse(text).plain) == plain


def test_identifier() -> None:
    """The digest wins over the tag; without either, also if made by hand, it is `latest`."""
    assert Reference.parse(f"nginx:1.27@{SHA}").identifier == SHA
    assert Reference.parse("nginx:1.27").identifier == "1.27"
    assert Reference("r.io", "a").identifier == "latest"
    assert str(Reference("r.io", "a")) == "r.io/a"


def test_at() -> None:
    """A manifest is named by its digest alone, in the same repository."""
    found = Reference.parse("r.io/a/b:1").at(parse_digest(SHA))

    assert str(found) == f"r.io/a/b@{SHA}"
    assert found.name == "r.io/a/b"


@pytest.mark.parametrize(
    "text", ["", HEX, f"sha256:{HEX}0", f"{SHA}\n", f"../{SHA}", "sha256:../.."]
)
def test_digests(text: str) -> None:
    """Of the two registered algorithms, and nothing else: it is in paths (CVE-2024-3727)."""
    assert (parse_digest(SHA), parse_digest(SHA512)) == (SHA, SHA512)
    with pytest.raises(InvalidReferenceError, match="is not a digest: write sha256:"):
        parse_digest(text)
