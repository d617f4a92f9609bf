"""Registries that are down, slow, full or that forget: what the inspector says meanwhile."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from slimgate.core.errors import (
    DigestMismatchError,
    ImageError,
    NotFoundError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
    UnsupportedError,
)
from slimgate.core.images.facts import Wants
from slimgate.core.images.oci import OCI_MANIFEST
from slimgate.core.images.reference import Reference
from slimgate.core.policies.finding import Outcome
from slimgate.engine.catalog import Catalog
from slimgate.engine.inspector import Inspector, Question
from slimgate.engine.judge import Judge
from slimgate.registry.client import RegistryClient
from tests.engine.cluster import Keys, policy, workload
from tests.engine.shelf import (
    APP,
    CONFIG,
    EVERYTHING,
    REGISTRY,
    Door,
    Shelf,
    inspector,
    question,
    tiny,
)
from tests.registry import servers
from tests.registry.conftest import AGENT, settings_for
from tests.registry.hostile import hostile, silent
from tests.support.clock import Clock
from tests.support.images import Pusher

NOW = datetime(2026, 11, 25, tzinfo=UTC)
DOWN = UnavailableError("it is down")

FORGETS = [
    NotFoundError("it is gone"),
    UnauthorizedError("not any more"),
    DigestMismatchError("these are other bytes"),
]

PAUSES = [
    (UnavailableError("no"), 15.0),
    (NotFoundError("no"), 15.0),
    (RateLimitedError("slower"), 15.0),
    (RateLimitedError("slower", retry_after=3.0), 15.0),
    (RateLimitedError("slower", retry_after=600.0), 600.0),
]


async def fails(ask: Callable[[], object], kind: type[ImageError]) -> ImageError:
    """Ask, and return the error that must come of it."""
    with pytest.raises(kind) as caught:
        await ask()  # type: ignore[misc]
    return caught.value


@pytest.mark.registry
async def test_a_registry_that_is_stopped(folder: Path, clock: Clock) -> None:
    """Its images keep their facts while it is down, and follow its tags once it is back."""
    registry = servers.start(folder, "stopped")
    push = Pusher(url=registry.url)
    old = push.push("team/app", "1", tiny("old"))
    text = f"{registry.host}/team/app:1"
    asked = Question(Reference.parse(text), question().identity, (), CONFIG, text)
    settings = settings_for(registry.host, connect_seconds=0.5)
    async with RegistryClient(settings, clock=clock) as client:
        watched = Inspector(client, clock=clock)
        first = await watched.inspect(asked)
        registry.stop()
        for _ in range(3):
            clock.now += 400
            assert await watched.inspect(asked) == first
            assert watched.cached(asked) == first
        other = Question(Reference.parse(f"{text}2"), asked.identity, (), CONFIG, "other")
        await fails(lambda: watched.inspect(other), UnavailableError)
        clock.now += 24 * 3600
        await fails(lambda: watched.inspect(asked), UnavailableError)

        registry = servers.start(folder, "stopped", host=registry.host)
        try:
            new = push.push("team/app", "1", tiny("new"))
            clock.now += 16
            found = await watched.inspect(asked)
            methods = [line.method for line in registry.requests(AGENT)]
        finally:
            registry.stop()

    assert (first.digest, found.digest) == (old, new)
    assert methods == ["HEAD", "GET", "GET"]


async def test_an_admission_waits_for_no_registry_that_is_down() -> None:
    """Once three look-ups came to nothing, verdicts are unknown at once, whatever their time."""
    catalog = Catalog()
    catalog.put_policy(policy(onUnknown="Deny"))
    async with hostile(silent) as server:
        settings = settings_for(server.host, request_seconds=0.3)
        async with RegistryClient(settings) as client:
            watched = Inspector(client)
            judge = Judge(inspector=watched, catalog=catalog, keyring=Keys(), now=lambda: NOW)

            async def said(tag: int, seconds: float) -> str:
                asked = workload(f"{server.host}/team/app:{tag}")
                (finding,) = (await judge.judge(asked, seconds=seconds)).findings
                assert finding.outcome is Outcome.UNKNOWN
                return finding.reason or ""

            late = [await said(tag, 0.01) for tag in range(3)]
            # What admissions have no time for goes on without them; this waits for it.
            await asyncio.gather(*(said(tag, 10) for tag in range(3)))
            at_once = [await said(tag, 10) for tag in range(3, 50)]
            await watched.close()

    why = "did not answer 3 requests in a row"
    assert [why in text for text in late] == [False] * 3
    assert [why in text for text in at_once] == [True] * 47
    assert len(server.seen) == 3


@pytest.mark.parametrize(("error", "seconds"), PAUSES)
async def test_a_failure_stands_for_a_while(
    shelf: Shelf, clock: Clock, watched: Inspector, error: ImageError, seconds: float
) -> None:
    """Nobody asks again before the pause is over, which a registry can make longer."""
    shelf.put(APP, tiny("app"))
    shelf.faults["document"] = error
    said = await fails(lambda: watched.inspect(question()), type(error))
    clock.now += seconds - 1
    again = await fails(lambda: watched.inspect(question()), type(error))
    assert (str(again), again.code) == (str(said), said.code)
    assert shelf.count() == {"document": 1}

    del shelf.faults["document"]
    clock.now += 2
    await watched.inspect(question())

    assert shelf.count() == {"document": 1, "config": 1}


async def test_what_cannot_be_read_is_not_asked_for_each_time(shelf: Shelf, clock: Clock) -> None:
    """A config that fails, or a document of no use, stands for a while as well."""
    shelf.put(APP, tiny("app"))
    broken = f"{REGISTRY}/team/broken:1"
    shelf.document_at(Reference.parse(broken), OCI_MANIFEST, b"{}")
    shelf.faults["config"] = DOWN
    watched = inspector(shelf, clock)
    for _ in range(3):
        await fails(lambda: watched.inspect(question()), UnavailableError)
        await fails(lambda: watched.inspect(question(broken)), UnsupportedError)
    assert shelf.count() == {"document": 2, "config": 1}

    assert (await watched.inspect(question(wants=Wants()))).images
    clock.now += 16
    del shelf.faults["config"]
    assert (await watched.inspect(question())).images[0].base is not None


@pytest.mark.parametrize("error", FORGETS, ids=lambda error: error.reason)
async def test_a_lasting_refusal_takes_the_answer_back(
    shelf: Shelf, clock: Clock, watched: Inspector, error: ImageError
) -> None:
    """A tag that is gone, or shut, is not answered from memory."""
    shelf.put(APP, tiny("app"))
    await watched.inspect(question())
    shelf.faults["resolve"] = error
    clock.now += 400

    await fails(lambda: watched.inspect(question()), type(error))
    shelf.faults["resolve"] = DOWN
    clock.now += 400
    await fails(lambda: watched.inspect(question()), UnavailableError)

    assert watched.cached(question()) is None


async def test_stale_answers_are_retried_after_a_pause(shelf: Shelf, clock: Clock) -> None:
    """While a registry is down it is asked once in a while, not for every look-up."""
    shelf.put(APP, tiny("app"))
    watched = inspector(shelf, clock)
    first = await watched.inspect(question())
    shelf.faults["resolve"] = DOWN
    shelf.count()
    clock.now += 400
    for _ in range(5):
        assert await watched.inspect(question()) == first
    assert shelf.count() == {"resolve": 1}

    clock.now += 16
    assert await watched.inspect(question()) == first
    assert shelf.count() == {"resolve": 1}


async def test_expire_asks_again(shelf: Shelf, watched: Inspector) -> None:
    """Whoever hears of a push can have the next look-up see it, after a failure too."""
    shelf.put(APP, tiny("old"))
    missing = f"{REGISTRY}/team/late:1"
    await watched.inspect(question())
    await fails(lambda: watched.inspect(question(missing)), NotFoundError)
    new = [shelf.put(name, tiny(name)) for name in (APP, missing)]
    stale = [watched.cached(question()), watched.cached(question(missing))]
    assert [one and one.digest in new for one in stale] == [False, None]

    watched.expire(question().reference)
    watched.expire(question(missing).reference)

    found = [await watched.inspect(question(name)) for name in (APP, missing)]
    assert [one.digest for one in found] == new
    shelf.faults["config"] = DOWN
    bare = shelf.put(APP, tiny("newer"))
    watched.expire(question().reference)
    await fails(lambda: watched.inspect(question()), UnavailableError)
    shelf.faults.clear()
    watched.expire(question().reference)
    assert (await watched.inspect(question())).digest == bare


async def test_whoever_is_cancelled_ends_it_for_nobody_else(shelf: Shelf, clock: Clock) -> None:
    """A look-up that one gives up on goes on for the others."""
    shelf.put(APP, tiny("app"))
    door = shelf.doors["document"] = Door()
    watched = inspector(shelf, clock)
    impatient, patient = (asyncio.create_task(watched.inspect(question())) for _ in range(2))
    await door.knocked.wait()
    impatient.cancel()
    await asyncio.wait([impatient])
    door.opened.set()

    assert (await patient).images
    assert shelf.count() == {"document": 1, "config": 1}


@pytest.mark.parametrize("kind", ["resolve", "document", "config", "layer"])
async def test_close_ends_what_is_under_way(shelf: Shelf, clock: Clock, kind: str) -> None:
    """Nothing is left running, whatever it waits for."""
    before = asyncio.all_tasks()
    shelf.put(APP, tiny("app"))
    watched = inspector(shelf, clock)
    if kind == "resolve":
        await watched.inspect(question())
        clock.now += 400
    door = shelf.doors[kind] = Door()
    task = asyncio.create_task(watched.inspect(question(wants=EVERYTHING)))
    await door.knocked.wait()

    await watched.close()
    await asyncio.wait([task])

    assert task.cancelled()
    assert asyncio.all_tasks() == before
