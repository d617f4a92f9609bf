"""Cases that users of other clients have reported: what is done, and what is said."""

import base64
import gzip
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509

from slimgate.core.credentials.docker_config import parse_config
from slimgate.core.credentials.identity import ANONYMOUS, Credential, CredentialEntry, Identity
from slimgate.core.errors import ImageError, RateLimitedError, UnauthorizedError, UnsupportedError
from slimgate.core.images.oci import Descriptor
from slimgate.registry.client import RegistryClient
from slimgate.registry.settings import RegistrySettings
from slimgate.settings import Exemption
from tests.registry.conftest import asking, settings_for
from tests.registry.hostile import Behaviour, hostile
from tests.registry.servers import Valid, make_authority
from tests.registry.test_addresses import ALICE, challenge
from tests.registry.test_hostile import answers, of
from tests.registry.test_silent_registries import OK
from tests.support.images import OCI_LAYER, digest_of, tar_of
from tests.support.logins import basic

BASIC = answers(401, WWW_Authenticate='Basic realm="x"')


def as_alice(host: str) -> Identity:
    """Make an identity of one login."""
    return Identity((CredentialEntry(host, ALICE),))


@dataclass
class InTurn:
    """Answers one after the other, the last one for ever."""

    answers: list[Behaviour]
    methods: list[str] = field(default_factory=list)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Give the next answer."""
        self.methods.append(request.method)
        behave = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return await behave(request)


BUSY: list[tuple[list[Behaviour], int, bool]] = [
    ([answers(429), OK], 2, True),
    ([answers(503), answers(502), OK], 3, True),
    ([answers(500), answers(504), answers(429), OK], 4, True),
    ([answers(503)], 4, False),
    ([answers(429)], 4, False),
    ([answers(429, Retry_After="0"), OK], 2, True),
    ([answers(429, Retry_After="60"), OK], 1, False),
    ([answers(503, Retry_After="60"), OK], 1, False),
    ([answers(429, RateLimit_Remaining="0;w=21600"), OK], 1, False),
    ([answers(501), OK], 1, False),
    ([answers(400), OK], 1, False),
]


@pytest.mark.parametrize(("behaves", "asked", "found"), BUSY)
async def test_one_that_is_busy_is_asked_again(
    behaves: list[Behaviour], asked: int, *, found: bool
) -> None:
    """A few times and soon, unless it says when, or that a quota is used up."""
    async with asking(InTurn(list(behaves)), retries=(0.01, 0.02, 0.03)) as (server, client):
        if found:
            assert (await client.document(of(server.host), ANONYMOUS)).body == b"{}"
        else:
            with pytest.raises(ImageError):
                await client.document(of(server.host), ANONYMOUS)

    assert len(server.seen) == asked


async def test_others_wait_for_a_short_pause_too() -> None:
    """A limit that is over in a moment makes no image unknown."""
    async with hostile(InTurn([answers(429, Retry_After="1"), OK])) as server:
        async with RegistryClient(settings_for(server.host)) as client:
            with pytest.raises(RateLimitedError):
                await client.document(of(server.host), ANONYMOUS)
            with pytest.raises(RateLimitedError):
                await client.document(of(server.host, "2"), ANONYMOUS)
        assert len(server.seen) == 1
    async with hostile(InTurn([answers(429, Retry_After="1"), OK])) as server:
        settings = settings_for(server.host, retries=(1.2,), backoff_seconds=0.2)
        async with RegistryClient(settings) as client:
            for tag in "123":
                await client.document(of(server.host, tag), ANONYMOUS)
        assert len(server.seen) == 4


@pytest.mark.parametrize("refusal", [401, 403, 404])
async def test_a_challenge_at_the_root_only(refusal: int) -> None:
    """It is asked for once, remembered, and answered."""

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/v2/":
            return await BASIC(request)
        shown = request.headers.get("Authorization") == basic(ALICE)
        return await (OK if shown else answers(refusal))(request)

    async with hostile(behave) as server, RegistryClient(settings_for(server.host)) as client:
        for tag in "12":
            found = await client.document(of(server.host, tag), as_alice(server.host))
            assert found.body == b"{}"

    first, second = (f"/v2/a/b/manifests/{tag}" for tag in "12")
    assert [request.path for request in server.seen] == [first, "/v2/", first, second]


async def test_an_open_registry_is_asked_for_its_challenge_once() -> None:
    """What is not there costs no second request each time."""

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        return await answers(200 if request.path == "/v2/" else 404)(request)

    async with hostile(behave) as server, RegistryClient(settings_for(server.host)) as client:
        for tag in "123":
            with pytest.raises(ImageError, match="has no"):
                await client.document(of(server.host, tag), ANONYMOUS)

    assert [request.path for request in server.seen].count("/v2/") == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 501])
async def test_a_head_that_is_refused_is_a_get(status: int) -> None:
    """A tag falls due where only GET is answered."""

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        return await (answers(status) if request.method == "HEAD" else OK)(request)

    async with hostile(behave) as server, RegistryClient(settings_for(server.host)) as client:
        assert await client.resolve(of(server.host), ANONYMOUS) == digest_of(b"{}")


async def says(
    behave: Behaviour | None, identity: Callable[[str], Identity], realm: Behaviour
) -> str:
    """Say why an image can't be looked up, with hosts replaced by names.

    A registry without behaviour wants tokens.
    """
    async with (
        hostile(realm) as tokens,
        asking(behave or challenge(f"{tokens.url}/token"), tokens.host) as (server, client),
    ):
        with pytest.raises(ImageError) as caught:
            await client.document(of(server.host), identity(server.host))
    return str(caught.value).replace(server.host, "registry:1").replace(tokens.host, "tokens:2")


def nobody(host: str) -> Identity:
    """Make an identity without a login."""
    del host
    return ANONYMOUS


SHOWN = "registry:1 does not show registry:1/a/b:1"
SET = "check that it exists, and if it is private, set a pull secret for it"
RIGHT = "check that it exists and that its pull secret is right"
GIVES = "tokens:2 gives no token for registry:1"
FAILED = "tokens:2, which gives out the tokens for registry:1, failed to serve one (500); try again"
TO_PLAIN = answers(400, b"Client sent an HTTP request to an HTTPS server.\n")
TAKE = "take plainHTTP out of its entry in the configuration file"
CORRECT = "correct its pull secret"
SAID: list[tuple[Behaviour | None, Callable[[str], Identity], Behaviour, str]] = [
    (BASIC, nobody, OK, f"{SHOWN} without a login (401); {SET}"),
    (BASIC, as_alice, OK, f"{SHOWN} to the user 'alice' (401); {RIGHT}"),
    (answers(403), as_alice, OK, f"{SHOWN} without a login (403); {SET}"),
    (None, as_alice, answers(401), f"{GIVES} to the user 'alice' (401); {CORRECT}"),
    (None, nobody, answers(403), f"{GIVES} without a login (403); set a pull secret for it"),
    (None, nobody, answers(500), FAILED),
    (TO_PLAIN, nobody, OK, f"registry:1 speaks TLS, and was called without; {TAKE}"),
]  # fmt: skip


@pytest.mark.parametrize(("behave", "identity", "realm", "said"), SAID)
async def test_who_refused_whom(
    behave: Behaviour | None, identity: Callable[[str], Identity], realm: Behaviour, said: str
) -> None:
    """Who it was, with the port, what was shown, and what to set."""
    assert await says(behave, identity, realm) == said


@pytest.mark.parametrize("path", ["redirect", "realm"])
async def test_an_unlisted_port_is_named(path: str) -> None:
    """What is to be listed is said as it is to be listed."""
    async with hostile(OK) as other:
        location = f"http://{other.host}/v2/a/b/manifests/1"
        moved = answers(307, Location=location)
        async with asking(moved if path == "redirect" else challenge(location)) as (server, client):
            with pytest.raises(ImageError, match=f"{other.host} would be called over plain"):
                await client.document(of(server.host), ANONYMOUS)


DAY = timedelta(days=1)
OTHER = "its certificate is for another name; call it by a name that is in the certificate"
UNTRUSTED = "its certificate is not trusted; give slimgate the CA that signed it"
EARLY = "its certificate is not valid yet; check the clocks of both sides"
TLS: list[tuple[Valid, bool, str]] = [
    (Valid(), True, ""),
    (Valid(), False, UNTRUSTED),
    (Valid(names=(x509.DNSName("other.test"),)), True, OTHER),
    (Valid(since=-2 * DAY, until=-DAY), True, "its certificate has expired; renew it"),
    (Valid(since=DAY, until=2 * DAY), True, EARLY),
]


@pytest.mark.parametrize(("made", "trusted", "said"), TLS)
async def test_tls_faults(tmp_path: Path, made: Valid, said: str, *, trusted: bool) -> None:
    """Another name, an unknown CA and a certificate out of its time are told apart."""
    authority = make_authority(tmp_path, made)
    async with hostile(OK, authority.serving()) as server:
        exemption = Exemption(loopback=True, ca_file=str(authority.ca) if trusted else None)
        settings = RegistrySettings(exemptions={server.host: exemption})
        async with RegistryClient(settings) as client:
            if not said:
                await client.document(of(server.host), ANONYMOUS)
                return
            with pytest.raises(ImageError) as caught:
                await client.document(of(server.host), ANONYMOUS)

    assert str(caught.value) == f"{server.host} can't be reached: {said}"


def der(kind: int, body: bytes) -> bytes:
    """Write a value of ASN.1 that is longer than 127 bytes, or short."""
    length = len(body).to_bytes(2, "big")
    return bytes((kind,)) + (b"\x82" + length if len(body) > 127 else length[1:]) + body


async def test_groups_that_are_made_up(tmp_path: Path) -> None:
    """No server has slimgate compute with thousands of bits, which takes the loop for seconds."""
    authority = make_authority(tmp_path)
    bits = 9_990
    prime = (1 << (bits - 1)) + 1
    body = b"".join(der(2, one.to_bytes(bits // 8 + 1, "big").lstrip(b"\0")) for one in (prime, 2))
    name = tmp_path / "group.pem"
    text = base64.encodebytes(der(0x30, body)).decode()
    name.write_text(f"-----BEGIN DH PARAMETERS-----\n{text}-----END DH PARAMETERS-----\n")
    context = authority.serving()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("DHE+AESGCM:@SECLEVEL=0")
    context.load_dh_params(str(name))
    async with hostile(OK, context) as server:
        exemption = Exemption(loopback=True, skip_tls_verify=True)
        settings = RegistrySettings(exemptions={server.host: exemption})
        async with RegistryClient(settings) as client:
            with pytest.raises(ImageError, match=r"can't be reached"):
                await client.document(of(server.host), ANONYMOUS)


async def test_tls_where_there_is_none() -> None:
    """It is said that plain HTTP answered, and not that a CA is missing."""
    async with hostile(OK) as server:
        settings = RegistrySettings(exemptions={server.host: Exemption(loopback=True)})
        async with RegistryClient(settings) as client:
            with pytest.raises(ImageError, match=r"answers without TLS.*plainHTTP"):
                await client.document(of(server.host), ANONYMOUS)


@pytest.mark.parametrize("limit", [2**20, 1000])
async def test_a_cache_that_serves_no_parts(limit: int) -> None:
    """Its layers are read whole, which fills it, up to a size; larger ones stay unknown."""
    tar = tar_of({"a": "".join(digest_of(bytes([i])) for i in range(200)).encode()})
    blob = gzip.compress(tar)
    layer = Descriptor(media_type=f"{OCI_LAYER}+gzip", digest=digest_of(blob), size=len(blob))
    async with (
        asking(answers(body=blob), whole_layer_bytes=100, unranged_layer_bytes=limit) as (
            server,
            client,
        ),
    ):
        whole = limit > len(blob)
        if whole:
            found = await client.layer(of(server.host), layer, ANONYMOUS)
            assert found.unpacked.bytes == len(tar)
        else:
            with pytest.raises(UnsupportedError, match="does not serve parts"):
                await client.layer(of(server.host), layer, ANONYMOUS)

    assert ["Range" in request.headers for request in server.seen] == [True, False][: 1 + whole]


async def test_a_ready_token_is_sent() -> None:
    """As `registrytoken` of a docker config."""

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        ready = request.headers.get("Authorization") == "Bearer ready"
        return await (OK if ready else challenge(f"http://{request.host}/token"))(request)

    async with hostile(behave) as server, RegistryClient(settings_for(server.host)) as client:
        for token in ("ready", "wrong"):
            login = Credential(registry_token=token)
            looking = client.document(
                of(server.host), Identity((CredentialEntry(server.host, login),))
            )
            if token == "ready":
                assert (await looking).body == b"{}"
            else:
                with pytest.raises(UnauthorizedError):
                    await looking


async def test_passwords_that_are_no_text() -> None:
    """They are bytes, and are shown as the kubelet shows them, also in a token server's form."""
    login, realm = base64.b64encode(b"\xfc:\xdf").decode(), list[str]()

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/token":
            status = 405 if request.method == "GET" else 200
            return web.json_response({"token": "t"}, status=status)
        if request.headers.get("Authorization") != "Bearer t":
            wanted = {"WWW-Authenticate": f'Bearer realm="{realm[0]}/token"'}
            return web.Response(status=401, headers=wanted)
        return web.Response(body=b"{}", headers={"Content-Type": "application/json"})

    async with hostile(behave) as server:
        realm.append(server.url)
        found = parse_config(json.dumps({"auths": {server.host: {"auth": login}}}).encode())
        settings = settings_for(server.host)
        async with RegistryClient(settings) as client:
            assert (await client.document(of(server.host), found)).body == b"{}"

    assert f"Basic {login}" in server.authorizations()
