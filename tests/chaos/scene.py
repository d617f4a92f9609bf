"""Workloads, policies and images of which is known at any time what slimgate must say of them."""

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from slimgate.cluster.resources import OPEN_REPORTS
from tests.chaos.registry import MoodyRegistry
from tests.live import make
from tests.live.api import Json
from tests.live.room import VERDICT, Room
from tests.live.shelf import FAT, SMALL, TINY, noisy, pull_size
from tests.support.images import Image, Pusher

KINDS: Final = ("Deployment", "StatefulSet", "CronJob", "DaemonSet", "Pod")
_SIZES: Final = (TINY, SMALL, FAT)
_LIMITS: Final[tuple[Json, ...]] = (
    {"deny": "300k"},
    {"warn": "40k", "deny": "300k"},
    {"warn": None, "deny": "40k"},
    {"warn": "300k", "deny": "10M"},
    {"warn": None, "deny": "10M"},
)
_BYTES: Final = {"40k": 40_000, "300k": 300_000, "10M": 10_000_000}
_RESULTS: Final = {"allow": "pass", "warn": "warn", "deny": "fail"}
_PLATFORM: Final = re.compile(r" \(linux/\w+\)")

Said = tuple[str, str]
"""A verdict, and the limit that it names."""
SILENT: Final[Said] = ("allow", "")


@dataclass(kw_only=True)
class Placed:
    """A workload and its image, and what was said of it when all was right last."""

    obj: Json
    image: str
    said: Said = SILENT
    told: int = 0
    unknown: int = 0

    @property
    def uid(self) -> str:
        """Of the object."""
        return str(self.obj["metadata"]["uid"])

    def __str__(self) -> str:
        metadata = self.obj["metadata"]
        return f"{self.obj['kind']} {metadata['namespace']}/{metadata['name']}"


@dataclass(frozen=True)
class Told:
    """slimgate's Events of a namespace."""

    events: Sequence[Json]

    def count(self, one: Placed) -> tuple[int, int]:
        """Return how often something known was said of a workload, and that it is unknown."""
        known: dict[str, int] = {}
        unknown = 0
        for event in self.events:
            if event["regarding"]["uid"] != one.uid:
                continue
            times = event.get("series", {}).get("count", 1)
            if event["reason"] == "ImageUnknown":
                unknown += times
            else:
                # What is known of the same image may come in parts.
                text = event["reason"] + _PLATFORM.sub("", event["note"])
                known[text] = max(known.get(text, 0), times)
        return sum(known.values()), unknown


