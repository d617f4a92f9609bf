"""The user's own registry logins: ~/.docker/config.json and credential helpers.

Docker's SDK knows both; it blocks, and helpers are programs, so it runs in a thread.
"""

import json
import os
import warnings
from pathlib import Path
from typing import Final

from slimgate.core.errors import UnauthorizedError
from slimgate.core.identity import ANONYMOUS, Credential, Entry, Identity
from slimgate.core.reference import DOCKER_HUB, Reference
from slimgate.core.text import printable
from slimgate.engine.flights import Flights
from slimgate.sources.once import in_thread

_HUB_KEY: Final = "index.docker.io"
_TOKEN_USER: Final = "<token>"  # noqa: S105 - what helpers put for the name of a token's user


class Logins:
    """Finds the login for a registry, once for each, however many ask at the same time."""

    def __init__(self) -> None:
        self._known: dict[str, Identity] = {}
        self._flights: Flights[str, Identity] = Flights()

    async def identity(self, reference: Reference) -> Identity:
        """Find the user's login; anonymous if there is none. Raises UnauthorizedError."""
        registry = reference.registry
        if registry not in self._known:
            self._known[registry] = await self._flights.join(registry, lambda: _find(registry))
        return self._known[registry]


def config_file() -> Path:
    """Tell where docker keeps its configuration."""
    folder = os.environ.get("DOCKER_CONFIG")
    return (Path(folder) if folder else Path.home() / ".docker") / "config.json"


async def _find(registry: str) -> Identity:
    exists = config_file().is_file()
    return await in_thread(lambda _: _look_up(registry)) if exists else ANONYMOUS


def _look_up(registry: str) -> Identity:
    # Docker's SDK takes a quarter of a second to import, which users without logins need not wait.
    from docker import auth  # noqa: PLC0415
    from docker.errors import DockerException  # noqa: PLC0415

    try:
        # The SDK takes a file that it can't read for an old one, and that for an empty one.
        written = json.loads(config_file().read_bytes())
        config = auth.load_config(config_dict=written) if written else {}
        with warnings.catch_warnings():
            # It warns of a helper that is not installed, and raises as well.
            warnings.simplefilter("ignore")
            found = auth.resolve_authconfig(config, registry=registry)
    except (DockerException, OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        why = f" ({printable(str(error.__cause__), 200)})" if _is_helpers(error) else ""
        raise UnauthorizedError(
            f"the login for {printable(registry, 128)} can't be read from {config_file()}{why}; "
            "run `docker login` again"
        ) from error
    if not found:
        return ANONYMOUS
    name = found.get("Username") or found.get("username")
    secret = found.get("Password") or found.get("password")
    token = found.get("IdentityToken") or found.get("identitytoken")
    if token is None and name == _TOKEN_USER:
        name, secret, token = None, None, secret
    credential = Credential(username=name, password=secret, identity_token=token)
    return Identity((Entry(_HUB_KEY if registry == DOCKER_HUB else registry, credential),))


def _is_helpers(error: Exception) -> bool:
    """Whether a credential helper is at fault, and says why."""
    from docker.credentials.errors import StoreError  # noqa: PLC0415

    return isinstance(error.__cause__, StoreError)
