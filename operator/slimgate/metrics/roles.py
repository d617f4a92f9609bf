"""All metrics of one process behind one object, which hears of events and is shown state."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry

from slimgate.engine.catalog import Catalog
from slimgate.engine.objects import OwnKind
from slimgate.metrics.admissions import AdmissionMetrics, Serving, ServingCollector
from slimgate.metrics.api_server import ApiServerMetrics
from slimgate.metrics.bases import BaseCollector, BaseLookups
from slimgate.metrics.certificate import Certificate, CertificateCollector
from slimgate.metrics.inspections import InspectionMetrics
from slimgate.metrics.leadership import LeadershipCollector, Leads
from slimgate.metrics.named import Named
from slimgate.metrics.nodes import NodeCollector, Nodes
from slimgate.metrics.page import exposition
from slimgate.metrics.process import ProcessMetrics
from slimgate.metrics.pulls import PullCollector, PulledImages
from slimgate.metrics.registries import RegistryMetrics
from slimgate.metrics.watches import Following, WatchCollector
from slimgate.metrics.work import Queue, QueueCollector, WorkMetrics
from slimgate.metrics.workloads import Verdicts, WorkloadCollector


class Metrics:
    """What both roles have. It is each observer that there is in both."""

    def __init__(self, role: str, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._mirrors: list[Mapping[str, Following]] = []
        inspections = InspectionMetrics(self.registry)
        registries = RegistryMetrics(self.registry)
        self.looked_up = inspections.looked_up
        self.pull_secret_skipped = inspections.pull_secret_skipped
        self.request = registries.request
        self.request_skipped = registries.request_skipped
        self.rate_limit = registries.rate_limit
        self.worked = registries.worked
        self.put_off = registries.put_off
        self.api_request = ApiServerMetrics(self.registry).api_request
        process = ProcessMetrics(self.registry, role)
        self.loop_delayed = process.loop_delayed
        self.loop_held = process.loop_held

    def show_mirrors(self, mirrors: Mapping[str, Following]) -> None:
        """Show how closely the cluster is followed, by kind of object; more may be shown later."""
        if not self._mirrors:
            self.registry.register(WatchCollector(self._mirrors))
        self._mirrors.append(mirrors)

    def show_bases(self, bases: BaseLookups) -> None:
        """Show whether the bases of BaseImages are known."""
        self.registry.register(BaseCollector(bases))

    def page(self) -> bytes:
        """Write what Prometheus reads."""
        return exposition(self.registry)


class WebhookMetrics(Metrics):
    """What the webhook has besides."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        super().__init__("webhook", registry)
        admissions = AdmissionMetrics(self.registry)
        self.admission = admissions.admission
        self.exception = admissions.exception
        self.found = admissions.found
        self.invalid_request = admissions.invalid_request
        self._keep_policies = admissions.keep_policies

    def follow_policies(self, catalog: Catalog) -> None:
        """Have what a policy has counted go with it, whether or not it could be read at last."""

        def keep() -> None:
            names = {name for kind, _, name in catalog.objects if kind is OwnKind.POLICY}
            self._keep_policies(names)

        catalog.objects.listen(keep)

    def show_serving(self, serving: Serving) -> None:
        """Show what the server has to do, and its certificate."""
        self.registry.register(ServingCollector(serving))


class ControllerMetrics(Metrics):
    """What the controller has besides."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        super().__init__("controller", registry)
        work = WorkMetrics(self.registry)
        self.waited = work.waited
        self.reached_verdict = work.reached_verdict
        self.reconciled = work.reconciled
        self.nodes = CollectorRegistry()
        self._nodes_page = b""

    def show_leadership(self, leadership: Leads) -> None:
        """Show whether this one leads; what only a leader knows is shown once it does."""
        self.registry.register(LeadershipCollector(leadership))

    def show_queue(self, queue: Queue) -> None:
        """Show what waits to be judged."""
        self.registry.register(QueueCollector(queue))

    def show_workloads(self, verdicts: Verdicts, catalog: Catalog) -> None:
        """Show verdicts, by all policies that there are, whether or not they match any."""
        self.registry.register(WorkloadCollector(verdicts, catalog))

    def show_certificate(self, certificate: Certificate) -> None:
        """Show the webhook's certificate as the controller keeps it."""
        self.registry.register(CertificateCollector(certificate))

    def show_nodes(self, nodes: Nodes, named: Named | None = None) -> None:
        """Show what images cost the nodes, as of each look."""
        self.nodes.register(NodeCollector(nodes, named=named))

    def show_pulls(self, pulls: PulledImages, nodes: Nodes, named: Named | None = None) -> None:
        """Show what nodes pulled, as of each look at nodes."""
        self.nodes.register(PullCollector(pulls, nodes, named or Named()))

    def nodes_looked_at(self) -> None:
        """Write what the last look found, in any thread, so that no scrape has to."""
        self._nodes_page = exposition(self.nodes)

    def page(self) -> bytes:
        """Write what Prometheus reads."""
        return super().page() + self._nodes_page
