"""Places for reviews: whose turn it is, and who is told at once that there is none."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import pytest

from slimgate.core.errors import ImageError, NotFoundError, OverloadedError
from slimgate.core.policies.finding import Subject
from slimgate.core.policies.verdict import Verdict, evaluate
from slimgate.core.workloads.workload import Workload
from slimgate.engine.ports import Place
from slimgate.process.port import MAX_CONNECTIONS
from slimgate.webhook.service import AdmissionService, ServiceSettings
from slimgate.webhook.turns import MAX_WAITING, Turns
from tests.engine.shelf import REGISTRY, Door
from tests.webhook import engine
from tests.webhook.engine import FAT, SLIM
from tests.webhook.reviews import Answered, deployment, review

LONG = 60.0
NOISY, QUIET = "noisy", "quiet"
FILLING = b",".join([b"[]"] * 20_000)


@dataclass
class Slow:
    """Judges what is not noisy at once, and says what a workload ran before likewise."""

    done: asyncio.Event = field(default_factory=asyncio.Event)

    def at_hand(self, workload: Workload, *, old: Workload | None = None) -> None:
        """Know nothing."""

    async def judge(
        self,
        workload: Workload,
        *,
        old: Workload | None = None,
        seconds: float | None = None,
        place: Place | None = None,
    ) -> Verdict:
        """Let the policies say what they say of an image that nobody knows."""
        del old
        assert place is not None
        unknown: ImageError = NotFoundError("there is no such image")
        try:
            await place.take(seconds or 0.0)
            await self._wait(workload.namespace)
        except OverloadedError as err:
            unknown = err
        subject = Subject(workload=workload, images=dict.fromkeys(workload.judged, unknown))
        catalog = engine.catalog(engine.policy(on_unknown="Deny"))
        return evaluate(subject, catalog.matching(workload), (), engine.NOW)

    async def history(self, ran: object) -> Sequence[Workload]:
        """Find nothing."""
        await self._wait(NOISY if NOISY in str(ran) else QUIET)
        return ()

    async def _wait(self, namespace: str) -> None:
        if namespace.startswith(NOISY):
            await self.done.wait()


def of(
    namespace: str, operation: str = "CREATE", *, user: str = "alice", image: str = FAT
) -> bytes:
    """Make a review of a namespace's workload."""
    new, old = deployment(image), deployment(SLIM)
    former = old if operation == "UPDATE" else None
    whole = review(new, old=former, operation=operation, user=user)
    return whole.replace(b'"shop"', f'"{namespace}"'.encode())


@pytest.mark.parametrize("others", [1, 100])
async def test_reviews_of_others(others: int) -> None:
    """However many of one namespace wait for judging, another's are judged at once."""
    slow = Slow()
    service = AdmissionService(slow, engine.catalog(), now=lambda: engine.NOW)
    noisy = [asyncio.create_task(service.answer(of(NOISY), LONG)) for _ in range(250)]
    async with asyncio.timeout(20.0):
        while not 0 < (held := service.in_flight) < MAX_CONNECTIONS / 2:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    started = time.monotonic()
    answers = await asyncio.gather(*(service.answer(of(QUIET), LONG) for _ in range(others)))
    took = time.monotonic() - started
    slow.done.set()
    told = [Answered.of(answer) for answer in await asyncio.gather(*noisy)]

    assert took < 5.0
    assert not any("too many" in str(Answered.of(answer)) for answer in answers)
    # What there was no place for was said so at once, and holds no connection.
    assert sum("too many" in str(one) for one in told) == 250 - held


@pytest.mark.parametrize(
    "user",
    [
        "mallory",
        "system:serviceaccount:tools:bot-%d",
        f"system:serviceaccount:{NOISY}-%d:bot",
        "system:serviceaccount:kube-system:job-controller",
    ],
)
async def test_reviews_of_one_user_in_many_namespaces(user: str) -> None:
    """All places are not for one, however many namespaces or accounts in them it uses.

    Namespaces are a tenant's by a label, and what a controller makes there is the tenant's, too.
    """
    slow, catalog = Slow(), engine.catalog()
    for n in range(250):
        labels = {"example.com/tenant": "mallory"}
        catalog.put_namespace({"metadata": {"name": f"{NOISY}-{n}", "labels": labels}})
    settings = ServiceSettings(tenant_of=partial(catalog.label, "example.com/tenant"))
    service = AdmissionService(slow, catalog, settings=settings, now=lambda: engine.NOW)
    names = [(f"{NOISY}-{n}", user % n if "%" in user else user) for n in range(250)]
    noisy = [
        asyncio.create_task(service.answer(of(name, user=who), LONG))
        for name, who in (*names, *names)
    ]
    await asyncio.sleep(0.1)
    answers = [
        await service.answer(of(namespace, user="bob"), 0.5) for namespace in (QUIET, f"{NOISY}-0")
    ]
    held = sum(not task.done() for task in noisy)
    slow.done.set()
    await asyncio.gather(*noisy)

    # Whoever shares a namespace with it waits for that one's images, but has a place.
    assert not any("too many" in str(Answered.of(answer)) for answer in answers)
    assert held < ServiceSettings().max_judging * 0.76 + MAX_WAITING


