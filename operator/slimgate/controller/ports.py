"""What the controller asks of the cluster when it has something to write down."""

from collections.abc import Mapping
from ssl import SSLContext
from typing import Protocol

from slimgate.core.images.facts import Digest, ImageFacts
from slimgate.core.json_object import JsonObject
from slimgate.core.policies.verdict import Verdict
from slimgate.core.wording.notes import Note
from slimgate.core.wording.status import Status
from slimgate.core.workloads.kinds import Kind
from slimgate.core.workloads.workload import Workload
from slimgate.engine.objects import OwnKind


class WorkObserver(Protocol):
    """Told of the work on workloads, for metrics; all times are in seconds."""

    def waited(self, seconds: float) -> None:
        """Hear how long a workload waited in the queue."""

    def reached_verdict(self, seconds: float) -> None:
        """Hear how long it took to judge one."""

    def reconciled(self, seconds: float, *, failed: bool) -> None:
        """Hear how long it took to judge one and to record its verdict."""


class SilentWorkObserver:
    """Ignores what it hears."""

    def waited(self, seconds: float) -> None:
        """Do nothing."""

    def reached_verdict(self, seconds: float) -> None:
        """Do nothing."""

    def reconciled(self, seconds: float, *, failed: bool) -> None:
        """Do nothing."""


class Recorder(Protocol):
    """Writes what was found about workloads; ClusterError if the API server did not take it.

    Objects that are gone are no error. Everything may be written twice without effect.
    """

    async def annotate(
        self, kind: Kind, workload: Workload, annotations: Mapping[str, str | None]
    ) -> None:
        """Set annotations of the workload itself, and remove those that are None."""

    async def note(self, kind: Kind, workload: Workload, note: Note) -> None:
        """Emit an Event about the workload."""

    async def report(self, kind: Kind, workload: Workload, verdict: Verdict) -> None:
        """Write the workload's PolicyReport, or remove it where no policy applies to it."""

    async def unreport(self, kind: Kind, workload: Workload) -> None:
        """Have the workload no PolicyReport any more."""

    async def status(self, kind: OwnKind, resource: JsonObject, status: Status) -> None:
        """Write the status of a policy, an exception or a BaseImage if the resource's differs."""


class Access(Protocol):
    """A way to the API server; two are equal if they use the same credentials."""

    @property
    def server(self) -> str:
        """Where it is."""

    @property
    def tls(self) -> SSLContext:
        """Whom to trust, and the client's certificate."""

    @property
    def tls_name(self) -> str | None:
        """The name in the server's certificate, if it is not that of its address."""

    @property
    def proxy(self) -> str | None:
        """The proxy on the way."""

    async def authorization(self) -> str | None:
        """Give the header of a request that is sent now; ClusterError if it can't be had."""


class ProfileStore(Protocol):
    """Keeps facts as ImageProfile objects."""

    def digests(self) -> frozenset[Digest]:
        """List the manifests whose facts are kept."""

    def keeps(self, digest: Digest) -> bool:
        """Whether facts of a manifest are kept."""

    async def put(self, facts: ImageFacts, image: str | None) -> None:
        """Keep the facts of one manifest, and what people know it by.

        Nothing is written if they are kept already.
        """

    async def drop(self, digest: Digest) -> None:
        """Forget one manifest."""
