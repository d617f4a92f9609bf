"""Where a hostile registry can't send the client: nothing is followed to a refused address."""

import ipaddress
import socket
from collections.abc import Callable, Mapping
from itertools import product

import pytest
from aiohttp import web

from slimgate.core.credentials.identity import ANONYMOUS, Credential, CredentialEntry, Identity
from slimgate.core.errors import ImageError, RefusedAddressError, UnavailableError, UnsupportedError
from slimgate.core.images.literals import literal_of
from slimgate.core.images.reference import Reference
from slimgate.registry.client import RegistryClient
from slimgate.registry.guard import AddressKind, classify
from slimgate.registry.settings import RegistrySettings
from slimgate.settings import Exemption
from tests.registry.conftest import asking, settings_for
from tests.registry.hostile import Behaviour, FakeDns, hostile
from tests.registry.servers import Authority

ALICE = Credential(username="alice", password="wonderland")
TOKEN = Credential(identity_token="refresh-alice")


def redirect(location: str, status: int = 307) -> Behaviour:
    """Send everyone elsewhere."""

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        del request
        return web.Response(status=status, headers={"Location": location, "Set-Cookie": "a=b"})

    return behave


def challenge(realm: str) -> Behaviour:
    """Send everyone to a token server."""

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        del request
        value = f'Bearer realm="{realm}",service="s",scope="repository:a/b:pull"'
        return web.Response(status=401, headers={"WWW-Authenticate": value})

    return behave


async def manifest(request: web.BaseRequest) -> web.StreamResponse:
    """Serve a manifest, and a cookie."""
    del request
    return web.Response(body=b"{}", headers={"Set-Cookie": "a=b"})


ADDRESSES = {
    AddressKind.LOOPBACK: (
        "127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1",
        "2002:7f00:1::", "64:ff9b:1:7f00:0:100::", "64:ff9b:1:5:7f:0:100:0", "::ffff:0:7f00:1",
        "2001:db9::200:5efe:7f00:1",
    ),
    AddressKind.NEVER: (
        "169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe",
        "2002:a9fe:a9fe::1", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "100.100.100.200",
        "168.63.129.16", "2001:0:7f00:1::", "0.0.0.0", "0.1.2.3", "::", "224.0.0.1", "ff02::1",  # noqa: S104 - an address to refuse, not to listen on
        "255.255.255.255", "240.0.0.1", "64:ff9b:1:a9:fe:a9fe::", "2001:db9::5efe:a9fe:a9fe",
    ),
    AddressKind.PRIVATE: (
        "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd12::1", "fec0::1",
        "64:ff9b::a00:1",
    ),
    AddressKind.PUBLIC: (
        "8.8.8.8", "64:ff9b::808:808", "2606:4700::1111",
    ),
}  # fmt: skip


ALIASES = [
    "0x7f000001", "0X7F.1", "0177.0.0.1", "017700000001", "127.1", "127.0.1", "2130706433",
    "127.0.0.1.", "127.000.000.001", "0x0a000001", "10.1", "0xa9fea9fe", "0", "[::ffff:7f00:1]",
    "[::ffff:10.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::1%25lo]", "[fe80::1%25lo]",
    "localhost.", "256.1", "127.0.0.0x", "08.1", "1.2.3.4.5", "4294967296", "xn--127-.0.0.1",
]  # fmt: skip
"""Hosts that are addresses to C libraries, to aiohttp, or to nobody."""


