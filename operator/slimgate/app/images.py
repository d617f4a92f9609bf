"""The CLI's way to facts: from registries with the user's own logins, and from images at hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from slimgate.app.parts import inspector_settings, registry_settings
from slimgate.core.credentials.identity import ANONYMOUS
from slimgate.core.images.facts import Inspection, Platform, Wants
from slimgate.core.images.source import SourcedReference, SourceKind
from slimgate.engine.inspector import Inspector, InspectorSettings, Question
from slimgate.registry.client import RegistryClient
from slimgate.settings import Settings
from slimgate.sources.logins import Logins
from slimgate.sources.opening import open_source
from slimgate.sources.stream import Progress


@dataclass(frozen=True, slots=True)
class CliInspector:
    """Inspects images wherever they lie; registries with the user's own logins."""

    _registry: Inspector
    _logins: Logins = field(default_factory=Logins)

    async def inspect(
        self,
        sourced: SourcedReference,
        *,
        platforms: tuple[Platform, ...],
        want: Wants,
        progress: Progress | None,
    ) -> Inspection:
        """Look a reference up, for these platforms; the empty tuple means all of them."""
        if sourced.kind is SourceKind.REGISTRY:
            identity = await self._logins.identity(sourced.reference)
            question = Question(sourced.reference, identity, platforms, want, sourced.text)
            return await self._registry.inspect(question)
        # What an image at hand claims of its base is not looked up: this must work offline.
        source = open_source(sourced, progress=progress)
        inspector = Inspector(source, InspectorSettings(claims=False))
        return await inspector.inspect(
            Question(sourced.reference, ANONYMOUS, platforms, want, sourced.text)
        )


@asynccontextmanager
async def cli_inspector(settings: Settings, *, exact: bool) -> AsyncIterator[CliInspector]:
    """Make the CLI's inspector; with `exact`, every layer is read whole."""
    registry = registry_settings(settings)
    async with RegistryClient(registry.exactly() if exact else registry) as client:
        inspector = Inspector(client, inspector_settings(settings))
        try:
            yield CliInspector(inspector)
        finally:
            await inspector.close()