@dataclass(kw_only=True)
class Place:
    """A room with one policy, and the workloads in it."""

    room: Room
    registry: MoodyRegistry
    policy: str = ""
    limit: Json = field(default_factory=lambda: dict(_LIMITS[0]))
    workloads: list[Placed] = field(default_factory=list)
    images: dict[str, Image] = field(default_factory=dict)

    def open(self) -> "Place":
        """Make its policy."""
        self.policy = self.room.policy(limits={"pullSize": self.limit}, onUnknown="Deny")
        return self

    def push(self, name: str, content: Image) -> str:
        """Have a tag mean an image, and return its reference."""
        where = self.room.shelf.path
        self.room.shelf.pushed.add(content.digest)
        Pusher(url=f"http://{self.registry.target}").push(f"{where}/{name}", "v1", content)
        self.images[name] = content
        return f"{self.registry.host}/{where}/{name}:v1"

    def deploy(self, name: str, size: int, kind: str = "Deployment") -> None:
        """Make a workload of an image of its own, past the webhook."""
        self.push(name, noisy(size))
        self.deploy_as(name, kind)

    def deploy_as(self, name: str, kind: str = "Deployment") -> None:
        """Make a workload of the image of its name."""
        reference = f"{self.registry.host}/{self.room.shelf.path}/{name}:v1"
        # By its own label no controller takes a pod for its own.
        obj = self.room.workload(reference, kind=kind, name=name, labels={"app": name})
        obj = self.room.api.create(obj)
        self.workloads.append(Placed(obj=obj, image=name))

    def remove(self, count: int) -> None:
        """Delete workloads."""
        gone, self.workloads = self.workloads[:count], self.workloads[count:]
        for one in gone:
            self.room.api.delete(one.obj)

    def expected(self, one: Placed) -> Said:
        """Say what slimgate must say of a workload now."""
        size = pull_size(self.images[one.image])
        for verdict in ("deny", "warn"):
            limit = self.limit.get(verdict)
            if limit is not None and size > _BYTES[limit]:
                return verdict, limit
        return SILENT

    def change_limit(self, limit: Json) -> None:
        """Edit the policy."""
        self.limit = limit
        self.room.api.patch(make.policy(self.policy, {}), {"spec": {"limits": {"pullSize": limit}}})

    def differences(self) -> Iterator[str]:
        """Say what is not as it must be; what is expected anew has one Event more."""
        events = self._events()
        reports = Counter(report["scope"]["uid"] for report in self._reports())
        results = {
            report["scope"]["uid"]: [one["result"] for one in report["results"]]
            for report in self._reports()
        }
        for one in self.workloads:
            said = self.expected(one)
            annotated = self.room.annotations(one.obj).get(VERDICT)
            if annotated != (None if said == SILENT else said[0]):
                yield f"{one} is annotated {annotated}, not {said[0]}"
            told, (known, unknown) = one.told + (said != one.said), events.count(one)
            # What was unknown in between is told of anew.
            if not told <= known <= told + unknown - one.unknown:
                yield f"{one} has {known} Events, not {told}"
            if results.get(one.uid) != [_RESULTS[said[0]]] or reports[one.uid] != 1:
                yield f"{one} has {reports[one.uid]} reports, {results.get(one.uid)}"
        if strange := reports.keys() - {one.uid for one in self.workloads}:
            yield f"{len(strange)} reports are of nobody"
        yield from self._status_differences()

    def settled(self) -> None:
        """Take it as it is, for what changes next."""
        events = self._events()
        for one in self.workloads:
            one.said = self.expected(one)
            one.told, one.unknown = events.count(one)

    def _status_differences(self) -> Iterator[str]:
        wanted = Counter(self.expected(one)[0] for one in self.workloads)
        status = self.room.status(self.policy)
        counts = {"workloads": len(self.workloads)}
        counts |= {"denied": wanted["deny"], "warned": wanted["warn"], "unknown": 0}
        found = {name: status.get(name, 0) for name in counts}
        if found != counts:
            yield f"{self.policy} counts {found}, not {counts}"

    def _events(self) -> "Told":
        own = {"fieldSelector": "reportingController=slimgate"}
        return Told(self.room.api.list("Event", self.room.namespace, own))

    def _reports(self) -> Sequence[Json]:
        found: Sequence[Json] = self.room.api.call(
            "GET", OPEN_REPORTS.within(self.room.namespace)
        ).body["items"]
        return found


@dataclass(kw_only=True)
class Scene:
    """One place whose policy is edited, one whose tags move, and one where workloads come and go.

    So nothing is changed twice at once, and each change is one Event.
    """

    edited: Place
    moved: Place
    passing: Place
    random: random.Random
    _number: int = 0

    @property
    def places(self) -> Sequence[Place]:
        """All of them."""
        return self.edited, self.moved, self.passing

    def fill(self, count: int) -> None:
        """Make so many workloads in each place, of every kind and size."""
        for place in self.places:
            self._add(place, count)

    def change(self) -> None:
        """Change what slimgate has to say of much of it."""
        others = [limit for limit in _LIMITS if limit != self.edited.limit]
        self.edited.change_limit(self.random.choice(others))
        chosen = self.random.sample(self.moved.workloads, len(self.moved.workloads) // 2)
        for one in chosen:
            fat = pull_size(self.moved.images[one.image]) > FAT
            self.moved.push(one.image, noisy(TINY if fat else FAT))
        self.passing.remove(2)
        self._add(self.passing, 2)

    def differences(self) -> list[str]:
        """Say what is not as it must be."""
        return [said for place in self.places for said in place.differences()] + self._lost()

    def settled(self) -> None:
        """Take it as it is."""
        for place in self.places:
            place.settled()

    def _add(self, place: Place, count: int) -> None:
        for number in range(self._number, self._number + count):
            place.deploy(f"app-{number}", _SIZES[number % 3], KINDS[number % len(KINDS)])
        self._number += count

    def _lost(self) -> list[str]:
        """Say which images in use have no profile."""
        api = self.edited.room.api
        held = {one["metadata"]["name"] for one in api.list("ImageProfile")}
        used = {
            place.images[one.image].digest.replace(":", "-")
            for place in self.places
            for one in place.workloads
        }
        return [f"{len(used - held)} images have no profile"] if used - held else []
