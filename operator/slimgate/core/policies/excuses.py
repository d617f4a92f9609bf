"""Which SlimException excuses a finding: all of a verdict's questions, and a bound on their work.

What is cheap to tell is told first, and images are compared with an exception's globs once. Whoever
may write exceptions may write very many of them with globs that are made to be slow, and must not
keep all others waiting: what is not compared in the end excuses nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from slimgate.core.matching.globs import Globs
from slimgate.core.policies.exception import SlimException
from slimgate.core.policies.finding import Finding, Subject
from slimgate.core.policies.policy import Policy

MAX_STEPS: Final = 2**19
"""Searches of texts, or as much work: a third of a second at most, on a slow machine.

A thousand exceptions of 64 plain globs each take a hundredth of it for an image.
"""
_STEPS_OF_A_QUESTION: Final = 4


class Excuses:
    """Asks exceptions for one verdict; `cut_short` says that some were not asked."""

    def __init__(
        self, exceptions: Sequence[SlimException], subject: Subject, now: datetime
    ) -> None:
        self._subject = subject
        self._now = now
        self._left = MAX_STEPS
        self._compared: dict[tuple[int, str], bool] = {}
        self._of_policy: dict[str, list[SlimException]] = {}
        self.cut_short = False
        self._concerned = [one for one in exceptions if self._concerns(one)]

    def by(self, policy: Policy, finding: Finding) -> SlimException | None:
        """Find the first exception that excuses a finding of a policy."""
        for one in self._honoured(policy):
            if not self._may_go_on(_STEPS_OF_A_QUESTION):
                return None
            if one.excuses(finding, self._subject, self._matches):
                return one
        return None

    def _concerns(self, one: SlimException) -> bool:
        work = 1 + len(one.resources)
        return self._may_go_on(work) and one.concerns(self._subject.workload, self._now)

    def _honoured(self, policy: Policy) -> Sequence[SlimException]:
        found = self._of_policy.get(policy.name)
        if found is None:
            named = (one for one in self._concerned if policy.name in one.policies)
            found = [one for one in named if one.refused_by(policy, self._now) is None]
            self._of_policy[policy.name] = found
        return found

    def _matches(self, globs: Globs, written: str) -> bool:
        # Globs are an exception's, which lives as long as this does.
        key = id(globs), written
        known = self._compared.get(key)
        if known is None:
            if not self._may_go_on(1):
                return False
            known, steps = globs.compare_excused(written)
            self._left -= steps
            self._compared[key] = known
        return known

    def _may_go_on(self, steps: int) -> bool:
        self._left -= steps
        self.cut_short = self.cut_short or self._left < 0
        return not self.cut_short
