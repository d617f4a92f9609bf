"""How many requests a real registry sees for each thing that is asked of the inspector."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from slimgate.core.credentials.identity import ANONYMOUS, Credential, CredentialEntry, Identity
from slimgate.core.errors import UnauthorizedError
from slimgate.core.images.facts import Wants
from slimgate.core.images.reference import Reference
from slimgate.engine.inspector import Inspector, Question
from slimgate.registry.client import RegistryClient
from tests.engine.shelf import AMD64, ARM64, CONFIG, EVERYTHING, tiny
from tests.registry import servers
from tests.registry.conftest import AGENT, settings_for
from tests.registry.servers import Registry
from tests.support import images
from tests.support.clock import Clock
from tests.support.images import Pusher

pytestmark = pytest.mark.registry


@pytest.fixture
async def client(plain: Registry, locked: Registry) -> AsyncIterator[RegistryClient]:
    """Make a client that calls the tests' registries."""
    async with RegistryClient(settings_for(plain.host, locked.host)) as client:
        yield client


def ask(
    registry: Registry, name: str, wants: Wants = CONFIG, *, by: Identity = ANONYMOUS
) -> Question:
    """Ask for a reference in a registry, for a cluster of two platforms."""
    text = f"{registry.host}/{name}"
    return Question(Reference.parse(text), by, (AMD64, ARM64), wants, text)


def requests(registry: Registry, repository: str) -> list[str]:
    """List the requests for a repository that were answered well, such as `GET manifests`."""
    prefix = f"/v2/{repository}/"
    return [
        f"{line.method} {line.path.removeprefix(prefix).partition('/')[0]}"
        for line in registry.requests(AGENT)
        if line.path.startswith(prefix)
    ]


async def test_an_unseen_index(client: RegistryClient, plain: Registry, push: Pusher) -> None:
    """The index, then a manifest and a config for each platform; a shared layer is read once."""
    shared = images.layer({"etc/base": b"base"})
    parts = [
        images.image([shared, images.layer({"app": str(one).encode()})], platform=one)
        for one in (AMD64, ARM64)
    ]
    push.push("unseen/index", "1", images.index(parts))

    inspection = await Inspector(client).inspect(ask(plain, "unseen/index:1", EVERYTHING))

    seen = requests(plain, "unseen/index")
    assert sorted(seen) == ["GET blobs"] * (2 + 3) + ["GET manifests"] * 3
    assert [image.platform for image in inspection.images] == [AMD64, ARM64]


async def test_a_tag_that_is_due_again(
    client: RegistryClient, plain: Registry, push: Pusher, clock: Clock
) -> None:
    """Nothing within the tag's time; a HEAD after it; all of a new image once the tag has moved."""
    push.push("due/app", "1", tiny("old"))
    inspector, question = Inspector(client, clock=clock), ask(plain, "due/app:1")
    first = await inspector.inspect(question)
    clock.now += 250
    await inspector.inspect(question)
    assert len(requests(plain, "due/app")) == 2

    clock.now += 100
    again = await inspector.inspect(question)
    assert requests(plain, "due/app")[2:] == ["HEAD manifests"]
    assert again == first

    moved = push.push("due/app", "1", tiny("new"))
    clock.now += 350
    assert (await inspector.inspect(question)).digest == moved
    assert requests(plain, "due/app")[3:] == ["HEAD manifests", "GET manifests", "GET blobs"]


async def test_each_identity_proves_its_own_right(
    client: RegistryClient, locked: Registry, push_locked: Pusher
) -> None:
    """Facts that alice may see cost bob a question of his own, and without a right he gets none."""
    push_locked.push("private/app", "1", tiny("private"))
    alice = Identity(
        (
            CredentialEntry(
                locked.host, Credential(username=servers.USER, password=servers.PASSWORD)
            ),
        )
    )
    also = replace(alice, entries=(*alice.entries, CredentialEntry("elsewhere.test", Credential())))
    bob = Identity((CredentialEntry(locked.host, Credential(username="bob", password="builder")),))
    inspector = Inspector(client)
    seen = await inspector.inspect(ask(locked, "private/app:1", by=alice))
    before = len(locked.requests(AGENT))

    assert await inspector.inspect(ask(locked, "private/app:1", by=also)) == seen
    assert [line.method for line in locked.requests(AGENT)[before:]] == ["HEAD"]
    for identity in (bob, ANONYMOUS):
        question = ask(locked, "private/app:1", by=identity)
        assert inspector.cached(question) is None
        with pytest.raises(UnauthorizedError):
            await inspector.inspect(question)
        with pytest.raises(UnauthorizedError):
            await inspector.inspect(ask(locked, f"private/app@{seen.digest}", by=identity))