@pytest.mark.parametrize(
    ("address", "kind"), [(one, kind) for kind, several in ADDRESSES.items() for one in several]
)
def test_addresses_are_sorted(address: str, kind: AddressKind) -> None:
    """Addresses that hide another one are judged by the worse of the two."""
    assert kind == classify(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "location",
    [
        "https://127.0.0.1:{port}/",
        "http://127.0.0.1:{port}/",
        "//127.0.0.1:{port}/",
        "https://[::1]:{port}/",
        "https://[::ffff:127.0.0.1]:{port}/",
        "https://[fe80::1]/",
        "https://[fd00:ec2::254]/latest/meta-data/",
        "https://169.254.169.254/latest/meta-data/",
        "http://169.254.169.254/latest/meta-data/",
        "https://0.0.0.0:{port}/",
        "https://10.0.0.1/",
        "https://100.64.0.1/",
        *(f"https://{host}:{{port}}/" for host in ALIASES),
        "https://loopback.test:{port}/",
        "https://mixed.test:{port}/",
        "https://mapped.test:{port}/",
        "https://metadata.test/",
        "http://private.test/",
        "https://api.test/",
        "https://198.51.100.7/",
        "https://user:password@public.test/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/",
    ],
)
@pytest.mark.parametrize("via", [redirect, challenge])
async def test_no_refused_address_is_called(location: str, via: Callable[[str], Behaviour]) -> None:
    """Neither a redirect nor a token realm leads to one, by literal or by name."""
    names = {
        "loopback.test": ["127.0.0.1"],
        "mixed.test": ["8.8.8.8,127.0.0.1"],
        "mapped.test": ["::ffff:127.0.0.1"],
        "metadata.test": ["169.254.169.254"],
        "localhost.": ["127.0.0.1"],
        "private.test": ["10.0.0.1"],
        "api.test": ["198.51.100.7"],
        "public.test": ["198.51.100.8"],
    }
    async with hostile(manifest) as victim:
        port = victim.host.rpartition(":")[2]
        async with (
            asking(
                via(location.format(port=port)),
                refused_addresses=frozenset({"198.51.100.7", "10.96.0.1"}),
                resolver=FakeDns(names),
            ) as (server, client),
        ):
            with pytest.raises((RefusedAddressError, UnsupportedError)):
                await client.document(Reference.parse(f"{server.host}/a/b:1"), ANONYMOUS)

    assert victim.seen == []
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1:5000/a:1",
        "localhost:5000/a:1",
        "[::1]:5000/a:1",
        "[::ffff:a00:1]/a:1",
        "10.0.0.1/a:1",
        "10.0.0.1:443/a:1",
        "169.254.169.254/a:1",
        "metadata.test/a:1",
        *(f"{host}:5000/a:1" for host in ALIASES if host[-1].isalnum() and "--" not in host),
        "LOOPBACK.test/a:1",
        "api.test:6443/a:1",
    ],
)
async def test_no_reference_makes_the_client_call_them(text: str) -> None:
    """A reference may be anything that a pod's author writes."""
    names = {
        "localhost": ["127.0.0.1"],
        "loopback.test": ["127.0.0.1"],
        "metadata.test": ["169.254.169.254"],
        "api.test": ["10.96.0.1"],
    }
    settings = RegistrySettings(refused_addresses=frozenset({"10.96.0.1:6443"}))
    async with RegistryClient(settings, resolver=FakeDns(names)) as client:
        with pytest.raises(RefusedAddressError) as caught:
            await client.resolve(Reference.parse(text), ANONYMOUS)

    assert "10.96.0.1" not in str(caught.value)


def test_what_the_system_takes_for_an_address() -> None:
    """Whatever inet_aton reads is read as the same address, and as no name."""
    forms = ["{}", "0x{:x}", "0{:o}"]
    for parts in ([127, 1], [10, 0, 1], [2**32 - 1], [169, 254, 43518], [8, 8, 8, 8], [0], [1, 0]):
        for shape in product(forms, repeat=len(parts)):
            host = ".".join(one.format(part) for one, part in zip(shape, parts, strict=True))
            assert literal_of(host) == ipaddress.IPv4Address(socket.inet_aton(host)), host
    for name in ("registry.internal", "0x7f.example", "127.0.0.1.example", "a1", "1a", "x0x1"):
        assert literal_of(name) is None


async def test_a_name_that_decodes_to_another_is_its_own() -> None:
    """What settings and logins say of a host is for the host that is connected to."""
    settings = settings_for("registry.test")
    dns = FakeDns({"xn--registry-.test": ["127.0.0.1"]})
    async with RegistryClient(settings, resolver=dns) as client:
        with pytest.raises(ImageError):
            await client.document(Reference.parse("xn--registry-.test/a/b:1"), ANONYMOUS)
    async with (
        asking(redirect("https://xn--registry-.test/v2/a/b/manifests/1"), resolver=dns) as (
            server,
            client,
        ),
    ):
        with pytest.raises(ImageError):
            await client.document(Reference.parse(f"{server.host}/a/b:1"), ANONYMOUS)


