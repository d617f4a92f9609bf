"""The client against real docker-registries: what it gets, and how many requests that takes."""

import pytest

from slimgate.core.credentials.identity import ANONYMOUS, Credential, CredentialEntry, Identity
from slimgate.core.errors import NotFoundError, UnauthorizedError, UnavailableError
from slimgate.core.images.facts import Size
from slimgate.core.images.oci import Descriptor, parse_document
from slimgate.core.images.reference import Reference
from slimgate.registry.client import RegistryClient
from slimgate.registry.settings import RegistrySettings
from slimgate.settings import Exemption
from tests.registry import servers
from tests.registry.conftest import AGENT, TokenRegistry, settings_for
from tests.registry.servers import Authority, Logged, Registry
from tests.support import images
from tests.support.images import Pusher

pytestmark = pytest.mark.registry


def tiny(text: str) -> images.Image:
    """Make an image of one layer with one file."""
    return images.image([images.layer({"etc/motd": text.encode()})])


def as_alice(host: str, password: str = servers.PASSWORD) -> Identity:
    """Make an identity that holds alice's password for a host."""
    return Identity((CredentialEntry(host, Credential(username=servers.USER, password=password)),))


def seen(registry: Registry, repository: str) -> list[Logged]:
    """List the requests that the client made for a repository."""
    prefix = f"/v2/{repository}/"
    return [line for line in registry.requests(AGENT) if line.path.startswith(prefix)]


async def test_an_image_never_seen_takes_two_requests(plain: Registry, push: Pusher) -> None:
    """A manifest by tag and a config are one GET each, and nothing else is sent."""
    image = tiny("budget")
    push.push("team/budget", "1", image)
    reference = Reference.parse(f"{plain.host}/team/budget:1")

    async with RegistryClient(settings_for(plain.host)) as client:
        document = await client.document(reference, ANONYMOUS)
        config = await client.config(reference, image.config_descriptor, ANONYMOUS)

    assert (image.digest, image.manifest) == (document.digest, document.body)
    assert image.config == config
    expected = [
        Logged("GET", "/v2/team/budget/manifests/1", 200),
        Logged("GET", f"/v2/team/budget/blobs/{image.config_descriptor.digest}", 200),
    ]
    assert expected == seen(plain, "team/budget")


async def test_a_tag_is_resolved_by_one_head(plain: Registry, push: Pusher) -> None:
    """A HEAD gives the digest, of an index too."""
    index = images.index([tiny("a"), tiny("b")])
    push.push("team/index", "1", index)
    reference = Reference.parse(f"{plain.host}/team/index:1")

    async with RegistryClient(settings_for(plain.host)) as client:
        digest = await client.resolve(reference, ANONYMOUS)
        again = await client.resolve(reference.at(digest), ANONYMOUS)

    assert (index.digest, index.digest) == (digest, again)
    assert [line.method for line in seen(plain, "team/index")] == ["HEAD", "HEAD"]


@pytest.mark.parametrize("docker", [False, True])
async def test_documents_parse_as_pushed(plain: Registry, push: Pusher, *, docker: bool) -> None:
    """OCI and Docker manifests and indexes come through with their media types."""
    image = images.image([images.layer({"a": b"a"})], docker=docker)
    index = images.index([image], docker=docker)
    push.push("team/kinds", "index", index)
    push.push("team/kinds", "image", image)
    found = []
    async with RegistryClient(settings_for(plain.host)) as client:
        for tag in ("index", "image"):
            reference = Reference.parse(f"{plain.host}/team/kinds:{tag}")
            document = await client.document(reference, ANONYMOUS)
            found.append(parse_document(document.body, document.media_type).media_type)

    assert [index.media_type, image.media_type] == found


async def test_what_is_not_there_is_not_found(plain: Registry, push: Pusher) -> None:
    """The error has the registry's code, and names the reference."""
    push.push("team/there", "1", tiny("there"))
    reference = Reference.parse(f"{plain.host}/team/there:2")
    async with RegistryClient(settings_for(plain.host)) as client:
        with pytest.raises(NotFoundError, match=r"team/there:2") as caught:
            await client.document(reference, ANONYMOUS)
        with pytest.raises(NotFoundError):
            await client.resolve(reference, ANONYMOUS)

    assert caught.value.code == "MANIFEST_UNKNOWN"


