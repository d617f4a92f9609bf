"""Settings and connections for commands, made when a command runs and not before."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from slimgate.cli.shared.extras import needing
from slimgate.cli.shared.ports import ClusterView, ComparingInspector
from slimgate.core.images.reference import Reference
from slimgate.settings import Settings

LocateBase = Callable[[Reference], Reference]
"""Tells where the reference of a BaseImage is looked up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Settings, and the ways to images and to a cluster."""

    settings: Settings
    inspector: Callable[[LocateBase], AbstractAsyncContextManager[ComparingInspector]]
    cluster: Callable[[], AbstractAsyncContextManager[ClusterView]]


def real(config: str | None, kubeconfig: str | None = None, context: str | None = None) -> Outside:
    """Make the real one; SettingsError for settings that can't be used."""
    from slimgate.settings.sources import read_settings  # noqa: PLC0415 - help must not wait for it

    settings = read_settings(config)
    return Outside(
        settings=settings,
        inspector=lambda locate_base: _inspector(settings, locate_base),
        cluster=lambda: _cluster(settings, kubeconfig, context),
    )


def _inspector(
    settings: Settings, locate_base: LocateBase
) -> AbstractAsyncContextManager[ComparingInspector]:
    from slimgate.app.images import cli_inspector  # noqa: PLC0415 - it loads aiohttp

    return cli_inspector(settings, exact=False, locate_base=locate_base)


def _cluster(
    settings: Settings, kubeconfig: str | None, context: str | None
) -> AbstractAsyncContextManager[ClusterView]:
    with needing("cluster", "reading a cluster needs the Kubernetes client"):
        from slimgate.app.view import cluster_view  # noqa: PLC0415 - it loads kubernetes

    return cluster_view(settings, kubeconfig=kubeconfig, context=context)
