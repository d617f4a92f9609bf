"""What became of the requests that a client has made, counted."""

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Final, Self

from tests.release.asking import Answer

LATE_SECONDS: Final = 1.0
DEADLINE_SECONDS: Final = 5.0
"""`timeoutSeconds` of the chart's webhook, when the API server gives up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request: when it was due, how many seconds until its answer, and what that said."""

    due: float
    lasted: float
    is_fat: bool
    answer: str
    said: str = ""

    @property
    def is_lost(self) -> bool:
        """Whether it had an error instead of an answer."""
        return self.answer == Answer.LOST.value

    @property
    def is_wrong(self) -> bool:
        """Whether it was admitted or refused though it should not."""
        expected = Answer.REFUSED if self.is_fat else Answer.ADMITTED
        return self.answer not in {expected.value, Answer.LOST.value}

    @property
    def is_fault(self) -> bool:
        """Whether it is not as it should be."""
        return self.is_lost or self.is_wrong

    def brief(self) -> Self:
        """Return it without what was said."""
        return replace(self, said="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """All that a client has asked, and what it took of a processor, in seconds."""

    seconds: float
    processor: float
    asked: list[Asked]

    @classmethod
    def of(cls, text: str) -> Self:
        """Read what a client's process has written."""
        found = json.loads(text)
        return cls(**found | {"asked": [Asked(**one) for one in found["asked"]]})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """From when to when no API server was there, or none that says that it is ready."""

    began: float
    ended: float

    @property
    def seconds(self) -> float:
        """How long it was."""
        return self.ended - self.began

    def has(self, one: Asked) -> bool:
        """Whether a request was on its way meanwhile."""
        return one.due < self.ended and one.due + one.lasted > self.began


@dataclass(slots=True)
class Counted:
    """What became of all requests of a time, which is filled in at its end."""

    rate: float
    heard: Heard = field(default_factory=lambda: Heard(seconds=0.0, processor=0.0, asked=[]))
    outages: list[Outage] = field(default_factory=list)
    """When a lost request says nothing of slimgate."""

    @property
    def requests(self) -> int:
        """How many were made."""
        return len(self.heard.asked)

    @property
    def unreached(self) -> int:
        """How many got no answer while no API server was ready."""
        return self.requests - len(self._answerable)

    @property
    def lost(self) -> int:
        """How many others had an error instead of an answer."""
        return sum(one.is_lost for one in self._answerable)

    @property
    def late(self) -> int:
        """How many took more than a second, while an API server was ready all the time."""
        return sum(lasted > LATE_SECONDS for lasted in self._lasted)

    @property
    def overdue(self) -> int:
        """How many took longer than the webhook may, while an API server was ready all the time."""
        return sum(lasted > DEADLINE_SECONDS for lasted in self._lasted)

    @property
    def wrong(self) -> int:
        """How many were admitted or refused though they should not."""
        return sum(one.is_wrong for one in self._answerable)

    @property
    def faults(self) -> int:
        """How many had no answer or a wrong one."""
        return self.lost + self.wrong

    @property
    def slowest(self) -> float:
        """The longest time until an answer."""
        return self.within(1.0)

    def within(self, part: float) -> float:
        """Return the time within which a part of all was answered."""
        ordered = sorted(self._lasted)
        return ordered[min(int(len(ordered) * part), len(ordered) - 1)] if ordered else 0.0

    @property
    def said(self) -> Counter[str]:
        """What was said in place of an answer, or in wrong ones."""
        return Counter(
            f"{'fat' if one.is_fat else 'slim'} {one.answer}: {one.said}"
            for one in self._answerable
            if one.is_fault
        )

    @property
    def _answerable(self) -> list[Asked]:
        return [one for one in self.heard.asked if not (one.is_lost and self._is_excused(one))]

    @property
    def _lasted(self) -> list[float]:
        return [one.lasted for one in self.heard.asked if not self._is_excused(one)]

    def _is_excused(self, one: Asked) -> bool:
        return any(outage.has(one) for outage in self.outages)