async def test_tls_needs_the_ca(
    secure: Registry, push_secure: Pusher, authority: Authority
) -> None:
    """A CA of one's own is trusted for the registry that settings give it for, only."""
    image = tiny("tls")
    push_secure.push("team/tls", "1", image)
    reference = Reference.parse(f"{secure.host}/team/tls:1")
    trusting = Exemption(loopback=True, ca_file=str(authority.ca))

    async with RegistryClient(RegistrySettings(exemptions={secure.host: trusting})) as client:
        assert image.digest == await client.resolve(reference, ANONYMOUS)
    doubting = RegistrySettings(exemptions={secure.host: Exemption(loopback=True)})
    async with RegistryClient(doubting) as client:
        with pytest.raises(UnavailableError, match="certificate is not trusted"):
            await client.resolve(reference, ANONYMOUS)
    blind = Exemption(loopback=True, skip_tls_verify=True)
    async with RegistryClient(RegistrySettings(exemptions={secure.host: blind})) as client:
        assert image.digest == await client.resolve(reference, ANONYMOUS)


async def test_basic_is_sent_once_it_was_asked_for(locked: Registry, push_locked: Pusher) -> None:
    """The host's first request meets a challenge; the next repository's does not."""
    image = tiny("basic")
    for repository in ("team/basic-one", "team/basic-two"):
        push_locked.push(repository, "1", image)
    async with RegistryClient(settings_for(locked.host)) as client:
        for repository in ("team/basic-one", "team/basic-two"):
            reference = Reference.parse(f"{locked.host}/{repository}:1")
            assert image.digest == await client.resolve(reference, as_alice(locked.host))

    assert [line.status for line in seen(locked, "team/basic-one")] == [401, 200]
    assert [line.status for line in seen(locked, "team/basic-two")] == [200]


async def test_wrong_passwords_are_tried_in_turn(locked: Registry, push_locked: Pusher) -> None:
    """All matching credentials are tried, and the one that worked is remembered."""
    image = tiny("turns")
    push_locked.push("team/turns", "1", image)
    reference = Reference.parse(f"{locked.host}/team/turns:1")
    wrong = as_alice(f"{locked.host}/team", "mad hatter").entries
    both = Identity(wrong + as_alice(locked.host).entries)
    async with RegistryClient(settings_for(locked.host)) as client:
        assert image.digest == await client.resolve(reference, both)
        assert image.digest == await client.resolve(reference, both)
        with pytest.raises(UnauthorizedError, match="pull secret"):
            await client.resolve(reference, Identity(wrong))
        with pytest.raises(UnauthorizedError):
            await client.resolve(reference, ANONYMOUS)

    # A HEAD that is refused is tried as a GET.
    expected = [401, 401, 200, 200, *[401] * 6]
    assert expected == [line.status for line in seen(locked, "team/turns")]


async def test_tokens_are_got_per_repository_and_kept(token: TokenRegistry) -> None:
    """The registry sees one 401 in all; the second repository starts with its token."""
    image = tiny("tokens")
    host = token.registry.host
    for repository in ("public/one", "public/two"):
        token.pusher(repository).push(repository, "1", image)
    async with RegistryClient(settings_for(host, token.tokens.host)) as client:
        for repository in ("public/one", "public/two"):
            reference = Reference.parse(f"{host}/{repository}:1")
            document = await client.document(reference, ANONYMOUS)
            await client.config(reference, image.config_descriptor, ANONYMOUS)
            assert image.digest == document.digest

    assert [line.status for line in seen(token.registry, "public/one")] == [401, 200, 200]
    assert [line.status for line in seen(token.registry, "public/two")] == [200, 200]
    assert [method for method, _ in token.tokens.asked] == ["GET", "GET"]


@pytest.mark.parametrize(
    "credential",
    [
        Credential(username=servers.USER, password=servers.PASSWORD),
        Credential(identity_token=servers.REFRESH_TOKEN),
    ],
    ids=["password", "refresh"],
)
@pytest.mark.parametrize("oauth_only", [False, True])
async def test_private_repositories_open_with_a_login(
    token: TokenRegistry, credential: Credential, *, oauth_only: bool
) -> None:
    """Passwords work by GET or by OAuth2, refresh tokens by OAuth2; anonymous does not."""
    image = tiny("private")
    host = token.registry.host
    token.pusher("private/one").push("private/one", "1", image)
    token.tokens.oauth_only = oauth_only
    reference = Reference.parse(f"{host}/private/one:1")
    async with RegistryClient(settings_for(host, token.tokens.host)) as client:
        identity = Identity((CredentialEntry(host, credential),))
        assert image.digest == await client.resolve(reference, identity)
        with pytest.raises((UnauthorizedError, NotFoundError)):
            await client.resolve(reference, ANONYMOUS)


async def test_a_wrong_refresh_token_is_unauthorized(token: TokenRegistry) -> None:
    """What the token server refuses is the credential's fault, not the registry's."""
    host = token.registry.host
    reference = Reference.parse(f"{host}/private/none:1")
    identity = Identity((CredentialEntry(host, Credential(identity_token="stale")),))
    async with RegistryClient(settings_for(host, token.tokens.host)) as client:
        with pytest.raises(UnauthorizedError):
            await client.resolve(reference, identity)


