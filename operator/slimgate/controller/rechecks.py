"""Who is judged again though nothing has happened to it, and when.

Images are looked at again for all that run them (looks.py). A workload is judged again by itself
only when an exception of its ends, and where it can't see its images: that may be its own secrets'
fault.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from slimgate.controller.ledger import Key
from slimgate.controller.looks import ImageLook, Looks
from slimgate.controller.schedule import Schedule
from slimgate.core.errors import ImageError, SlimgateError
from slimgate.core.policies.verdict import Verdict
from slimgate.core.workloads.workload import Workload
from slimgate.engine.ports import Keyring


class Rechecks:
    """Plans them, after `drift_seconds`, or `retry_seconds` where something may soon be known."""

    def __init__(
        self,
        *,
        keyring: Keyring,
        drift_seconds: float,
        retry_seconds: float,
        now: Callable[[], datetime],
    ) -> None:
        self._keyring = keyring
        self._drift_seconds = drift_seconds
        self._retry_seconds = retry_seconds
        self._now = now
        self._looks: Looks[Key] = Looks()
        self.schedule: Schedule[Key | ImageLook] = Schedule(time.monotonic)

    def drop(self, key: Key) -> None:
        """Forget a workload."""
        self.schedule.drop(key)
        self._looks.drop(key)

    def due(self) -> Iterator[Key]:
        """Yield who is to be judged now, one for each image that is to be looked at."""
        for due in self.schedule.take():
            if not isinstance(due, ImageLook):
                yield due
            elif (key := self._looks.next(due)) is not None:
                # Whatever becomes of that workload, the image is looked at again.
                self.schedule.put(due, self._drift_seconds)
                yield key

    def plan(self, key: Key, verdict: Verdict, identity: str | None) -> Sequence[Key]:
        """Hear of a verdict; list the others that are to be judged since an image is another."""
        # Beyond the time that an answer for a tag is kept, so that it is asked for again.
        jitter = random.uniform(1.1, 1.3)  # noqa: S311 - spreads load, keeps no secret
        others: Sequence[Key] = ()
        if identity is None:
            self._looks.drop(key)
        else:
            others = self._looks.take(key, identity, verdict)
        for look in self._looks.of(key):
            is_open = self._looks.is_open(look)
            seconds = self._retry_seconds if is_open else self._drift_seconds
            self.schedule.put(look, seconds * jitter)
        times = [seconds * jitter for seconds in self._own_times(verdict, identity)]
        times.extend(self._ends(verdict))
        if times:
            self.schedule.put(key, min(times))
        else:
            self.schedule.drop(key)
        return others

    def _own_times(self, verdict: Verdict, identity: str | None) -> Iterator[float]:
        """Say after how long a workload is to be judged for what no other can see for it."""
        subject = verdict.subject
        if identity is None or any(one.temporary for one in subject.undecided.values()):
            yield self._retry_seconds
        if any(isinstance(one, ImageError) for one in subject.images.values()):
            yield self._drift_seconds

    def _ends(self, verdict: Verdict) -> Iterator[float]:
        """Say when what excuses it ends; the end of any other exception changes nothing."""
        now = self._now()
        for _, exception in verdict.excused:
            yield max(0.1, (exception.expires - now).total_seconds())

    async def identity(self, workload: Workload) -> str | None:
        """Tell which identity its images are looked up with, None if that can't be known now."""
        try:
            return (await self._keyring.identity(workload)).key
        except SlimgateError:
            return None
