"""What references point at: for how long an answer holds, and for whom."""

import asyncio

import pytest

from slimgate.core.credentials.identity import ANONYMOUS
from slimgate.core.errors import UnauthorizedError, UnavailableError
from slimgate.core.images.memory import answer_key
from slimgate.core.images.reference import Reference
from slimgate.engine.resolver import Resolver, ResolverSettings
from tests.engine.shelf import APP, REGISTRY, Shelf, identity, tiny
from tests.support.clock import Clock

REFERENCE = Reference.parse(APP)
ALICE, BOB = identity("alice"), identity("bob")
SETTINGS = ResolverSettings()


@pytest.fixture
def resolver(shelf: Shelf, clock: Clock) -> Resolver:
    """Make a resolver of the shelf, which holds one image."""
    shelf.put(APP, tiny("app"))
    return Resolver(shelf, SETTINGS, clock)


async def test_the_first_look_brings_the_document(shelf: Shelf, resolver: Resolver) -> None:
    """A reference never seen is asked for by GET, which brings its manifest along."""
    first = await resolver.resolve(REFERENCE, ANONYMOUS)
    on_its_way = await resolver.resolve(REFERENCE, ANONYMOUS)
    for _ in range(3):
        await asyncio.sleep(0)
    second = await resolver.resolve(REFERENCE, ANONYMOUS)

    assert first.document is not None
    assert (on_its_way.document, on_its_way.outcome) == (first.document, "cached")
    assert first.document.digest == first.digest
    assert (second.digest, second.document, second.outcome) == (first.digest, None, "cached")
    assert shelf.count() == {"document": 1}


async def test_answers_belong_to_an_identity(shelf: Shelf, resolver: Resolver) -> None:
    """What one was told is not told to another, who asks for himself, by HEAD."""
    shelf.keys[REFERENCE.name] = {ALICE}
    await resolver.resolve(REFERENCE, ALICE)
    shelf.count()

    assert resolver.fresh(REFERENCE, BOB) is None
    with pytest.raises(UnauthorizedError):
        await resolver.resolve(REFERENCE, BOB)

    assert shelf.count() == {"resolve": 1}
    assert resolver.fresh(REFERENCE, ALICE) is not None


async def test_answers_do_not_fall_due_together(shelf: Shelf, clock: Clock) -> None:
    """Tags that were resolved at the same moment are due over a tenth of their time either way."""
    resolver = Resolver(shelf, SETTINGS, clock)
    references = [Reference.parse(f"{REGISTRY}/team/app:{number}") for number in range(200)]
    for one in references:
        shelf.put(str(one), tiny("app"))
        await resolver.resolve(one, ANONYMOUS)
    started = clock.now

    def fresh(seconds: float) -> int:
        clock.now = started + seconds
        return sum(resolver.fresh(one, ANONYMOUS) is not None for one in references)

    assert fresh(269) == 200
    assert 0 < fresh(300) < 200
    assert fresh(331) == 0


async def test_a_digest_is_proved_again_too(shelf: Shelf, clock: Clock, resolver: Resolver) -> None:
    """A digest never moves, but rights end: whoever may not see it any more is refused."""
    digest = (await resolver.resolve(REFERENCE, ALICE)).digest
    pinned = REFERENCE.at(digest)
    await resolver.resolve(pinned, ALICE)
    shelf.keys[REFERENCE.name] = {BOB}
    clock.now += 400

    with pytest.raises(UnauthorizedError):
        await resolver.resolve(pinned, ALICE)
    assert (await resolver.resolve(pinned, BOB)).digest == digest


async def test_answers_of_an_earlier_run(shelf: Shelf, clock: Clock, resolver: Resolver) -> None:
    """They hold as fresh ones do, for their identity alone, and are due one by one."""
    references = [Reference.parse(f"{REGISTRY}/team/app:{number}") for number in range(50)]
    for one in references:
        shelf.put(str(one), tiny("app"))
        await resolver.resolve(one, ALICE)
    later = Resolver(shelf, SETTINGS, clock)
    later.restore(resolver.answers(), resolver.seen())
    clock.now += 1

    assert all(later.fresh(one, ALICE) is not None for one in references)
    assert not any(later.fresh(one, BOB) is not None for one in references)
    clock.now += 299
    assert 0 < sum(later.fresh(one, ALICE) is not None for one in references) < 50