EXEMPTIONS: list[tuple[Exemption, str, type[ImageError] | None]] = [
    (Exemption(plain_http=True, loopback=True), "127.0.0.1", None),
    (Exemption(plain_http=True), "127.0.0.1", RefusedAddressError),
    (Exemption(loopback=True), "127.0.0.1", UnavailableError),  # it speaks no TLS
    (Exemption(plain_http=True, loopback=True), "169.254.169.254", RefusedAddressError),
    (Exemption(plain_http=True, loopback=True), "0.0.0.0", RefusedAddressError),  # noqa: S104
]


@pytest.mark.parametrize(("exemption", "address", "error"), EXEMPTIONS)
async def test_an_exemption_permits_no_more_than_it_says(
    exemption: Exemption, address: str, error: type[ImageError] | None
) -> None:
    """Plain HTTP is one thing, loopback another, and metadata is never called."""
    async with hostile(manifest) as server:
        port = server.host.rpartition(":")[2]
        settings = RegistrySettings(exemptions={f"Registry.test:{port}": exemption})
        reference = Reference.parse(f"registry.test:{port}/a/b:1")
        dns = FakeDns({"registry.test": [address]})
        async with RegistryClient(settings, resolver=dns) as client:
            if error is None:
                assert (await client.document(reference, ANONYMOUS)).body == b"{}"
            else:
                with pytest.raises(error):
                    await client.document(reference, ANONYMOUS)


ENTRY = 'write into the configuration file registries: [{{host: "{}"{}}}]'
NO_TLS = ", with plainHTTP: true if it has no TLS"
SAID: list[tuple[str, str, str]] = [
    (
        "localhost:5000",
        "127.0.0.1",
        ENTRY.format("localhost:5000", ", allowLoopback: true") + NO_TLS,
    ),
    ("10.0.0.5:5000", "10.0.0.5", ENTRY.format("10.0.0.5:5000", "") + NO_TLS),
    ("[fd00::1]", "fd00::1", ENTRY.format("[fd00::1]", "") + NO_TLS),
    (
        "a.test",
        "169.254.169.254",
        "link-local, multicast or reserved address, which slimgate never calls",
    ),
]


@pytest.mark.parametrize(("host", "address", "expected"), SAID)
async def test_what_to_write_is_said(host: str, address: str, expected: str) -> None:
    """A refusal says which lines would permit it, and of what nothing permits it says that."""
    dns = FakeDns({host.partition(":")[0]: [address]})
    async with RegistryClient(RegistrySettings(), resolver=dns) as client:
        with pytest.raises(RefusedAddressError) as caught:
            await client.document(Reference.parse(f"{host}/a/b:1"), ANONYMOUS)

    assert str(caught.value).endswith(expected)


async def test_the_address_that_was_checked_is_the_one_that_is_called() -> None:
    """A name is looked up once a connection; what it says a moment later has no effect."""
    async with hostile(manifest) as server:
        port = server.host.rpartition(":")[2]
        name = f"rebind.test:{port}"
        settings = settings_for(name)
        dns = FakeDns({"rebind.test": ["127.0.0.1", "169.254.169.254"]})
        reference = Reference.parse(f"{name}/a/b:1")
        async with RegistryClient(settings, resolver=dns) as client:
            await client.document(reference, ANONYMOUS)
            assert dns.asked == ["rebind.test"]
        async with RegistryClient(settings, resolver=dns) as client:
            with pytest.raises(RefusedAddressError):
                await client.document(reference, ANONYMOUS)

    assert len(server.seen) == 1


def secret_of(headers: Mapping[str, str]) -> list[str]:
    """List what a request carried that is the user's."""
    return [name for name in ("Authorization", "Cookie") if name in headers]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_credentials_stay_with_their_host(status: int) -> None:
    """A redirect to another port is followed without the login, and there are no cookies."""
    async with hostile(manifest) as other:

        async def behave(request: web.BaseRequest) -> web.StreamResponse:
            if "Authorization" not in request.headers:
                headers = {"WWW-Authenticate": 'Basic realm="x"', "Set-Cookie": "a=b"}
                return web.Response(status=401, headers=headers)
            return await redirect(f"{other.url}/blob?X-Sig=a%2Fb%3D", status)(request)

        async with hostile(behave) as server:
            identity = Identity((CredentialEntry(server.host, ALICE),))
            async with RegistryClient(settings_for(server.host, other.host)) as client:
                reference = Reference.parse(f"{server.host}/a/b:1")
                await client.document(reference, identity)
                await client.document(reference, identity)

    assert [secret_of(request.headers) for request in other.seen] == [[], []]
    assert {"/blob?X-Sig=a%2Fb%3D"} == {request.raw_path for request in other.seen}
    assert [secret_of(request.headers) for request in server.seen] == [
        [],
        ["Authorization"],
        ["Authorization"],
    ]