async def test_what_is_in_memory_needs_no_place() -> None:
    """Though all of the same user and namespace have to wait, it is answered at once."""
    shelf, door = engine.shelf(), Door()
    policies = engine.catalog(engine.policy(on_unknown="Deny"))
    settings = ServiceSettings(max_judging=2)
    service = AdmissionService(
        engine.judge(policies, shelf), policies, settings=settings, now=lambda: engine.NOW
    )
    first = [await service.answer(of("shop", image=image), LONG) for image in (SLIM, FAT)]
    shelf.doors[REGISTRY] = door
    unknown = [f"registry.test/shop:{number}" for number in range(40)]
    waiting = [
        asyncio.create_task(service.answer(of("shop", image=image), LONG)) for image in unknown
    ]
    await asyncio.sleep(0.05)
    asked = len(shelf.asked)
    again = [await service.answer(of("shop", image=image), 0.5) for image in (SLIM, FAT)]
    mixed = deployment(FAT)
    containers = mixed["spec"]["template"]["spec"]["containers"]  # type: ignore[index]
    containers.append({"name": "other", "image": unknown[-1]})
    both = Answered.of(await service.answer(review(mixed), 0.5))
    held = sum(not task.done() for task in waiting)
    door.opened.set()
    await asyncio.gather(*waiting)

    assert (again, len(shelf.asked) > asked) == (first, True)
    assert held == 1 + MAX_WAITING
    # What is known decides, though the rest had no place.
    assert "pulls" in both.message
    assert "too many requests at once" in both.message


async def test_heavy_reviews_of_others() -> None:
    """However many reviews that take long to parse one namespace sends, another's comes next."""
    slow, order = Slow(), list[str]()
    slow.done.set()
    service = AdmissionService(slow, engine.catalog(), now=lambda: engine.NOW)

    async def ask(namespace: str) -> Answered:
        heavy = of(namespace).replace(b'"metadata": {', b'"metadata": {"x": [%s],' % FILLING)
        answer = Answered.of(await service.answer(heavy, LONG))
        order.append(namespace)
        return answer

    noisy = [asyncio.create_task(ask(NOISY)) for _ in range(60)]
    await asyncio.sleep(0)
    quiet = await ask(QUIET)
    turned_away = order.index(QUIET)
    told = [" ".join(one.warnings) for one in await asyncio.gather(*noisy)]

    many = sum("more large reviews to read" in one for one in told)
    assert 40 < many < 60
    assert turned_away <= many + 2
    assert not any("more large" in one for one in quiet.warnings)


async def test_rollbacks_of_others() -> None:
    """However many denied updates of one namespace are looked into, another's are at once."""
    slow, recalled = Slow(), list[object]()

    async def history(ran: object) -> Sequence[Workload]:
        recalled.append(ran)
        return await slow.history(ran)

    catalog = engine.catalog(engine.policy(on_unknown="Deny"))
    judging = Slow()
    judging.done.set()
    service = AdmissionService(judging, catalog, history=history, now=lambda: engine.NOW)
    noisy = [asyncio.create_task(service.answer(of(NOISY, "UPDATE"), LONG)) for _ in range(50)]
    await asyncio.sleep(0.05)
    before = len(recalled)
    await asyncio.wait_for(service.answer(of(QUIET, "UPDATE"), LONG), 5.0)
    slow.done.set()
    await asyncio.gather(*noisy)

    assert 0 < before < ServiceSettings().max_recalling
    assert QUIET in str(recalled[before])


async def test_connections_are_left() -> None:
    """All that may wait together takes fewer connections than there may be."""
    most = ServiceSettings()

    assert 1 + most.max_judging + most.max_recalling + 3 * MAX_WAITING < MAX_CONNECTIONS * 0.9


async def test_turned_away() -> None:
    """Where too many wait, it is the newest of the namespace that has most."""
    turns, told = Turns(2, 3), list[str]()

    async def ask(name: str, namespace: str) -> None:
        try:
            async with turns.hold(namespace, LONG):
                told.append(name)
                await asyncio.sleep(LONG)
        except OverloadedError:
            told.append(f"no {name}")

    asking = []
    for name in ("a1", "b1", "a2", "a3", "b2", "a4", "b3", "c1"):
        asking.append(asyncio.create_task(ask(name, name[0])))
        await asyncio.sleep(0.01)
    seen = list(told)
    for task in asking:
        task.cancel()
        await asyncio.sleep(0.01)

    assert seen == ["a1", "b1", "no a4", "no a3", "no b3"]
    assert told[len(seen) :] == ["a2", "b2", "c1"]


@pytest.mark.parametrize("seconds", [0.05, 0.0, -1.0])
async def test_no_place_in_time(seconds: float) -> None:
    """Who gets none in time hears so, and is not in the way of the next one."""
    turns = Turns(1, 8)
    async with turns.hold("a", LONG):
        for namespace in ("a", "b", ""):
            with pytest.raises(OverloadedError, match="slimgate has too many requests at once"):
                async with turns.hold(namespace, seconds):
                    pass
    async with turns.hold("", 0.0):
        pass
