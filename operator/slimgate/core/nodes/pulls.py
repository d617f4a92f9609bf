"""What nodes pulled, by the kubelets' own `Pulled` events: bytes and seconds beside each other.

Whoever may write events in a namespace can make them up, so they are told, and judge nothing.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from slimgate.core.errors import InvalidReferenceError
from slimgate.core.images.reference import Reference
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.nodes.node import MAX_COUNT, count_at

MAX_PULLS: Final = 10_000
"""Pairs of an image and a node that are told apart: a guess; the rest is counted only."""

_MAX_TEXT: Final = 2_048
_MAX_NODE: Final = 253
_MAX_SECONDS: Final = 7 * 24 * 3600
_MAX_TIMES: Final = 100_000
"""One event stands for no more pulls than these, whatever it says."""
_DURATION: Final = r"(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:h|ms|µs|us|ns|m|s)){1,6}"
_PULLED: Final = re.compile(
    rf'Successfully pulled image "(?P<image>[^"\s]{{1,1024}})" in (?P<took>{_DURATION})'
    rf"(?: \((?P<waited>{_DURATION}) including waiting\))?"
    r"(?:\. Image size: (?P<size>[0-9]{1,19}) bytes)?"
)
"""From Kubernetes 1.26 on; the size is told since 1.30. Some clients put words in front.

https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/images/image_manager.go#L381
"""
_UNITS: Final = re.compile(r"([0-9.]+)(h|ms|µs|us|ns|m|s)")
_SECONDS: Final = {
    "h": Fraction(3600), "m": Fraction(60), "s": Fraction(1), "ms": Fraction(1, 10**3),
    "µs": Fraction(1, 10**6), "us": Fraction(1, 10**6), "ns": Fraction(1, 10**9),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """One event: an image that a node pulled, for whom, and in how many `seconds`.

    `waited` has the time in the kubelet's queue, too. `size` is the runtime's own, as in the
    node's status: compressed on containerd, unpacked on CRI-O; None before Kubernetes 1.30.
    `times` is how often it was told.
    """

    image: str
    node: str
    namespace: str
    seconds: float
    waited: float
    size: int | None = None
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulls:
    """All pulls of one image by one node; sizes of those that tell none are not in `size`."""

    times: int = 0
    seconds: float = 0.0
    waited: float = 0.0
    slowest: float = 0.0
    size: int = 0
    without_size: int = 0

    @property
    def known_size(self) -> int | None:
        """Bytes of those that tell; None where none does."""
        return None if self.without_size and self.without_size == self.times else self.size

    def __add__(self, other: "Pulls") -> "Pulls":
        return Pulls(
            times=self.times + other.times,
            seconds=self.seconds + other.seconds,
            waited=self.waited + other.waited,
            slowest=max(self.slowest, other.slowest),
            size=min(self.size + other.size, MAX_COUNT),
            without_size=self.without_size + other.without_size,
        )

    def with_one(self, pull: Pull) -> "Pulls":
        """Add an event."""
        times = pull.times
        return self + Pulls(
            times=times,
            seconds=pull.seconds * times,
            waited=pull.waited * times,
            slowest=pull.seconds,
            size=(pull.size or 0) * times,
            without_size=times if pull.size is None else 0,
        )


NO_PULLS: Final = Pulls()


def pull_of(event: JsonObject) -> Pull | None:
    """Read an event of either API; None where it is not a kubelet's of a pull."""
    source = mapping_at(event, "source") or mapping_at(event, "deprecatedSource")
    component = text_at(event, "reportingComponent") or text_at(event, "reportingController")
    if "kubelet" not in {component, text_at(source, "component")}:
        return None
    if text_at(event, "reason") != "Pulled":
        return None
    node = text_at(source, "host") or text_at(event, "reportingInstance")
    about = mapping_at(event, "involvedObject") or mapping_at(event, "regarding")
    message = text_at(event, "message") or text_at(event, "note")
    found = _PULLED.search(message[:_MAX_TEXT])
    if found is None or not 0 < len(node) <= _MAX_NODE or text_at(about, "kind") != "Pod":
        return None
    seconds = _seconds(found["took"])
    series = count_at(mapping_at(event, "series"), "count")
    told = series or count_at(event, "count") or count_at(event, "deprecatedCount") or 1
    size = int(found["size"]) if found["size"] else None
    return Pull(
        image=canonical(found["image"]),
        node=node,
        namespace=text_at(about, "namespace"),
        seconds=seconds,
        waited=_seconds(found["waited"]) if found["waited"] else seconds,
        size=size if size is None or size <= MAX_COUNT else None,
        times=min(told, _MAX_TIMES),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PullSums:
    """Pulls of each image by all nodes, and by each node, which may be made up as events may.

    With what is in the `rest` both are all pulls, and so are those for each namespace.
    """

    images: Mapping[str, Pulls]
    nodes: Mapping[str, Pulls]
    rest: Pulls
    namespaces: Mapping[str, Pulls] = field(default_factory=dict)


class PullTable:
    """Adds up pulls by image and node, up to a bound; what is beyond that is in `rest`.

    A namespace has a row more only while it leaves as many free, so that none crowds out others.
    """

    def __init__(self) -> None:
        self.pairs: dict[tuple[str, str], Pulls] = {}
        self.namespaces: dict[str, Pulls] = {}
        """By that of the pod: the API server has looked at it, so nobody can make one up."""
        self.rest = Pulls()
        self._made: dict[str, int] = {}

    def add(self, pull: Pull) -> None:
        """Add an event."""
        space = pull.namespace
        self.namespaces[space] = self.namespaces.get(space, Pulls()).with_one(pull)
        key = pull.image, pull.node
        if key not in self.pairs:
            made = self._made.get(pull.namespace, 0)
            if made >= MAX_PULLS - len(self.pairs):
                self.rest = self.rest.with_one(pull)
                return
            self._made[pull.namespace] = made + 1
        self.pairs[key] = self.pairs.get(key, Pulls()).with_one(pull)

    def sums(self) -> PullSums:
        """Add up by image, and by node."""
        return PullSums(
            images=_by((image, pulls) for (image, _), pulls in self.pairs.items()),
            nodes=_by((node, pulls) for (_, node), pulls in self.pairs.items()),
            rest=self.rest,
            namespaces=self.namespaces,
        )


def _by(rows: Iterable[tuple[str, Pulls]]) -> dict[str, Pulls]:
    found: dict[str, Pulls] = {}
    for name, pulls in rows:
        found[name] = found.get(name, Pulls()) + pulls
    return found


def canonical(image: str) -> str:
    """Write what a pod calls an image as nodes list it: with its registry and its tag."""
    try:
        return str(Reference.parse(image))
    except InvalidReferenceError:
        return image


def _seconds(text: str) -> float:
    parts = (Fraction(number) * _SECONDS[unit] for number, unit in _UNITS.findall(text))
    return min(float(sum(parts)), float(_MAX_SECONDS))
