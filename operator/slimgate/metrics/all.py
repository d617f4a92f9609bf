"""All metrics of one process behind one object, which hears of events and is shown state."""

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Info, ProcessCollector

from slimgate.metrics.events import AdmissionMetrics, InspectionMetrics, RegistryMetrics
from slimgate.metrics.nodes import NodeCollector, NodeDisks
from slimgate.metrics.page import exposition
from slimgate.metrics.state import Following, MirrorCollector, Verdicts, WorkloadCollector


class Metrics:
    """Hears of everything that happens, as each observer that there is.

    State is shown to it once; it is read at each scrape.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._mirrors: list[Mapping[str, Following]] = []
        admissions = AdmissionMetrics(self.registry)
        inspections = InspectionMetrics(self.registry)
        registries = RegistryMetrics(self.registry)
        self.admission = admissions.admission
        self.refused = admissions.refused
        self.looked_up = inspections.looked_up
        self.pull_secret_skipped = inspections.pull_secret_skipped
        self.request = registries.request
        self.not_asked = registries.not_asked
        self.rate_limit = registries.rate_limit
        ProcessCollector(registry=self.registry)
        build = Info("slimgate_build", "The version that runs.", registry=self.registry)
        build.info({"version": version("slimgate")})

    def show_workloads(self, verdicts: Verdicts, policies: Callable[[], Iterable[str]]) -> None:
        """Show verdicts; `policies` names all that there are, whether or not they match any."""
        self.registry.register(WorkloadCollector(verdicts, policies))

    def show_nodes(self, nodes: NodeDisks) -> None:
        """Show what images cost the nodes."""
        self.registry.register(NodeCollector(nodes))

    def show_mirrors(self, mirrors: Mapping[str, Following]) -> None:
        """Show how closely the cluster is followed, by kind of object; more may be shown later."""
        if not self._mirrors:
            self.registry.register(MirrorCollector(self._mirrors))
        self._mirrors.append(mirrors)

    def page(self) -> bytes:
        """Write what Prometheus reads."""
        return exposition(self.registry)
