"""The commands of one user, over the same registry and an API server with the same objects."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from slimgate.app.images import CliInspector
from slimgate.app.view import CommandView
from slimgate.cli.check.judge import FindingEffect, Judged
from slimgate.cli.check.request import CheckRequest
from slimgate.cli.check.run import run
from slimgate.cli.preview.preview import Fate, policy_in_cluster, preview
from slimgate.cli.shared.lookups import look_up
from slimgate.cli.shared.progress import SilentBoard
from slimgate.cli.usage.images import used_images
from slimgate.cli.usage.scope import UsageScope
from slimgate.cluster.api import ClusterApi
from slimgate.core.admission.decision import ALLOWED
from slimgate.core.images.facts import Platform
from slimgate.core.policies.finding import Outcome
from slimgate.engine.inspector import Inspector
from slimgate.sources.anywhere import Anywhere
from tests.cli.make import outside
from tests.engine.cluster import Keys
from tests.judging.cells import Admission, Cell, brief, facts, whole
from tests.judging.cluster import SETTINGS
from tests.judging.rows import NAMESPACE, Json, Row
from tests.judging.server import Server
from tests.judging.stock import Registry, reference
from tests.support.clock import Clock

Facts = dict[str, Cell]


@dataclass(frozen=True, kw_only=True)
class Commands:
    """`check`, `preview`, `inspect` and `top`, each of which remembers what the others read."""

    row: Row
    folder: Path
    server: Server
    api: ClusterApi
    view: CommandView
    images: CliInspector
    inspectors: Sequence[Inspector]

    async def check(self, new: Json) -> Admission:
        """Check the workload by files alone."""
        rules = self.folder / "policy.yaml"
        rules.write_text(yaml.safe_dump_all(self.row.objects))
        platforms = [f"linux/{one}" for one in self.row.nodes]
        return await self._check(new, policies=[str(rules)], platforms=platforms)

    async def check_by_the_cluster(self, new: Json, old: Json | None) -> Admission:
        """Check it by a cluster that has the old workload."""
        with self._having(old):
            return await self._check(new, cluster=True)

    async def preview(self, new: Json) -> Cell:
        """Preview each policy in a cluster that has the new workload."""
        found: list[str] = []
        with self._having(new):
            for name in self.row.policies:
                wanted = await policy_in_cluster(name, self.view)
                seen = await preview(wanted, self.view, SETTINGS, SilentBoard(), seconds=5)
                (one,) = seen.foreseen
                found += whole(one.verdict)
                is_denied = any(d.outcome is Outcome.DENY for d in one.verdict.findings)
                assert not is_denied or one.fate is Fate.DENIED
        return tuple(sorted(found))

    async def inspect(self, images: Sequence[str]) -> Facts:
        """Inspect images for the platforms of the nodes."""
        platforms = tuple(Platform("linux", one) for one in sorted(self.row.nodes))
        texts = [reference(one) for one in images]
        found = await look_up(self.images, texts, platforms, SilentBoard(), seconds=5)
        return dict(zip(texts, map(facts, found), strict=True))

    async def top(self, new: Json) -> Facts:
        """List the images of a cluster that has the new workload."""
        scope = UsageScope(namespace=NAMESPACE)
        with self._having(new):
            usage = await used_images(self.view, SilentBoard(), scope, seconds=5)
        return {one.reference: facts(one.seen) for one in usage.images}

    async def _check(self, new: Json, **more: object) -> Admission:
        file = self.folder / "deploy.yaml"
        file.write_text(yaml.safe_dump(new))
        request = CheckRequest(files=[str(file)], **more)  # type: ignore[arg-type]
        report = await run(request, outside(self.images, SETTINGS, self.view))
        (judged,) = report.judged
        return _admission(judged)

    @contextmanager
    def _having(self, workload: Json | None) -> Iterator[None]:
        there = self.server.objects
        self.server.objects = there if workload is None else [*there, workload]
        yield
        self.server.objects = there


@asynccontextmanager
async def commands(
    row: Row, registry: Registry, clock: Clock, folder: Path
) -> AsyncIterator[Commands]:
    """Open them."""
    nodes = [{"apiVersion": "v1", "kind": "Node", **one} for one in row.node_objects]
    server = Server([*row.objects, *row.revisions, *nodes])
    async with server.running(folder) as api:
        places = Anywhere(registry)
        of_view, own = Inspector(registry, clock=clock), Inspector(places, clock=clock)
        yield Commands(
            row=row,
            folder=folder,
            server=server,
            api=api,
            view=CommandView(api, SETTINGS, of_view, Keys()),
            images=CliInspector(own, places),
            inspectors=(of_view, own),
        )
        await of_view.close()
        await own.close()


def _admission(judged: Judged) -> Admission:
    skipped = judged.decision is ALLOWED
    effects = {effect for _, effect in judged.findings}
    assert not skipped or effects <= {FindingEffect.AUDIT}
    # What could not be looked up is an error of its own on the command line.
    assert (
        FindingEffect.UNKNOWN in effects
        or (FindingEffect.DENY in effects) is not judged.decision.allowed
    )
    return Admission(
        # What the webhook does not judge is noted, and so no part of what it says.
        findings=() if skipped else whole(judged.verdict),
        brief=() if skipped else brief(judged.verdict),
        allowed=judged.decision.allowed,
        message=judged.decision.message,
        warnings=judged.decision.warnings,
    )
