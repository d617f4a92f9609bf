"""Keeps statuses true, a moment after what they count or say has changed."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from slimgate.controller.changed import heard
from slimgate.controller.ledger import Ledger
from slimgate.controller.ports import Recorder
from slimgate.core.errors import ClusterError, InvalidPolicyError
from slimgate.core.images.reference import Reference
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.policies.budget import NO_BUDGETS, OverBudgets
from slimgate.core.policies.hinges import depends
from slimgate.core.policies.policy import BaseRules, Policy
from slimgate.core.wording.status import (
    BaseLookup,
    BudgetLook,
    Counts,
    Dependency,
    Status,
    Tally,
    Trial,
    Use,
    base_image_status,
    exception_status,
    policy_status,
)
from slimgate.engine.bases import Bases
from slimgate.engine.catalog import Catalog
from slimgate.engine.objects import ObjectKey, OwnKind
from slimgate.process.loop import Breath

_LOG: Final = logging.getLogger(__name__)
_PAUSE: Final = 1.0
"""Seconds to gather changes in: a status is for people and dashboards."""
_SHARE: Final = 10
"""Times as long a pause as the last round took, and `_REPEAT` at most: writing is work, too."""
_PATIENCE: Final = 15
"""Pauses after the start in which counts of all workloads are waited for, and none is judged."""
_LONGEST: Final = 600
"""The same while some are."""
_EMPTY: Final = 3
"""The same while no workload has been seen at all: there may be none."""
_REPEAT: Final = 30.0
"""Seconds after which what could not be written, or has expired, is looked at again."""
_WHOLE: Final = 600.0
"""Seconds after which everything is: that an exception is in use, or not, is told in days."""


class Statuses:
    """Writes statuses whenever `changed` is set."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        ledger: Ledger,
        recorder: Recorder,
        bases: Bases,
        changed: asyncio.Event,
        now: Callable[[], datetime],
        budgets: Callable[[], OverBudgets] = lambda: NO_BUDGETS,
        pause: float = _PAUSE,
    ) -> None:
        self._catalog = catalog
        self._ledger = ledger
        self._recorder = recorder
        self._bases = bases
        self._changed = changed
        self._now = now
        self._budgets = budgets
        self._pause = pause
        self._uses: dict[tuple[str, ObjectKey], Use] = {}
        """Of exceptions by uid and key: what a mirror shows may be older than what was written."""
        self._seen: dict[ObjectKey, JsonObject] = {}
        """The objects whose statuses were written, as they were then."""
        self._whole: tuple[object, ...] = ()
        self._looked = now()
        self._over = budgets()

    async def run(self) -> None:
        """Work until cancelled."""
        await self._settle()
        while True:
            await heard(self._changed, _REPEAT)
            started = time.monotonic()
            await self.write(self.stale())
            await asyncio.sleep(pause_after(time.monotonic() - started, self._pause))

    async def _settle(self) -> None:
        """Wait until what there is has been judged once: a part of it would make wrong counts."""
        looks, left, judged = 0, _LONGEST, -1
        while looks < (_PATIENCE if len(self._ledger) else _EMPTY) and not self._ledger.is_judged:
            await asyncio.sleep(self._pause)
            # As long as it goes on it is not given up: thousands take minutes.
            looks, left = looks + 1, left - 1
            if self._ledger.judged_count != judged and left:
                looks, judged = 0, self._ledger.judged_count

    async def write(self, keys: Iterable[ObjectKey] | None = None) -> None:
        """Write what differs from what the resources hold, of some or of all."""
        catalog, breath = self._catalog, Breath()
        for key in list(catalog.objects) if keys is None else keys:
            await breath.take()
            resource = catalog.objects.get(key)
            if resource is None:
                continue  # it went while others were written
            self._seen[key] = resource
            try:
                await self._recorder.status(key[0], resource, self._status(key, resource))
            except ClusterError as error:
                _LOG.warning("the status of %s could not be written: %s", key[2], error)
                del self._seen[key]
        there = {(_uid(one), key) for key, one in catalog.objects.items()}
        self._uses = {key: use for key, use in self._uses.items() if key in there}
        self._seen = {key: one for key, one in self._seen.items() if key in catalog.objects}

    def stale(self) -> Sequence[ObjectKey]:
        """List what may have another status than when it was written.

        That is what is counted otherwise, and what was edited or could not be written; all hinges
        on policies and on what is known of bases.
        """
        catalog, now = self._catalog, self._now()
        since, self._looked = self._looked, now
        touched = self._ledger.tally.touched()
        whole = catalog.generation, self._bases.news, now.timestamp() // _WHOLE
        if whole != self._whole:
            self._whole = whole
            return list(catalog.objects)
        before, self._over = self._over, self._budgets()
        over = [n for n in before.keys() | self._over.keys() if before.get(n) != self._over.get(n)]
        ended = [name for name, one in catalog.exceptions.items() if since < one.expires <= now]
        counted = {
            *((OwnKind.POLICY, "", name) for name in (*touched.policies, *over)),
            *((OwnKind.EXCEPTION, *name) for name in (*touched.exceptions, *ended)),
            *((OwnKind.BASE_IMAGE, "", name) for name in touched.base_images),
        }
        return [
            key
            for key, resource in catalog.objects.items()
            if key in counted or self._seen.get(key) is not resource
        ]

    def _status(self, key: ObjectKey, resource: JsonObject) -> Status:
        (kind, _, name), counts = key, self._ledger.tally
        if kind is OwnKind.POLICY:
            return self._policy(name, counts)
        if kind is OwnKind.BASE_IMAGE:
            return self._base_image(name, counts)
        return self._exception(key, resource, counts)

    def _policy(self, name: str, counts: Tally) -> Status:
        if (error := self._catalog.broken.get(name)) is not None:
            return policy_status(str(error), (), Counts())
        policy = self._catalog.policies[name]
        dependencies = () if policy.bases is None else self._dependencies(policy.bases)
        budget = None if policy.budget is None else BudgetLook(over=self._budgets().get(name))
        return policy_status(None, dependencies, counts.policies.get(name, Counts()), budget)

    def _dependencies(self, rules: BaseRules) -> Iterator[Dependency]:
        for image in self._catalog.base_images:
            for reference in depends(rules, image):
                history = self._bases.history(reference)
                missing = history and history.missing
                yield Dependency(
                    base_image=image.name,
                    reference=image.text_of(reference),
                    pending=history is None,
                    error=None if missing is None else str(missing),
                )

    def _base_image(self, name: str, counts: Tally) -> Status:
        if (error := self._catalog.broken_base_images.get(name)) is not None:
            return base_image_status(str(error), (), 0)
        image = self._catalog.base_image(name)
        lookups = [self._lookup(one, image.text_of(one)) for one in image.references]
        return base_image_status(None, lookups, counts.images(name))

    def _lookup(self, reference: Reference, text: str) -> BaseLookup:
        history = self._bases.history(reference)
        if history is None:
            return BaseLookup(reference=text, pending=True)
        return BaseLookup(reference=text, error=history.error, digests=history.digests)

    def _exception(self, key: ObjectKey, resource: JsonObject, counts: Tally) -> Status:
        name, own, now = key[1:], (_uid(resource), key), self._now()
        excused = counts.exceptions.get(name)
        before = self._uses.get(own) or Use.of(resource)
        use = self._uses[own] = before.then(excused.workloads if excused else 0, now)
        if (error := self._catalog.broken_exceptions.get(name)) is not None:
            return exception_status(Trial(error=str(error)), use, now)
        exception = self._catalog.exceptions[name]
        named = {one: self._catalog.find_policy(one) for one in exception.policies}
        policies = [one for one in named.values() if isinstance(one, Policy)]
        refusals = [one for p in policies if (one := exception.refused_by(p, now)) is not None]
        trial = Trial(
            expires=exception.expires,
            excused=excused,
            missing=[one for one, policy in named.items() if policy is None],
            invalid=[one for one, p in named.items() if isinstance(p, InvalidPolicyError)],
            refusals=[(one.reason, one.message) for one in refusals],
            honoured=len(refusals) < len(policies),
        )
        return exception_status(trial, use, now)


def _uid(resource: JsonObject) -> str:
    return text_at(mapping_at(resource, "metadata"), "uid")


def pause_after(seconds: float, least: float = _PAUSE) -> float:
    """Say how long to pause after a round that took so many seconds.

    A round that has waited for a busy API server must not leave wrong counts as they are for long.
    """
    return max(least, min(_SHARE * seconds, _REPEAT))
