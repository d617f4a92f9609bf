"""Many look-ups: at the same time, none for ever."""

import asyncio

from slimgate.cli.check.lookup import Lookup
from slimgate.cli.shared.progress import SilentBoard
from slimgate.core.credentials.identity import ANONYMOUS
from slimgate.core.errors import ImageError, UnavailableError
from slimgate.core.images.facts import Inspection, Wants
from slimgate.core.images.reference import Reference
from slimgate.engine.inspector import Question
from tests.cli.facts import FAT, inspection
from tests.cli.make import Known, Meeting

FACTS = inspection("a", FAT)
SOME = Wants(config=True)


def meeting() -> Meeting:
    """Answer once two have come."""
    return Meeting(2, {"a": FACTS, "b": FACTS, "late": FACTS})


async def _find(
    inspector: Known, seconds: float, **wanted: Wants
) -> dict[str, Inspection | ImageError]:
    lookup = Lookup(inspector, seconds=seconds, shown=SilentBoard())

    async def find(text: str, wants: Wants) -> Inspection | ImageError:
        question = Question(Reference.parse(text), ANONYMOUS, (), wants, text)
        try:
            return await lookup.inspect(question)
        except ImageError as error:
            return error

    found = await asyncio.gather(*(find(*pair) for pair in wanted.items()))
    return dict(zip(wanted, found, strict=True))


async def test_together() -> None:
    """References are looked up at the same time, each for its wants, and for what reports show."""
    inspector = meeting()
    found = await _find(inspector, 30, a=Wants(config=True, layers=True), b=Wants())

    assert found == {"a": FACTS, "b": FACTS}
    assert sorted(inspector.asked, key=lambda one: one[0]) == [
        ("a", (), Wants(config=True, layers=True)), ("b", (), SOME)
    ]  # fmt: skip


async def test_time_is_up() -> None:
    """What takes too long is given up with a sentence; the others are not held up."""
    found = await _find(meeting(), 0.05, late=SOME, a=SOME, b=SOME)

    assert isinstance(found["late"], UnavailableError)
    assert str(found["late"]) == "looking it up took longer than 0.05s, which --timeout allows"
    assert (found["a"], found["b"]) == (FACTS, FACTS)
