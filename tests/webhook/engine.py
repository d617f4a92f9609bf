"""The real engine over a shelf of images in memory, and judges that misbehave."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from slimgate.core.admission.decision import Effect
from slimgate.core.credentials.identity import ANONYMOUS, Identity
from slimgate.core.policies.exception import SlimException
from slimgate.core.policies.policy import Policy
from slimgate.core.policies.verdict import Verdict
from slimgate.core.workloads.workload import Workload
from slimgate.engine.catalog import Catalog
from slimgate.engine.inspector import Inspector
from slimgate.engine.judge import Judge
from slimgate.engine.ports import Place
from tests.engine.shelf import REGISTRY, Door, Shelf
from tests.support.images import image, layer

LIMIT = 4096
SLIM, FAT = "registry.test/shop:slim", "registry.test/shop:fat"
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def shelf() -> Shelf:
    """Hold an image within the limit, and one beyond it."""
    noise = bytes((i * i * 31 + i // 7) % 256 for i in range(64 * LIMIT))
    made = Shelf()
    made.put(SLIM, image([layer({"app": b"slim"})]))
    made.put(FAT, image([layer({"app": noise}, compression="none")]))
    return made


def shut() -> tuple[Shelf, Door]:
    """Hold the same behind a door, which nothing passes until it is opened."""
    made, door = shelf(), Door()
    made.doors[REGISTRY] = door
    return made, door


@dataclass(frozen=True)
class Anonymous:
    """A keyring without keys, for one namespace."""

    namespace: str

    def known(self, workload: Workload) -> Identity:
        """Know that there are none."""
        assert workload.namespace == self.namespace
        return ANONYMOUS

    async def identity(self, workload: Workload) -> Identity:
        """Find none."""
        return self.known(workload)

    async def newer(self, workload: Workload, refused: Identity) -> None:
        """Have no others."""


def policy(
    name: str = "default", mode: str = "Enforce", on_unknown: str = "Allow"
) -> dict[str, object]:
    """Make a SlimPolicy that the fat image breaks."""
    spec = {"mode": mode, "onUnknown": on_unknown, "limits": {"pullSize": {"deny": LIMIT}}}
    return {"metadata": {"name": name}, "spec": spec}


def catalog(*policies: dict[str, object]) -> Catalog:
    """Make a catalog of policies; one by default."""
    made = Catalog()
    for one in policies or (policy(),):
        made.put_policy(one)
    return made


def judge(policies: Catalog, source: Shelf | None = None, namespace: str = "shop") -> Judge:
    """Put the engine together."""
    return Judge(
        inspector=Inspector(source or shelf()),
        catalog=policies,
        keyring=Anonymous(namespace),
        now=lambda: NOW,
    )


@dataclass
class OddJudge:
    """Does what no judge should: `act` is called instead of judging."""

    act: Callable[[], object]
    waits: asyncio.Event | None = None

    def at_hand(self, workload: Workload, *, old: Workload | None = None) -> Verdict | None:
        """Know nothing, or act."""
        assert old is None or old.namespace == workload.namespace
        if self.waits is None:
            self.act()
        return None

    async def judge(
        self,
        workload: Workload,
        *,
        old: Workload | None = None,
        seconds: float | None = None,
        place: Place | None = None,
    ) -> Verdict:
        """Wait for ever if told so, whatever the deadline, then act."""
        assert workload.namespace == "shop"
        assert old is None or old.namespace == workload.namespace
        assert seconds is not None
        assert place is not None
        if self.waits is not None:
            await self.waits.wait()
        self.act()
        raise AssertionError("an odd judge comes to no verdict")


class OddPolicies:
    """Can't be consulted."""

    def matching(self, workload: Workload) -> tuple[Policy, ...]:
        """Fail."""
        raise LookupError(str(workload))

    def exceptions_for(self, workload: Workload) -> tuple[SlimException, ...]:
        """Fail."""
        raise LookupError(str(workload))


@dataclass
class Recorder:
    """Remembers what an observer hears."""

    admissions: list[tuple[str, str, bool]] = field(default_factory=list)
    found_in: list[tuple[str, Mapping[str, Effect], tuple[tuple[str, str], ...]]] = field(
        default_factory=list
    )
    refusals: list[int] = field(default_factory=list)
    exceptions: list[tuple[str, bool]] = field(default_factory=list)

    def admission(self, operation: str, outcome: str, seconds: float, *, allowed: bool) -> None:
        """Remember all but the time."""
        assert seconds >= 0
        self.admissions.append((operation, outcome, allowed))

    def exception(self, operation: str, *, allowed: bool) -> None:
        """Remember it."""
        self.exceptions.append((operation, allowed))

    def found(
        self, namespace: str, effects: Mapping[str, Effect], unknown: Iterable[tuple[str, str]]
    ) -> None:
        """Remember what policies found."""
        self.found_in.append((namespace, effects, tuple(unknown)))

    def invalid_request(self, status: int) -> None:
        """Remember the status."""
        self.refusals.append(int(status))
