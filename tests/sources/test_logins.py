"""The user's own logins, with real files and real credential helpers."""

import asyncio
import base64
import json
import stat
from pathlib import Path

import pytest

from slimgate.core.credentials.identity import ANONYMOUS, Credential, CredentialEntry, Identity
from slimgate.core.credentials.keychain import Keychain
from slimgate.core.errors import UnauthorizedError
from slimgate.core.images.reference import Reference
from slimgate.sources.logins import Logins, config_file

HUB, PRIVATE = Reference.parse("nginx"), Reference.parse("r.example.com:5000/team/app:1")
HUB_KEY = "https://index.docker.io/v1/"
NOT_A_LOGIN = "of the entry 'r.example.com:5000' is not the base64 of user:password"
HELPER = """#!/bin/sh
read registry
echo "$registry" >> {asked}
case "$registry" in
{cases}
*) echo "credentials not found in native keychain"; exit 1;;
esac
"""


class Home:
    """A user's docker configuration, and helpers on the path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked = folder / "asked"

    def write(self, config: object) -> None:
        """Write config.json; text as it is."""
        text = config if isinstance(config, str) else json.dumps(config)
        (self.folder / "config.json").write_text(text)

    def helper(self, name: str, cases: dict[str, str]) -> None:
        """Have a helper that answers some registries, each by a shell command."""
        lines = "\n".join(f"{registry}) {command};;" for registry, command in cases.items())
        self.program(name, HELPER.format(asked=self.asked, cases=lines))

    def program(self, name: str, text: str) -> None:
        """Have a helper that is this program."""
        program = self.folder / f"docker-credential-{name}"
        program.write_text(text)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def calls(self) -> list[str]:
        """List the registries that helpers were asked for."""
        return self.asked.read_text().split() if self.asked.exists() else []


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Make a user without logins."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return Home(tmp_path)


def auth(user: str, password: str) -> dict[str, str]:
    """Write a login as `docker login` does."""
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def stored(user: str, secret: str) -> str:
    """Print a login as helpers do."""
    login = json.dumps({"ServerURL": "x", "Username": user, "Secret": secret})
    return f"echo '{login}'"


def alice(pattern: str = "r.example.com:5000") -> Identity:
    """Make the identity that most of these logins give."""
    return Identity(
        (CredentialEntry(pattern, Credential(username="alice", password="wonder:land")),)
    )


def test_where_the_configuration_is(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where DOCKER_CONFIG says, else in the user's own folder."""
    assert config_file() == home.folder / "config.json"
    monkeypatch.delenv("DOCKER_CONFIG")
    monkeypatch.setenv("HOME", "/home/alice")
    assert config_file() == Path("/home/alice/.docker/config.json")


ALICE = Credential(username="alice", password="wonder:land")
HOST = "r.example.com:5000"
LOGINS: list[tuple[str, object, list[Credential]]] = [
    ("none", {}, []),
    ("no file's worth", {"credsStore": "", "auths": {}}, []),
    ("another's", {"auths": {"r.example.com": auth("alice", "x")}}, []),
    ("by host", {"auths": {HOST: auth("alice", "wonder:land")}}, [ALICE]),
    ("by URL", {"auths": {f"https://{HOST}/v2/": auth("alice", "wonder:land")}}, [ALICE]),
    ("by path", {"auths": {f"{HOST}/team": auth("alice", "wonder:land")}}, [ALICE]),
    ("by another path", {"auths": {f"{HOST}/other": auth("alice", "wonder:land")}}, []),
    (
        "the most of a path first",
        {"auths": {HOST: auth("bob", "b"), f"{HOST}/team/app": auth("alice", "wonder:land")}},
        [ALICE, Credential(username="bob", password="b")],
    ),
    ("by glob", {"auths": {"*.example.com:5000": auth("alice", "wonder:land")}}, [ALICE]),
    ("in plain", {"auths": {HOST: {"username": "alice", "password": "wonder:land"}}}, [ALICE]),
    ("as Go spells it", {"Auths": {HOST: {"Auth": auth("alice", "wonder:land")["auth"]}}}, [ALICE]),
    ("of no text", {"auths": {HOST: {"auth": 7}}}, []),
    ("empty, as beside a store", {"auths": {HOST: {}}}, []),
    (
        "an identity token",
        {"auths": {HOST: {"identitytoken": "refresh"}}},
        [Credential(identity_token="refresh")],
    ),
    (
        "a registry token",
        {"auths": {HOST: {"registrytoken": "ready"}}},
        [Credential(registry_token="ready")],
    ),
]


