"""The user's own registry logins: ~/.docker/config.json and credential helpers.

Both block, so they are read in a thread.
"""

import logging
import os
from pathlib import Path
from typing import Final

from slimgate.core.credentials.docker_config import (
    MAX_CONFIG,
    MalformedDockerConfigError,
    helper_of,
    parse_config,
)
from slimgate.core.credentials.identity import ANONYMOUS, CredentialEntry, Identity
from slimgate.core.errors import UnauthorizedError
from slimgate.core.images.reference import DOCKER_HUB, Reference
from slimgate.core.text import printable
from slimgate.engine.flights import Flights
from slimgate.sources import helpers
from slimgate.sources.helpers import HelperError, MissingHelperError
from slimgate.sources.once import in_thread
from slimgate.sources.stream import Watch

_LOG: Final = logging.getLogger(__name__)
_HUB: Final = "index.docker.io"
_HUB_NAMES: Final = (_HUB, DOCKER_HUB)
_HUB_SERVER: Final = "https://index.docker.io/v1/"
"""What docker asks helpers for."""


class Logins:
    """Finds the logins for a registry, once for each, however many ask at the same time.

    `own` are those of slimgate's configuration, which come after the user's.
    """

    def __init__(self, own: Identity = ANONYMOUS) -> None:
        self._own = own
        self._known: dict[str, Identity] = {}
        self._flights: Flights[str, Identity] = Flights()
        self._missing: set[str] = set()

    async def identity(self, reference: Reference) -> Identity:
        """Find the user's logins; anonymous if there are none. Raises UnauthorizedError."""
        registry = reference.registry
        if registry in self._known:
            return self._known[registry]
        return await self._flights.join(registry, lambda: self._find(registry))

    async def _find(self, registry: str) -> Identity:
        found: tuple[CredentialEntry, ...] = ()
        if config_file().is_file():
            found = await in_thread(lambda watch: self._look_up(registry, watch))
        identity = Identity((*found, *self._own.entries))
        self._known[registry] = identity
        return identity

    def _look_up(self, registry: str, watch: Watch) -> tuple[CredentialEntry, ...]:
        try:
            return self._entries(registry, watch)
        except (OSError, HelperError, MalformedDockerConfigError) as error:
            raise UnauthorizedError(
                f"the login for {printable(registry, 128)} can't be read from {config_file()} "
                f"({_reason(error)}); run `docker login` again"
            ) from error

    def _entries(self, registry: str, watch: Watch) -> tuple[CredentialEntry, ...]:
        """Find logins as docker does: the registry's own helper, else the store, then the file.

        Which of the file's are for an image is decided by path, as the kubelet does.
        """
        with config_file().open("rb") as file:
            body = file.read(MAX_CONFIG + 1)
        entries = parse_config(body).entries
        is_hub = registry == DOCKER_HUB
        helper = helper_of(body, _HUB_NAMES if is_hub else (registry,))
        if helper is None:
            return entries
        try:
            found = helpers.ask(
                helper, _HUB_SERVER if is_hub else registry, lambda: watch.is_stopped
            )
        except MissingHelperError as error:
            # What is public needs no login, and who has no helper has none.
            if helper not in self._missing:
                self._missing.add(helper)
                _LOG.warning("note: %s, so its logins are not used", error)
            return entries
        if found is None:
            return entries
        return (CredentialEntry(_HUB if is_hub else registry, found), *entries)


def config_file() -> Path:
    """Tell where docker keeps its configuration."""
    folder = os.environ.get("DOCKER_CONFIG")
    return (Path(folder) if folder else Path.home() / ".docker") / "config.json"


def _reason(error: Exception) -> str:
    return (error.strerror or "unknown fault") if isinstance(error, OSError) else str(error)
