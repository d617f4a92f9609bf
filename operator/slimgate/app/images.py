"""The CLI's way to facts: from registries with the user's own logins, and from images at hand."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from slimgate.app.parts import inspector_settings, own_identity, providers, registry_settings
from slimgate.core.credentials.identity import ANONYMOUS
from slimgate.core.images.facts import Inspection, Platform, Wants
from slimgate.core.images.reference import Reference
from slimgate.core.images.source import SourcedReference
from slimgate.engine.bases import Bases
from slimgate.engine.inspector import Inspector, Question
from slimgate.registry.client import RegistryClient
from slimgate.settings import Settings
from slimgate.sources.anywhere import Anywhere
from slimgate.sources.logins import Logins
from slimgate.sources.stream import Progress

_RETRIES: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds: whoever runs a command waits for longer than an admission can, up to --timeout."""


@dataclass(frozen=True, slots=True)
class CliInspector:
    """Inspects images wherever they lie."""

    _engine: Inspector
    _places: Anywhere

    @property
    def bases(self) -> Bases:
        """What images are compared with."""
        return self._engine.bases

    async def inspect(
        self,
        sourced: SourcedReference,
        *,
        platforms: tuple[Platform, ...],
        want: Wants,
        progress: Progress | None,
    ) -> Inspection:
        """Look a reference up, for these platforms; the empty tuple means all of them."""
        self._places.open(sourced.reference, progress)
        question = Question(sourced.reference, ANONYMOUS, platforms, want, sourced.text)
        return await self._engine.inspect(question)


@asynccontextmanager
async def cli_inspector(
    settings: Settings,
    *,
    exact: bool,
    locate_base: Callable[[Reference], Reference] = lambda reference: reference,
) -> AsyncIterator[CliInspector]:
    """Make the CLI's inspector; with `exact`, every layer is read whole.

    `locate_base` tells where the references of BaseImages are looked up.
    """
    registry = replace(registry_settings(settings), retries=_RETRIES)
    async with RegistryClient(
        registry.exactly() if exact else registry, providers=providers(settings)
    ) as client:
        places = Anywhere(client, Logins(own_identity(settings)))
        inspector = Inspector(places, inspector_settings(settings), locate_base=locate_base)
        try:
            yield CliInspector(inspector, places)
        finally:
            await inspector.close()