@pytest.mark.parametrize(
    ("config", "expected"), [one[1:] for one in LOGINS], ids=[o[0] for o in LOGINS]
)
async def test_logins_in_the_file(home: Home, config: object, expected: list[Credential]) -> None:
    """Each way that docker writes them is understood, and tried as the kubelet tries them."""
    home.write(config)

    assert Keychain(await Logins().identity(PRIVATE)).candidates(PRIVATE) == (*expected, None)


async def test_logins_of_the_configuration(home: Home) -> None:
    """They come after the user's own, and count where there are none."""
    own = Identity(
        (CredentialEntry("r.example.com:5000", Credential(username="ci", password="x")),)
    )
    assert await Logins(own).identity(PRIVATE) == own

    home.write({"auths": {"r.example.com:5000": auth("alice", "wonder:land")}})
    assert await Logins(own).identity(PRIVATE) == Identity((*alice().entries, *own.entries))


@pytest.mark.parametrize(
    "config", [{"credsStore": "none"}, {"credHelpers": {"r.example.com:5000": "a\0b"}}]
)
async def test_a_helper_that_is_not_there(
    home: Home, config: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is sent then but what the file has, and that is said once."""
    home.write(config)
    logins = Logins()
    for name in ("team/app", "team/b"):
        reference = Reference.parse(f"r.example.com:5000/{name}:1")
        assert await logins.identity(reference) == ANONYMOUS

    (said,) = (record.getMessage() for record in caplog.records)
    assert said.startswith("note: docker-credential-")
    assert said.endswith(" is not installed, or not on PATH, so its logins are not used")


async def test_no_file_no_login(home: Home) -> None:
    """A user who never logged in is anonymous."""
    assert home.calls() == []
    assert await Logins().identity(PRIVATE) == ANONYMOUS


@pytest.mark.parametrize("key", [HUB_KEY, "index.docker.io", "docker.io"])
async def test_docker_hub_in_the_file(home: Home, key: str) -> None:
    """Its login stands under any of its names, and is what images of it are pulled with."""
    home.write({"auths": {key: auth("alice", "wonder:land")}})

    identity = await Logins().identity(HUB)

    login = Credential(username="alice", password="wonder:land")
    assert Keychain(identity).candidates(HUB) == (login, None)


STORES: list[tuple[str, dict[str, object]]] = [
    ("credsStore", {"credsStore": "safe", "auths": {HUB_KEY: {}}}),
    ("credHelpers", {"credHelpers": {"r.example.com:5000": "safe", HUB_KEY: "safe"}}),
]


@pytest.mark.parametrize("config", [one[1] for one in STORES], ids=[one[0] for one in STORES])
async def test_credential_helpers(home: Home, config: dict[str, object]) -> None:
    """They are asked for the registry, Docker Hub by the name that docker gives it."""
    home.write(config)
    answer = stored("alice", "wonder:land")
    home.helper("safe", {"r.example.com:5000": answer, HUB_KEY: answer})

    assert await Logins().identity(PRIVATE) == alice()
    assert await Logins().identity(HUB) == alice("index.docker.io")
    assert home.calls() == ["r.example.com:5000", HUB_KEY]


async def test_a_token_of_a_helper(home: Home) -> None:
    """It is a refresh token, not a password."""
    home.write({"credsStore": "safe"})
    home.helper("safe", {"*": stored("<token>", "refresh")})

    (entry,) = (await Logins().identity(PRIVATE)).entries

    assert entry.credential == Credential(identity_token="refresh")


async def test_a_helper_that_knows_nothing(home: Home) -> None:
    """What the file says counts then, and else the user is anonymous."""
    home.helper("safe", {})
    home.write({"credsStore": "safe"})
    assert await Logins().identity(PRIVATE) == ANONYMOUS

    home.write({"credsStore": "safe", "auths": {PRIVATE.registry: auth("alice", "wonder:land")}})
    assert await Logins().identity(PRIVATE) == alice()


async def test_a_registry_is_asked_for_once(home: Home) -> None:
    """However many references of it are looked up, at once or later."""
    home.write({"credsStore": "safe"})
    home.helper("safe", {"*": stored("alice", "wonder:land")})
    logins = Logins()
    references = [Reference.parse(f"r.example.com:5000/team/app:{n}") for n in range(20)]

    found = await asyncio.gather(*map(logins.identity, references))
    await logins.identity(PRIVATE)

    assert set(found) == {alice()}
    assert home.calls() == ["r.example.com:5000"]


UNREADABLE: list[tuple[object, str]] = [
    ("{", "the docker config is not JSON"),
    ("[1]", "the docker config is not a JSON object"),
    ('"text"', "the docker config is not a JSON object"),
    ("x" * (2**20 + 1), "the docker config is larger than 1048576 bytes"),
    ({"auths": [1]}, "auths is not a JSON object"),
    ({"auths": {"r.example.com:5000": 7}}, "the entry 'r.example.com:5000' is not a JSON object"),
    ({"auths": {"r.example.com:5000": {"auth": "?"}}}, f"the auth {NOT_A_LOGIN}"),
    (
        {"auths": {"r.example.com:5000": {"auth": base64.b64encode(b"alice").decode()}}},
        f"the auth {NOT_A_LOGIN}",
    ),
    ({"credHelpers": ["safe"]}, "credHelpers is not a JSON object"),
    ({"credsStore": 7}, "the name of a credential helper is not text"),
    ({"credsStore": "odd"}, "docker-credential-odd did not answer with a login"),
    ({"credsStore": "failing"}, "docker-credential-failing ended with status 3: sorry"),
    ({"credsStore": "telling"}, "docker-credential-telling ended with status 3"),
    ({"credsStore": "deaf"}, "docker-credential-deaf ended with status 1"),
    (
        {"credsStore": "endless"},
        "docker-credential-endless was ended, since it answered with more than 262144 bytes",
    ),
]


@pytest.mark.parametrize(("config", "reason"), UNREADABLE, ids=[one[1][:40] for one in UNREADABLE])
async def test_logins_that_cannot_be_read(home: Home, config: object, reason: str) -> None:
    """The user learns why and what to do, and is not taken for somebody without a login."""
    home.helper("odd", {"*": "echo '{}'"})
    home.helper("failing", {"*": "echo sorry; exit 3"})
    home.helper("telling", {"*": stored("alice", "wonder:land") + "; exit 3"})
    home.program("deaf", "#!/bin/sh\nexec <&-\nexit 1\n")
    home.helper("endless", {"*": "exec cat /dev/zero"})
    home.write(config)
    logins = Logins()

    with pytest.raises(UnauthorizedError) as caught:
        await logins.identity(PRIVATE)

    path = home.folder / "config.json"
    assert str(caught.value) == (
        f"the login for r.example.com:5000 can't be read from {path} ({reason}); "
        "run `docker login` again"
    )
    home.write({"auths": {"r.example.com:5000": auth("alice", "wonder:land")}})
    assert await logins.identity(PRIVATE) == alice()
