"""One workload looks at an image for all that see the same of it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from slimgate.controller.looks import ImageLook, Looks
from slimgate.core.errors import ImageError, NotFoundError, UnavailableError
from slimgate.core.images.facts import Base, Gap, Inspection, Size
from slimgate.core.policies.policy import Policy
from slimgate.core.policies.verdict import Verdict
from tests.core.make import digest, image, inspection, subject
from tests.engine.cluster import use

OLD = inspection(replace(image(), digest=digest(1)))
NEW = inspection(replace(image(), digest=digest(2)))
DOWN, GONE = UnavailableError("down"), NotFoundError("gone")
PART = replace(OLD, gaps=(Gap(message="down", reason="unavailable", temporary=True),))
UNREAD = inspection(replace(image(base=Base(unread="down")), digest=digest(1)))
LONGER = inspection(replace(image(Size.unknown("longer")), digest=digest(1)))
Seen = Inspection | ImageError


def verdict(seen: Seen, policy: str = "p", reference: str = "app:1") -> Verdict:
    """Say of a workload with one image what was seen of it."""
    return Verdict(subject=subject({use(reference): seen}), policies=(Policy(name=policy),))


@pytest.mark.parametrize(
    ("before", "now", "others"),
    [
        ([OLD, OLD, OLD], OLD, ""),
        ([OLD, OLD, OLD], NEW, "bc"),
        ([OLD, OLD, NEW], NEW, ""),
        ([OLD, OLD, OLD], GONE, "bc"),
        ([GONE, GONE, GONE], NEW, "bc"),
        ([OLD, OLD, OLD], DOWN, ""),
        ([DOWN, DOWN, DOWN], DOWN, ""),
        ([DOWN, DOWN, DOWN], OLD, "bc"),
        ([OLD, DOWN, DOWN], OLD, ""),
        ([DOWN, DOWN, OLD], OLD, "b"),
        ([PART, PART, UNREAD], OLD, "bc"),
        ([OLD, OLD, DOWN], NEW, "b"),
        ([LONGER, LONGER, LONGER], OLD, "bc"),
    ],
)
def test_who_else_is_to_look(before: Sequence[Seen], now: Seen, others: str) -> None:
    """Who saw something else, once one of them sees it, and who saw less, once one sees all."""
    looks = Looks[str]()
    for key, seen in zip("abc", before, strict=True):
        looks.take(key, "", verdict(seen))

    assert "".join(looks.take("a", "", verdict(now))) == others


def test_who_sees_otherwise_without_end() -> None:
    """Two that see different things have each other look once, and no more."""
    looks = Looks[str]()
    looks.take("a", "", verdict(OLD))
    asked = [looks.take("b", "", verdict(NEW))]
    for _ in range(3):
        asked.append(looks.take("a", "", verdict(OLD)))
        asked.append(looks.take("b", "", verdict(NEW)))

    assert asked == [["a"], *[[]] * 6]


def test_looks_are_apart() -> None:
    """By reference, identity and policies; who looks otherwise now is where he was no more."""
    looks = Looks[str]()
    seen = verdict(OLD)
    looks.take("a", "", seen)
    for key, identity, other in (
        ("b", "me", verdict(NEW)),
        ("c", "", verdict(NEW, policy="q")),
        ("d", "", verdict(NEW, reference="app:2")),
    ):
        assert looks.take(key, identity, other) == []
    (look,) = looks.of("a")
    assert look == ImageLook("app:1", "", ("p",))

    looks.take("a", "", verdict(OLD, reference="app:3"))
    assert looks.next(look) is None
    looks.drop("a")
    looks.drop("a")
    assert looks.of("a") == ()


def test_each_looks_in_its_turn() -> None:
    """Who lacks something before the others."""
    looks = Looks[str]()
    for key in "abc":
        looks.take(key, "", verdict(OLD))
    (look,) = looks.of("a")
    assert not looks.is_open(look)
    assert [looks.next(look) for _ in range(4)] == ["a", "b", "c", "a"]

    for key in "bc":
        looks.take(key, "", verdict(DOWN))
    assert looks.is_open(look)
    assert [looks.next(look) for _ in range(3)] == ["b", "c", "b"]

    looks.drop("b")
    looks.drop("c")
    assert (looks.is_open(look), looks.next(look)) == (False, "a")
