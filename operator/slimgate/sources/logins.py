"""The user's own registry logins: ~/.docker/config.json and credential helpers.

Both block, so they are read in a thread.
"""

import os
from pathlib import Path
from typing import Final

from slimgate.core.credentials.docker_config import (
    MAX_CONFIG,
    MalformedDockerConfigError,
    helper_of,
    host_of,
    parse_config,
)
from slimgate.core.credentials.identity import ANONYMOUS, Credential, CredentialEntry, Identity
from slimgate.core.errors import UnauthorizedError
from slimgate.core.images.reference import DOCKER_HUB, Reference
from slimgate.core.text import printable
from slimgate.engine.flights import Flights
from slimgate.sources import helpers
from slimgate.sources.helpers import HelperError
from slimgate.sources.once import in_thread

_HUB: Final = "index.docker.io"
_HUB_NAMES: Final = (_HUB, DOCKER_HUB)
_HUB_SERVER: Final = "https://index.docker.io/v1/"
"""What docker asks helpers for."""


class Logins:
    """Finds the login for a registry, once for each, however many ask at the same time."""

    def __init__(self) -> None:
        self._known: dict[str, Identity] = {}
        self._flights: Flights[str, Identity] = Flights()

    async def identity(self, reference: Reference) -> Identity:
        """Find the user's login; anonymous if there is none. Raises UnauthorizedError."""
        registry = reference.registry
        if registry in self._known:
            return self._known[registry]
        return await self._flights.join(registry, lambda: self._find(registry))

    async def _find(self, registry: str) -> Identity:
        exists = config_file().is_file()
        found = await in_thread(lambda _: _look_up(registry)) if exists else ANONYMOUS
        self._known[registry] = found
        return found


def config_file() -> Path:
    """Tell where docker keeps its configuration."""
    folder = os.environ.get("DOCKER_CONFIG")
    return (Path(folder) if folder else Path.home() / ".docker") / "config.json"


def _look_up(registry: str) -> Identity:
    try:
        credential = _credential(registry)
    except (OSError, HelperError, MalformedDockerConfigError) as error:
        raise UnauthorizedError(
            f"the login for {printable(registry, 128)} can't be read from {config_file()} "
            f"({_reason(error)}); run `docker login` again"
        ) from error
    if credential is None:
        return ANONYMOUS
    return Identity((CredentialEntry(_HUB if registry == DOCKER_HUB else registry, credential),))


def _credential(registry: str) -> Credential | None:
    """Find a login as docker does: the registry's own helper, else the store, else the file."""
    with config_file().open("rb") as file:
        body = file.read(MAX_CONFIG + 1)
    names = _HUB_NAMES if registry == DOCKER_HUB else (registry,)
    helper = helper_of(body, names)
    if helper is not None:
        found = helpers.ask(helper, _HUB_SERVER if registry == DOCKER_HUB else registry)
        if found is not None:
            return found
    by_host = {host_of(one.pattern): one.credential for one in parse_config(body).entries}
    return next((by_host[name] for name in names if name in by_host), None)


def _reason(error: Exception) -> str:
    return (error.strerror or "unknown fault") if isinstance(error, OSError) else str(error)
