"""Events: said once, counted when they come back, within the API's bounds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.events import Events
from slimgate.cluster.resources import EVENTS, NAMESPACES, Target
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.wording.notes import Note
from tests.cluster.verdicts import note, thing

pytestmark = pytest.mark.lab

START = datetime(2026, 11, 25, 9, 30, 0, 123456, tzinfo=UTC)


class Clock:
    """A clock that moves some minutes each time."""

    def __init__(self, minutes: int = 1) -> None:
        self.now = START
        self.step = timedelta(minutes=minutes)

    def __call__(self) -> datetime:
        """Tell the time."""
        self.now += self.step
        return self.now


async def events(api: ClusterApi, target: Target) -> list[JsonObject]:
    """List what was said of a workload."""
    query = {"fieldSelector": f"regarding.uid={target.uid}"}
    return [event async for event in api.list(EVENTS.within(target.namespace), query)]


def counts(found: list[JsonObject]) -> dict[str, object]:
    """Return how often each was said, as `kubectl` shows it."""
    return {text_at(event, "note"): mapping_at(event, "series").get("count", 1) for event in found}


async def test_fields(api: ClusterApi, namespace: str) -> None:
    """An Event speaks of its workload, and bears what the API wants of it."""
    target = await thing(api, namespace)

    posted = await Events(api, "slimgate-controller-0", Clock()).post(target, note())
    event = (await events(api, target))[0]

    assert posted
    assert event["regarding"] == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": "web",
        "namespace": namespace,
        "uid": target.uid,
    }
    assert (event["type"], event["reason"], event["action"]) == (
        "Warning", "SlimPolicyViolation", "Judge",
    )  # fmt: skip
    assert event["note"] == "it is too fat"
    assert event["reportingController"] == "slimgate"
    assert event["reportingInstance"] == "slimgate-controller-0"
    assert event["eventTime"] == "2026-11-25T09:31:00.123456Z"


async def test_restart_repeats_nothing(api: ClusterApi, namespace: str) -> None:
    """A controller that starts anew and says the same thing again is not heard."""
    target = await thing(api, namespace)
    first = await Events(api, "one").post(target, note())
    second = await Events(api, "two").post(target, note())

    assert (first, second) == (True, False)
    assert counts(await events(api, target)) == {"it is too fat": 1}


@pytest.mark.parametrize("minutes", [1, -1])
async def test_coming_back_is_counted(api: ClusterApi, namespace: str, minutes: int) -> None:
    """A verdict that comes back after another one is counted, also where clocks jump back."""
    target = await thing(api, namespace)
    clock = Clock(minutes)
    fat, slim = note(), Note("WithinPolicy", "it is slim", warning=False)

    said = [
        await Events(api, "i", clock).post(target, one)
        for one in (fat, slim, fat, fat, slim, slim, fat)
    ]
    found = await events(api, target)

    assert said == [True, True, True, False, True, False, True]
    assert counts(found) == {"it is too fat": 3, "it is slim": 2}


async def test_workloads_apart(api: ClusterApi, namespace: str) -> None:
    """The same words of two workloads, or of a successor of the same name, are two Events."""
    first = await thing(api, namespace, "web")
    other = await thing(api, namespace, "shop")
    await api.delete(first.path)
    successor = await thing(api, namespace, "web")
    post = Events(api, "i").post

    assert [await post(target, note()) for target in (first, other, successor)] == [True] * 3


LONG = [
    ("x" * 5_000, 1024),
    ("é" * 1_000, 1024),
    ("\x1b\u202e" * 1_000, 1024),
    ("", 0),
]


@pytest.mark.parametrize(("text", "length"), LONG)
async def test_bounds(api: ClusterApi, namespace: str, text: str, length: int) -> None:
    """However long and odd the words, the API server takes them, cut by bytes and escaped."""
    target = await thing(api, namespace, "a" * 63 + "." + "b" * 63 + "." + "c" * 63)

    await Events(api, "i" * 500).post(target, note(text, "R" * 500))
    event = (await events(api, target))[0]
    said = text_at(event, "note")

    assert length - 3 <= len(said.encode()) <= length
    assert "\x1b" not in said
    assert text_at(event, "reason") == "R" * 125 + "…"


async def test_namespace_gone(api: ClusterApi, namespace: str) -> None:
    """Nothing is said where the namespace is gone or going, and that is no error."""
    target = await thing(api, namespace)
    name = f"{namespace}-going"
    held = {"name": name, "finalizers": ["slimgate.dev/test"]}
    await api.create(NAMESPACES.all(), {"metadata": {"name": name}})
    await api.merge_patch(NAMESPACES.one("", name), {"metadata": held})
    await api.delete(NAMESPACES.one("", name))
    try:
        going = await _say(api, target, name)
    finally:
        await api.merge_patch(
            NAMESPACES.one("", name), {"metadata": {"name": name, "finalizers": None}}
        )

    assert not going
    assert not await _say(api, target, "never-was")


async def _say(api: ClusterApi, target: Target, namespace: str) -> bool:
    return await Events(api, "i").post(replace(target, namespace=namespace), note())
