"""What the admission server asks of others, as Protocols, and what others may hear from it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from slimgate.core.admission.decision import Effect
from slimgate.core.json_object import JsonObject
from slimgate.core.policies.exception import SlimException
from slimgate.core.policies.policy import Policy
from slimgate.core.policies.verdict import Verdict
from slimgate.core.workloads.workload import Workload
from slimgate.engine.ports import Place


class Judge(Protocol):
    """Judges workloads; engine.judge.Judge does."""

    def at_hand(self, workload: Workload, *, old: Workload | None = None) -> Verdict | None:
        """Reach the verdict that `judge` would, where that takes memory alone, or none."""

    async def judge(
        self,
        workload: Workload,
        *,
        old: Workload | None = None,
        seconds: float | None = None,
        place: Place | None = None,
    ) -> Verdict:
        """Judge within so many seconds: an image that is not known by then is an unknown finding.

        `old` is what runs now, for the growth check. `place` is taken where the verdict has to wait
        for what is not known, and for no longer than that.
        """


class History(Protocol):
    """Knows what workloads ran before."""

    async def __call__(self, workload: JsonObject, /) -> Sequence[Workload]:
        """List the templates that a workload had; ClusterError if they can't be had."""


class Reviewer(Protocol):
    """Answers AdmissionReviews of one path."""

    async def answer(self, body: bytes, seconds: float, /) -> bytes:
        """Answer a review within `seconds`; InvalidReviewError if the body is none."""

    def answer_unread(self, head: bytes, why: str, /) -> bytes | None:
        """Answer one of which only the beginning is known; None if that does not tell enough."""


class Loaded(Protocol):
    """Knows whether all is there that verdicts depend on; app.cluster.Core does."""

    def unready_reason(self) -> str | None:
        """Say what is not loaded yet; None once verdicts can be trusted."""

    async def ready(self) -> None:
        """Wait until everything is loaded."""


class Policies(Protocol):
    """Knows what applies to a workload, where no verdict can be had; engine.catalog has it."""

    def matching(self, workload: Workload) -> tuple[Policy, ...]:
        """Find the policies that speak of the workload."""

    def exceptions_for(self, workload: Workload) -> tuple[SlimException, ...]:
        """Find the exceptions of the workload's namespace."""


class AdmissionObserver(Protocol):
    """Told of every request, for metrics.

    All texts are of small fixed sets, but for the names of policies and namespaces.
    """

    def admission(self, operation: str, outcome: str, seconds: float, *, allowed: bool) -> None:
        """Hear of one answer about a workload.

        `operation` is CREATE, UPDATE, DELETE, CONNECT or other. `outcome` is a verdict's label,
        the value of a core.repeat.Skip, or one of FAULTS.
        """

    def exception(self, operation: str, *, allowed: bool) -> None:
        """Hear of one answer about a SlimException."""

    def found(
        self, namespace: str, effects: Mapping[str, Effect], unknown: Iterable[tuple[str, str]]
    ) -> None:
        """Hear of an admission in which policies found something.

        `unknown` are the check and the reason of all that could not be told.
        """

    def invalid_request(self, status: int) -> None:
        """Hear that a request was not an admission and got this HTTP status."""


class SilentAdmissionObserver:
    """Ignores what it hears."""

    def admission(self, operation: str, outcome: str, seconds: float, *, allowed: bool) -> None:
        """Do nothing."""

    def exception(self, operation: str, *, allowed: bool) -> None:
        """Do nothing."""

    def found(
        self, namespace: str, effects: Mapping[str, Effect], unknown: Iterable[tuple[str, str]]
    ) -> None:
        """Do nothing."""

    def invalid_request(self, status: int) -> None:
        """Do nothing."""
