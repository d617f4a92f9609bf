"""So much at once, handed out fairly."""

import asyncio

import pytest

from slimgate.engine.fair import NOBODY, Askers, Fair


async def held_by(fair: Fair, asker: str, wanted: int, amount: int = 1) -> int:
    """Have an asker want so often, for ever, and tell what it gets."""
    before = fair.free

    async def hold() -> None:
        async with fair.hold(asker, amount):
            await asyncio.Event().wait()

    _running.update(asyncio.create_task(hold()) for _ in range(wanted))
    await asyncio.sleep(0)
    return before - fair.free


_running: set[asyncio.Task[None]] = set()


@pytest.fixture(autouse=True)
async def ended() -> None:
    """End what other tests have left."""
    for task in _running:
        task.cancel()
    _running.clear()


async def test_something_is_left_for_who_comes_later() -> None:
    """Each gets half of what is left, however much it wants and however long it holds it."""
    fair = Fair(16)

    assert [await held_by(fair, asker, 99) for asker in "abcdef"] == [8, 4, 2, 1, 1, 0]


async def test_one_user_in_many_namespaces() -> None:
    """Three quarters are all that they get, and whoever else shares one of them has his own."""
    fair = Fair(160)
    asker = Askers().asker
    first = [await held_by(fair, asker("alice", namespace), 99) for namespace in "abc"]
    accounts = [asker(f"system:serviceaccount:tools:{n}", f"ns-{n}") for n in range(99)]

    assert first == [80, 40, 0]
    assert sum([await held_by(fair, one, 1) for one in accounts]) == 30
    assert await held_by(fair, asker("bob", "a"), 99) == 5


@pytest.mark.parametrize(
    ("user", "namespace", "expected"),
    [
        ("alice", "evil-1", "alice/evil-1"),
        ("system:serviceaccount:evil-1:a", "evil-2", "tenant:evil/evil-2"),
        ("system:serviceaccount:evil-2:b", "shop", "tenant:evil/shop"),
        ("system:serviceaccount:shop:a", "shop", "system:serviceaccount:shop/shop"),
        ("system:serviceaccount:kube-system:job-controller", "evil-1", "tenant:evil/evil-1"),
        (
            "system:serviceaccount:kube-system:job-controller",
            "shop",
            "system:serviceaccount:shop/shop",
        ),
        ("system:serviceaccount:kube-system:a", "a", "system:serviceaccount:kube-system/a"),
    ],
)
def test_who_is_one_user(user: str, namespace: str, expected: str) -> None:
    """Accounts are those of their namespace's tenant, and controllers work for a namespace's."""
    controllers = {"system:serviceaccount:kube-system:job-controller"}
    askers = Askers(controllers, lambda name: "evil" if name.startswith("evil") else "")

    assert askers.asker(user, namespace) == expected


async def test_who_works_for_nobody_may_have_all() -> None:
    """Where there is one user only there is nobody to be fair to."""
    fair = Fair(16)

    assert await held_by(fair, NOBODY, 99) == 16


async def test_more_than_all_is_all() -> None:
    """An amount that can never be had would wait for ever."""
    fair = Fair(16)

    assert await held_by(fair, "a", 1, amount=99) == 16


async def test_who_holds_least_is_next() -> None:
    """What is given back goes to whoever holds least, not to whoever has waited for longest."""
    fair, order = Fair(2), list[str]()

    async def use(asker: str) -> None:
        async with fair.hold(asker):
            order.append(asker)
            await asyncio.sleep(0.001)

    await asyncio.gather(*(use("a") for _ in range(6)), use("b"), use("c"))

    assert sorted(order) == [*"aaaaaabc"]
    assert set(order[:4]) == {"a", "b", "c"}
    assert (fair.free, fair.is_unused) == (2, True)


async def test_who_is_cancelled_keeps_nothing() -> None:
    """Neither while waiting, nor just as it is served."""
    fair = Fair(1)

    async def use() -> None:
        async with fair.hold("a"):
            await asyncio.sleep(0.001)

    first, second, third = (asyncio.create_task(use()) for _ in range(3))
    await asyncio.sleep(0)
    second.cancel()
    await first
    third.cancel()
    await asyncio.gather(second, third, return_exceptions=True)

    assert (fair.free, fair.is_unused) == (1, True)


@pytest.mark.parametrize(
    ("askers", "expected"),
    [
        ("a a a a b", "a a b a a"),
        ("u/1 u/2 u/3 u/4 v/1", "u/1 u/2 v/1 u/3 u/4"),
        ("u/1 u/1 u/1 u/2", "u/1 u/1 u/2 u/1"),
    ],
)
async def test_those_who_hold_as_little_have_turns(askers: str, expected: str) -> None:
    """However many wait for one of them, and though there is but one to have."""
    fair, served = Fair(1), list[str]()

    async def work(asker: str) -> None:
        async with fair.hold(asker):
            served.append(asker)
            await asyncio.sleep(0)

    await asyncio.gather(*map(work, askers.split()))

    assert served == expected.split()
