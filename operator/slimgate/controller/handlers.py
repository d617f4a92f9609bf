"""The kopf handlers: each takes an object in and hands it on.

Only `on.event` is used: other kinds of handlers write annotations and finalizers of kopf's own to
every object that they see (https://docs.kopf.dev/en/stable/persistence/).
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import kopf

from slimgate.controller.intake import Intake
from slimgate.controller.login import Login


def make_registry(intakes: Iterable[Intake], login: Login) -> kopf.OperatorRegistry:
    """Register one handler a kind, in a registry of its own: nothing is global."""
    registry = kopf.OperatorRegistry()
    kopf.on.login(registry=registry)(login.log_in)
    for intake in intakes:
        kind = intake.kind
        kopf.on.event(
            kind.group, kind.version, kind.plural, id=kind.plural, registry=registry
        )(_handler(intake))  # fmt: skip
    return registry


def make_settings() -> kopf.OperatorSettings:
    """Tell kopf what a cluster of thousands of workloads needs (kopf's issues 585 and 957)."""
    settings = kopf.OperatorSettings()
    settings.watching.chunk_size = 200  # a page is parsed at once: tens of milliseconds
    settings.watching.server_timeout = 600
    settings.watching.client_timeout = 660
    settings.watching.connect_timeout = 10
    settings.networking.request_timeout = 60
    settings.networking.connect_timeout = 10
    settings.posting.enabled = False
    # Built-in kinds are always there; kinds of others are mirrored (ADR 8). It takes no right to
    # see CustomResourceDefinitions then.
    settings.scanning.disabled = True
    settings.peering.standalone = True
    # kopf would take one of that name from any object that carries it, though it has put none.
    # Of this name there is none: https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/
    settings.persistence.finalizer = "(none)"
    settings.persistence.diffbase_storage = _NoEssence()
    settings.persistence.progress_storage = _NoProgress()
    # Each object that has changed has a task until it has been quiet for so long.
    settings.queueing.idle_timeout = 0.5
    return settings


class _NoEssence(kopf.DiffBaseStorage):
    """Compares nothing: kopf copies each object three times over to tell handlers of changes.

    `on.event` asks for none. It was two thirds of what a start costs.
    """

    def build(self, **_: Any) -> Any:
        return {}

    def fetch(self, **_: Any) -> None:
        return None

    def store(self, **_: Any) -> None:
        """Write nothing."""


class _NoProgress(kopf.ProgressStorage):
    """Keeps no progress: `on.event` has none."""

    def fetch(self, **_: Any) -> None:
        return None

    def store(self, **_: Any) -> None:
        """Write nothing."""

    def purge(self, **_: Any) -> None:
        """Remove nothing."""

    def touch(self, **_: Any) -> None:
        """Write nothing."""

    def clear(self, *, essence: Any) -> Any:
        return essence


def _handler(intake: Intake) -> Callable[..., Awaitable[None]]:
    async def handle(type: str | None, body: kopf.Body, **_: object) -> None:  # noqa: A002
        """Hand the workload on."""
        if type == "DELETED":
            intake.drop(body.meta.namespace or "", body.meta.name or "", body.meta.uid)
        else:
            intake.put(body)

    return handle
