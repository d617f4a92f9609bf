"""Measures layers of what runs in spare time, the largest first: ADR 10 says why.

An estimate is believed until somebody has read the layer whole. Here that is done for all that
verdicts rest on, one layer at a time, with as much rest as it took, and each namespace has its turn
however many layers another has. What is found is kept with the facts, so no restart repeats it.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from slimgate.controller.ledger import Ledger
from slimgate.core.errors import ClusterError, ImageError
from slimgate.core.images.facts import Digest, Inspection, Layer, Wants
from slimgate.core.images.reference import Reference
from slimgate.core.policies.verdict import Verdict
from slimgate.core.quantity import format_bytes
from slimgate.core.text import printable
from slimgate.core.workloads.workload import Workload
from slimgate.engine.fair import SPARE
from slimgate.engine.inspector import Inspector, Question
from slimgate.engine.ports import Keyring

_LOG: Final = logging.getLogger(__name__)
_PERIOD: Final = 15.0
_REST: Final = 1.0
_RETRY: Final = 3600.0
"""When to try again a layer that could not be measured."""
_JUDGED: Final = 60.0
"""By then all that rests on a layer has been judged again, and is known here."""
_AT_ONCE: Final = 256
"""Verdicts that are gone through before others have their turn: milliseconds."""
_Place = tuple[str, Digest]
"""A registry and a layer in it."""


@dataclass(slots=True)
class _Candidate:
    """A layer that nobody has measured, and what it is in: by manifest, whose and under what name.

    One user of each manifest is enough: what is measured counts for all.
    """

    layer: Layer
    users: dict[Digest, tuple[Workload, Reference]] = field(default_factory=dict)


class Measuring:
    """Works through the layers that the ledger's verdicts rest on."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        inspector: Inspector,
        keyring: Keyring,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._inspector = inspector
        self._keyring = keyring
        self._clock = clock
        self._later: dict[_Place, float] = {}

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            if not await self.round():
                await asyncio.sleep(_PERIOD)

    async def round(self, rest: float = _REST) -> bool:
        """Measure the largest layer of each namespace, the largest of all first; False if none."""
        candidates = await self._candidates()
        self._later = {
            place: until for place, until in self._later.items() if place in candidates.all
        }
        chosen = candidates.chosen(self._is_due)
        for place in chosen:
            started = self._clock()
            await self._measure(place, candidates.all[place])
            await asyncio.sleep(max(rest, self._clock() - started))
        return bool(chosen)

    def _is_due(self, place: _Place) -> bool:
        return self._later.get(place, 0.0) <= self._clock()

    async def _candidates(self) -> "_Candidates":
        found = _Candidates()
        for number, verdict in enumerate(self._ledger.verdicts()):
            if not number % _AT_ONCE:
                await asyncio.sleep(0)
            if any(policy.limits.unpacked_size is not None for policy in verdict.policies):
                found.add(verdict)
        return found

    async def _measure(self, place: _Place, candidate: _Candidate) -> None:
        """Measure a layer, and have all images know it; only the first has it downloaded."""
        layer = place[1]
        wants = Wants(config=True, layers=True, measured=frozenset({layer}))
        for digest, (workload, reference) in candidate.users.items():
            text = str(reference)
            try:
                identity = replace(await self._keyring.identity(workload), asker=SPARE)
                question = Question(reference.at(digest), identity, (), wants, text)
                seen = await self._inspector.inspect(question)
            except (ImageError, ClusterError) as error:
                _LOG.debug("%s: %s", printable(text), error)
            except Exception:  # noqa: BLE001 - one image's trouble must not stop the controller
                _LOG.exception("slimgate itself failed to measure a layer of %s", printable(text))
            else:
                if not any(layer in image.unmeasured for image in seen.images):
                    _tell(candidate.layer, seen, text)
                    self._put_off(place, _JUDGED)
                    continue
            self._put_off(place, _RETRY)

    def _put_off(self, place: _Place, seconds: float) -> None:
        self._later[place] = max(self._later.get(place, 0.0), self._clock() + seconds)


class _Candidates:
    """All layers that nobody has measured, and those of each namespace."""

    def __init__(self) -> None:
        self.all: dict[_Place, _Candidate] = {}
        self._namespaces: dict[str, set[_Place]] = {}
        self._seen: set[tuple[str, str, Digest]] = set()

    def add(self, verdict: Verdict) -> None:
        """Take those that a verdict rests on; nothing twice for one namespace."""
        workload = verdict.subject.workload
        for use, seen in verdict.subject.inspected().items():
            for image in seen.images:
                key = workload.namespace, use.reference, image.digest or Digest("")
                if image.digest is None or key in self._seen:
                    continue
                self._seen.add(key)
                unmeasured = image.unmeasured
                for layer in image.layers:
                    if layer.digest is not None and layer.digest in unmeasured:
                        reference = Reference.parse(use.reference)
                        place = reference.registry, layer.digest
                        users = self.all.setdefault(place, _Candidate(layer)).users
                        users.setdefault(image.digest, (workload, reference))
                        self._namespaces.setdefault(workload.namespace, set()).add(place)

    def chosen(self, is_due: Callable[[_Place], bool]) -> list[_Place]:
        """Choose the largest that is due of each namespace, and order them by size."""
        largest = (
            max(filter(is_due, places), key=self._size, default=None)
            for places in self._namespaces.values()
        )
        return sorted(dict.fromkeys(filter(None, largest)), key=self._size, reverse=True)

    def _size(self, place: _Place) -> int:
        return self.all[place].layer.pull.least


def _tell(before: Layer, seen: Inspection, text: str) -> None:
    """Log an end that understated its layer: no common builder makes such."""
    told = before.unpacked.least
    for layer in (layer for image in seen.images for layer in image.layers):
        if layer.digest == before.digest and layer.unpacked.least > told:
            _LOG.warning(
                "%s: layer %s unpacks to %s or more, and its end tells %s",
                printable(text),
                layer.digest,
                format_bytes(layer.unpacked.least),
                format_bytes(told),
            )