async def test_a_redirect_there_and_back_brings_no_login_back() -> None:
    """Once dropped, the login stays dropped."""
    hosts: list[str] = []

    async def bounce(request: web.BaseRequest) -> web.StreamResponse:
        del request
        return web.Response(status=307, headers={"Location": f"http://{hosts[0]}/back"})

    async with hostile(bounce) as other:

        async def behave(request: web.BaseRequest) -> web.StreamResponse:
            if request.path == "/back":
                return await manifest(request)
            if "Authorization" not in request.headers:
                return web.Response(status=401, headers={"WWW-Authenticate": "Basic"})
            return await redirect(other.url)(request)

        async with hostile(behave) as server:
            hosts.append(server.host)
            identity = Identity((CredentialEntry(server.host, ALICE),))
            async with RegistryClient(settings_for(server.host, other.host)) as client:
                await client.document(Reference.parse(f"{server.host}/a/b:1"), identity)

    assert server.authorizations()[-1] is None


@pytest.mark.parametrize("credential", [ALICE, TOKEN], ids=["password", "refresh"])
async def test_a_token_servers_redirect_takes_no_secret_along(credential: Credential) -> None:
    """A password's header is dropped, and a form that holds a secret is not sent on at all."""
    async with (
        hostile(manifest) as thief,
        hostile(redirect(f"{thief.url}/steal")) as realm,
        hostile(challenge(f"{realm.url}/token")) as server,
    ):
        identity = Identity((CredentialEntry(server.host, credential),))
        settings = settings_for(server.host, realm.host, thief.host)
        async with RegistryClient(settings) as client:
            with pytest.raises(ImageError):
                await client.document(Reference.parse(f"{server.host}/a/b:1"), identity)

    assert all(secret_of(request.headers) == [] for request in thief.seen)
    assert all(request.method == "GET" for request in thief.seen)


async def test_a_credential_is_for_the_host_that_it_is_listed_for() -> None:
    """Another host's challenge gets nothing of it, whatever realm it names."""
    async with hostile(manifest) as realm, hostile(challenge(f"{realm.url}/token")) as server:
        identity = Identity((CredentialEntry("registry.example.com", ALICE),))
        async with RegistryClient(settings_for(server.host, realm.host)) as client:
            with pytest.raises(ImageError):
                await client.document(Reference.parse(f"{server.host}/a/b:1"), identity)

    assert {None} == set(realm.authorizations() + server.authorizations())


@pytest.mark.parametrize("way", [redirect, challenge])
async def test_https_is_never_left(authority: Authority, way: Callable[[str], Behaviour]) -> None:
    """A TLS registry can't lead to plain HTTP, not even to an exempted host."""
    tls = authority.serving()
    async with hostile(manifest) as other, hostile(way(f"{other.url}/"), tls) as server:
        exemptions = {
            server.host: Exemption(loopback=True, ca_file=str(authority.ca)),
            other.host: Exemption(loopback=True, plain_http=True),
        }
        async with RegistryClient(RegistrySettings(exemptions=exemptions)) as client:
            with pytest.raises(RefusedAddressError, match="HTTPS"):
                await client.document(Reference.parse(f"{server.host}/a/b:1"), ANONYMOUS)

    assert other.seen == []
    assert len(server.seen) == 1


async def test_redirects_end() -> None:
    """A circle is left after five."""

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        return await redirect(str(request.url))(request)

    async with hostile(behave) as server, RegistryClient(settings_for(server.host)) as client:
        with pytest.raises(UnsupportedError, match="more than 5 times"):
            await client.document(Reference.parse(f"{server.host}/a/b:1"), ANONYMOUS)

    assert len(server.seen) == 6
