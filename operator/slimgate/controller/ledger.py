"""What the controller knows: every workload it has seen, and the verdict on each."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from slimgate.controller.used_images import UsedImages
from slimgate.core.images.facts import Digest
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.nodes.node import WorkloadName
from slimgate.core.policies.verdict import Verdict
from slimgate.core.timestamp import parse_time
from slimgate.core.wording.annotations import (
    NO_ANNOTATIONS,
    SUMMARY,
    VERDICT,
    Annotate,
    annotations_of,
    wanted_annotations,
)
from slimgate.core.wording.status import Tally
from slimgate.core.workloads.kinds import Kind
from slimgate.core.workloads.workload import Workload

_MAX_MARK: Final = 2_048
"""Characters: anybody may write annotations of 256 KiB, and those of each workload are kept."""


@dataclass(frozen=True, slots=True)
class Key:
    """Names a workload."""

    kind: Kind
    namespace: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """A workload as the API server last showed it, with the annotations that are slimgate's."""

    kind: Kind
    workload: Workload
    verdict: str | None
    summary: str | None
    created: datetime | None = None

    @property
    def annotations(self) -> Mapping[str, str | None]:
        """The annotations that it carries."""
        return {VERDICT: self.verdict, SUMMARY: self.summary}

    @property
    def is_marked(self) -> bool:
        """Whether it carries any."""
        return self.verdict is not None or self.summary is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A workload, and its verdict once it has been judged.

    `says` is the verdict as annotations, be they written or not, and `said` the last one that an
    Event was considered for: what the API server shows may be older.
    """

    observed: Observed
    verdict: Verdict | None = None
    says: Mapping[str, str | None] = field(default_factory=lambda: NO_ANNOTATIONS)
    said: Mapping[str, str | None] | None = None

    @property
    def is_marked(self) -> bool:
        """Whether the workload carries anything of ours, or is about to."""
        judged = self.verdict is not None and bool(self.verdict.policies)
        return judged or self.observed.is_marked or any((self.said or {}).values())


class Ledger:
    """Every workload with its last verdict. Synchronous: the controller has one thread.

    Beside them it holds workloads whose verdict is their owner's for now; those count for nothing.
    """

    def __init__(self, annotate: Annotate = Annotate.OVER_POLICY) -> None:
        self.annotate = annotate
        self._records: dict[Key, Record] = {}
        self._held: dict[Key, Observed] = {}
        self._by_namespace: dict[str, dict[Key, None]] = {}
        self._by_uid: dict[str, Key] = {}
        self.judged_count = 0
        """How many workloads have a verdict."""
        self._images = UsedImages[Key]()
        self.tally = Tally()
        """What all verdicts together say of policies, exceptions and BaseImages."""

    def observe(self, key: Key, observed: Observed) -> bool:
        """Take a workload as it is now; whether it must be judged anew."""
        self._held.pop(key, None)
        before = self._records.get(key)
        if before is None or before.observed.workload.uid != observed.workload.uid:
            self._put(key, Record(observed=observed))
            return True
        if before.observed.workload != observed.workload:
            self._put(key, Record(observed=observed, said=before.said))
            return True
        self._records[key] = replace(before, observed=observed)
        # Who edits or removes our annotations gets them back.
        return before.verdict is None or self.lacks(observed, before.says) is not None

    def lacks(
        self, observed: Observed, says: Mapping[str, str | None]
    ) -> Mapping[str, str | None] | None:
        """Say which annotations a workload should carry, None if it carries them already."""
        wanted = self.wanted(says)
        return None if wanted == observed.annotations else wanted

    def wanted(self, says: Mapping[str, str | None]) -> Mapping[str, str | None] | None:
        """Say which annotations a verdict asks for; None if none are to be touched."""
        return wanted_annotations(self.annotate, says)

    def judged(self, key: Key, observed: Observed, verdict: Verdict) -> Record | None:
        """Keep a verdict, unless the workload has changed while it was reached: then None."""
        now = self._records.get(key)
        if now is None or now.observed.workload != observed.workload:
            return None
        says = annotations_of(verdict)
        if now.said is not None and now.said == says:
            says = now.said  # of two that are alike one is kept
        record = replace(now, verdict=verdict, says=says)
        self._put(key, record)
        return record

    def said(self, key: Key, observed: Observed, annotations: Mapping[str, str | None]) -> None:
        """Keep the annotations that an Event was written for."""
        now = self._records.get(key)
        if now is not None and now.observed.workload.uid == observed.workload.uid:
            self._records[key] = replace(now, said=annotations)

    def hold(self, key: Key, observed: Observed) -> None:
        """Hold a workload for its owner, whose verdict covers it for now."""
        self._held[key] = observed

    def holds(self, key: Key, uid: str) -> bool:
        """Whether that very workload is held for its owner."""
        held = self._held.get(key)
        return held is not None and held.workload.uid == uid

    def drop(self, key: Key, uid: str | None = None) -> bool:
        """Forget a workload, with `uid` only that very one; whether there was a record."""
        held = self._held.get(key)
        if held is not None and uid in {None, held.workload.uid}:
            del self._held[key]
        record = self._records.get(key)
        if record is None or uid not in {None, record.observed.workload.uid}:
            return False
        self._count(key, record.verdict, None)
        self._by_uid.pop(record.observed.workload.uid, None)
        del self._records[key]
        own = self._by_namespace[key.namespace]
        del own[key]
        if not own:
            del self._by_namespace[key.namespace]
        return True

    def _put(self, key: Key, record: Record) -> None:
        before = self._records.get(key)
        if before is None:
            self._by_namespace.setdefault(key.namespace, {})[key] = None
        else:
            self._by_uid.pop(before.observed.workload.uid, None)
        self._by_uid[record.observed.workload.uid] = key
        self._records[key] = record
        self._count(key, None if before is None else before.verdict, record.verdict)

    def _count(self, key: Key, before: Verdict | None, now: Verdict | None) -> None:
        """Keep what is counted of all verdicts, so that nobody need go through them."""
        self.judged_count += (now is not None) - (before is not None)
        if before is not None and now is not None and now.counts_as(before):
            return
        if before is not None:
            self.tally.drop(before)
            self._images.drop(key, before)
        if now is not None:
            self.tally.take(now)
            self._images.take(key, now)

    def get(self, key: Key) -> Record | None:
        """Return a record."""
        return self._records.get(key)

    def uids(self, kind: Kind) -> Mapping[Key, str]:
        """Return the workloads of a kind that are known or held, with their uids."""
        return {key: one.workload.uid for key, one in self._all() if key.kind == kind}

    def owned(self) -> Sequence[tuple[Key, Observed]]:
        """List the workloads, known or held, that have an owner."""
        return [(key, one) for key, one in self._all() if one.workload.owner is not None]

    def _all(self) -> Iterator[tuple[Key, Observed]]:
        # Of two of one name one is about to go, and what is judged itself stays until it does.
        yield from (one for one in self._held.items() if one[0] not in self._records)
        for key, record in self._records.items():
            yield key, record.observed

    def __contains__(self, key: Key) -> bool:
        return key in self._records

    def has(self, key: Key) -> bool:
        """Whether a workload is known or held."""
        return key in self._records or key in self._held

    def __iter__(self) -> Iterator[Key]:
        """Yield all workloads, as they were when this began."""
        return iter(list(self._records))

    def of_uid(self, uid: str) -> Key | None:
        """Find a workload by its uid."""
        return self._by_uid.get(uid)

    def within(self, namespace: str) -> Sequence[Key]:
        """List the workloads of one namespace."""
        return list(self._by_namespace.get(namespace, ()))

    def __len__(self) -> int:
        return len(self._records)

    @property
    def is_judged(self) -> bool:
        """Whether there are workloads, and a verdict on each of them."""
        return 0 < self.judged_count == len(self._records)

    def verdicts(self) -> Iterator[Verdict]:
        """Yield all verdicts."""
        return (r.verdict for r in list(self._records.values()) if r.verdict is not None)

    def workloads(self) -> Mapping[WorkloadName, Workload]:
        """Return all workloads by what their pods call them."""
        return {
            (key.namespace, key.kind.kind, key.name): record.observed.workload
            for key, record in list(self._records.items())
        }

    def resting_on(self, digests: AbstractSet[Digest]) -> Sequence[Key]:
        """List the workloads whose verdicts rest on facts of manifests."""
        return self._images.users(digests)

    def names(self) -> Mapping[Digest, Collection[str]]:
        """List the manifests that workloads use, and the references that they use them by."""
        return self._images.names


def observed_of(kind: Kind, resource: JsonObject, workload: Workload) -> Observed:
    """Read what is of interest from an object as the API server sends it."""
    metadata = mapping_at(resource, "metadata")
    verdict, summary = marks_of(metadata)
    return Observed(
        kind=kind,
        workload=workload,
        verdict=verdict,
        summary=summary,
        created=parse_time(text_at(metadata, "creationTimestamp")),
    )


def marks_of(metadata: JsonObject) -> tuple[str | None, str | None]:
    """Read the annotations that are slimgate's, as long as one of its own can be and more."""
    annotations = mapping_at(metadata, "annotations")
    verdict, summary = (text_at(annotations, one)[:_MAX_MARK] for one in (VERDICT, SUMMARY))
    return verdict or None, summary or None
