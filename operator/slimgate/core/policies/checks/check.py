"""What a check is: its code, and all that is said of it and of what it finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from slimgate.core.images.tier import Tier
from slimgate.core.policies.finding import Finding, Outcome, Subject
from slimgate.core.policies.policy import Policy
from slimgate.core.policies.ways import UNKNOWN, Section, Way
from slimgate.core.quantity import format_bytes
from slimgate.core.text import printable


class Unit(Enum):
    """What the numbers are that a check compares."""

    NONE = auto()
    BYTES = auto()
    PERCENT = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that a policy may ask for.

    `field` is the policy's that asks for it, and `is_asked` whether it does. `find` yields what it
    has to say of the images that the policy applies to. `title` says what is at fault then, and
    `advice` what to do about it; `sentence` says it of one finding that is no unknown, and `way`
    what helps; `unknown` helps where an unknown finding has no way of its own. `section` is where
    to read of the check as such.
    """

    name: str
    field: str
    title: str
    advice: str
    section: Section
    is_asked: Callable[[Policy], bool]
    find: Callable[[Policy, Subject], Iterator[Finding]]
    sentence: Callable[[Finding], str]
    way: Callable[[Finding], Way]
    unknown: Way = UNKNOWN
    unit: Unit = Unit.NONE

    def way_of(self, finding: Finding) -> Way:
        """Say what helps against one finding of the check."""
        if finding.way is not None:
            return finding.way
        return self.unknown if finding.outcome is Outcome.UNKNOWN else self.way(finding)

    def amount(self, value: int | Tier | str, size: Callable[[int], str] = format_bytes) -> str:
        """Write a value or a limit."""
        if isinstance(value, Tier):
            return value.label
        if isinstance(value, int) and self.unit is Unit.BYTES:
            return size(value)
        return f"{value}%" if self.unit is Unit.PERCENT else printable(str(value), 128)