async def test_an_earlier_answer_is_confirmed_by_head(
    shelf: Shelf, clock: Clock, resolver: Resolver
) -> None:
    """One that is due costs no pull, and stands in while its registry is down."""
    digest = (await resolver.resolve(REFERENCE, ANONYMOUS)).digest
    later = Resolver(shelf, SETTINGS, clock)
    later.restore(resolver.answers(), resolver.seen())
    shelf.count()
    clock.now += 400

    assert (await later.resolve(REFERENCE, ANONYMOUS)).digest == digest
    assert shelf.count() == {"resolve": 1}


@pytest.mark.parametrize(
    ("restarts", "skew", "is_due"),
    [(1, 0, False), (2, 0, False), (7, 0, True), (1, -5, False), (1, -90, True), (1, 400, True)],
)
async def test_no_restart_makes_an_answer_younger(
    shelf: Shelf, clock: Clock, restarts: int, skew: float, *, is_due: bool
) -> None:
    """It falls due as if there had been none, and a clock that is set is no way round that."""
    wall = Clock(1e9)
    resolver = Resolver(shelf, SETTINGS, clock, wall)
    shelf.put(APP, tiny("app"))
    await resolver.resolve(REFERENCE, ANONYMOUS)

    for _ in range(restarts):
        clock.now += 50
        wall.now += 50
        answers, seen = resolver.answers(), resolver.seen()
        clock = Clock(clock.now / 2)
        wall.now += skew
        resolver = Resolver(shelf, SETTINGS, clock, wall)
        resolver.restore(answers, seen)

    assert (resolver.fresh(REFERENCE, ANONYMOUS) is None) is is_due


async def test_an_answer_of_which_nobody_knows_how_old_it_is(
    shelf: Shelf, clock: Clock, resolver: Resolver
) -> None:
    """It is due, and stands in while its registry is down."""
    digest = (await resolver.resolve(REFERENCE, ANONYMOUS)).digest
    later = Resolver(shelf, SETTINGS, clock)
    later.restore(resolver.answers(), {})

    assert later.fresh(REFERENCE, ANONYMOUS) is None
    shelf.faults["resolve"] = UnavailableError("down")
    assert (await later.resolve(REFERENCE, ANONYMOUS)).digest == digest


async def test_what_nobody_asks_for_any_more_is_not_passed_on(
    shelf: Shelf, clock: Clock, resolver: Resolver
) -> None:
    """An earlier run's answers go with the images that they were for."""
    digest = (await resolver.resolve(REFERENCE, ANONYMOUS)).digest
    key, gone = answer_key(REFERENCE, ""), answer_key(REFERENCE, "gone")
    later = Resolver(shelf, SETTINGS, clock)
    later.restore({key: digest, gone: digest}, resolver.seen())
    assert later.answers() == {key: digest, gone: digest}

    later.fresh(REFERENCE, ANONYMOUS)
    clock.now += 400

    assert later.answers() == {key: digest}


async def test_memory_is_bounded(shelf: Shelf, clock: Clock) -> None:
    """The answers that were not used for longest go first."""
    resolver = Resolver(shelf, ResolverSettings(max_entries=2), clock)
    references = [Reference.parse(f"{REGISTRY}/team/app:{number}") for number in range(3)]
    for one in references:
        shelf.put(str(one), tiny("app"))
    for one in (references[0], references[1], references[0], references[2]):
        await resolver.resolve(one, ANONYMOUS)

    known = [resolver.fresh(one, ANONYMOUS) for one in references]
    assert [one is not None for one in known] == [True, False, True]


async def test_one_question_at_a_time(shelf: Shelf, resolver: Resolver) -> None:
    """All who ask at the same time get the same answer, document and all."""
    found = await asyncio.gather(*(resolver.resolve(REFERENCE, ANONYMOUS) for _ in range(20)))

    assert found == [found[0]] * 20
    assert shelf.count() == {"document": 1}
