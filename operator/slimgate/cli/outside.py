"""What commands get from the composition root, made when they run and not before."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from slimgate.cli.ports import ClusterView, Inspector
from slimgate.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Settings, and the ways to images and to a cluster."""

    settings: Settings
    inspector: Callable[[], AbstractAsyncContextManager[Inspector]]
    cluster: Callable[[], AbstractAsyncContextManager[ClusterView]]


def real(kubeconfig: str | None = None, context: str | None = None) -> Outside:
    """Make the real one; SettingsError for a variable that can't be used."""
    from slimgate.app.parts import read_settings  # noqa: PLC0415 - help must not wait for it

    return Outside(
        settings=read_settings(),
        inspector=_inspector,
        cluster=lambda: _cluster(kubeconfig, context),
    )


def _inspector() -> AbstractAsyncContextManager[Inspector]:
    from slimgate.app.images import cli_inspector  # noqa: PLC0415 - it loads aiohttp

    return cli_inspector(exact=False)


def _cluster(
    kubeconfig: str | None, context: str | None
) -> AbstractAsyncContextManager[ClusterView]:
    from slimgate.app.view import cluster_view  # noqa: PLC0415 - it loads kubernetes

    return cluster_view(kubeconfig=kubeconfig, context=context)