async def test_a_token_that_ran_out_is_renewed(token: TokenRegistry) -> None:
    """A token is never used longer than the server said, and no 401 is needed to notice."""
    now = [1000.0]
    host = token.registry.host
    token.pusher("public/expiry").push("public/expiry", "1", tiny("expiry"))
    reference = Reference.parse(f"{host}/public/expiry:1")
    settings = settings_for(host, token.tokens.host)
    async with RegistryClient(settings, clock=lambda: now[0]) as client:
        await client.resolve(reference, ANONYMOUS)
        await client.resolve(reference, ANONYMOUS)
        assert len(token.tokens.asked) == 1
        now[0] += token.tokens.life
        await client.resolve(reference, ANONYMOUS)

    assert len(token.tokens.asked) == 2
    assert [line.status for line in seen(token.registry, "public/expiry")] == [401, 200, 200, 200]


@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
async def test_small_layers_are_exact_and_listed(
    plain: Registry, push: Pusher, compression: str
) -> None:
    """One GET gives a small layer's length and its paths, however it is packed."""
    files = {"./bin/sh": b"#!", "etc/os-release": b"ID=none"}
    layer = images.layer(files, compression=compression)
    push.push(f"team/layers-{compression}", "1", images.image([layer]))
    reference = Reference.parse(f"{plain.host}/team/layers-{compression}:1")
    async with RegistryClient(settings_for(plain.host)) as client:
        reading = await client.layer(reference, layer.descriptor, ANONYMOUS)

    assert Size.measured(len(images.tar_of(files))) == reading.unpacked
    assert reading.contents is not None
    assert (frozenset({"bin/sh", "etc/os-release"}), True) == (
        reading.contents.paths,
        reading.contents.complete,
    )
    assert [line.status for line in seen(plain, f"team/layers-{compression}")] == [200]


ELSEWHERE = "the layer is not kept in the registry"


@pytest.mark.parametrize(
    ("blob", "kind", "expected"),
    [
        ("tar", "layer.v1.tar+encrypted", None),
        ("gzip", "layer.v1.tar+gzip+encrypted", None),
        ("noise", "layer.v1.tar+gzip+encrypted", "the layer is encrypted"),
        ("gzip", "layer.nondistributable.v1.tar+gzip", None),
        ("gzip", "layer.nondistributable.v1.tar+gzip", ELSEWHERE),
    ],
)
async def test_what_a_layer_is_called(
    plain: Registry, push: Pusher, blob: str, kind: str, expected: str | None
) -> None:
    """What is called encrypted, or said to lie elsewhere, is read where it can be, as nodes do."""
    tar = images.tar_of({"a": b"a"})
    body = {"tar": tar, "gzip": images.compress(tar, "gzip"), "noise": LARGE[:2000]}[blob]
    layer = Descriptor(
        media_type=f"application/vnd.oci.image.{kind}",
        digest=images.digest_of(body),
        size=len(body),
        elsewhere="nondistributable" in kind,
    )
    repository = "team/elsewhere" if expected == ELSEWHERE else "team/called"
    if expected != ELSEWHERE:
        push.blob(repository, body)
    reference = Reference.parse(f"{plain.host}/{repository}:1")
    async with RegistryClient(settings_for(plain.host)) as client:
        size = (await client.layer(reference, layer, ANONYMOUS)).unpacked

    assert (size.bytes, size.reason) == ((None, expected) if expected else (len(tar), None))


LARGE = bytes(i * i % 251 for i in range(100_000)) + b"".join(
    images.digest_of(str(i).encode()).encode() for i in range(20_000)
)


@pytest.mark.parametrize(
    ("compression", "whole"),
    [("gzip", False), ("none", False), ("gzip", True), ("zstd", True), ("none", True)],
)
async def test_large_layers_take_one_request(
    plain: Registry, push: Pusher, compression: str, *, whole: bool
) -> None:
    """A larger gzip layer is estimated by its end, a tar by its head; or all is measured."""
    layer, name = images.layer({"data": LARGE}, compression=compression), f"{compression}-{whole}"
    push.push(f"team/large-{name.lower()}", "1", images.image([layer]))
    reference = Reference.parse(f"{plain.host}/team/large-{name.lower()}:1")
    limits = {"listed_layer_bytes": len(layer.blob) - 1} if whole else {"whole_layer_bytes": 1024}
    async with RegistryClient(settings_for(plain.host, **limits)) as client:
        reading = await client.layer(reference, layer.descriptor, ANONYMOUS)

    length = len(images.tar_of({"data": LARGE}))
    assert reading.unpacked == (Size.measured(length) if whole else Size.estimated(length))
    assert reading.contents is None
    statuses = [line.status for line in seen(plain, f"team/large-{name.lower()}")]
    assert statuses == [200 if whole else 206]
