"""`slimgate cleanup`: takes back what slimgate has written into a cluster."""

import sys
from typing import TYPE_CHECKING, Annotated, Final

import typer

from slimgate.cli.shared.exits import VIOLATED
from slimgate.cli.shared.extras import needing
from slimgate.cli.shared.options import ConfigOption, ContextOption, KubeconfigOption
from slimgate.cli.shared.values import read_selection, read_timeout
from slimgate.core.errors import SettingsError
from slimgate.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slimgate.cluster.cleanup.cleaner import CleanupSettings

HELP: Final = """Remove what slimgate has written into a cluster.

First its webhook configuration is deleted and its controller stopped. Then its annotations are
removed from workloads, and its reports, ImageProfiles and Secrets are deleted. SlimPolicies,
SlimExceptions and BaseImages stay; their status is cleared.

Run it before slimgate is uninstalled. It may be run again.

Exit status: 0 if nothing remains; 1 if something does, which is then said; 2 for wrong usage; 3 if
the cluster can't be reached.
"""
EXAMPLES: Final = """\
slimgate cleanup
slimgate cleanup --timeout 5m --config slimgate.yaml
"""
_SECONDS: Final = 120.0
_CONTROLLERS: Final = "app.kubernetes.io/name=slimgate,app.kubernetes.io/component=controller"


def cleanup(
    *,
    controllers: Annotated[
        str,
        typer.Option(
            "--controllers",
            metavar="SELECTOR",
            help="The labels of the controller's Deployment and pods. "
            "Default: those of the chart and of install.yaml.",
            show_default=False,
        ),
    ] = _CONTROLLERS,
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout",
            metavar="DURATION",
            parser=read_timeout,
            help="How long it may take, as in 30s or 1m30s; 0 for no limit. Default: 2m.",
            show_default=False,
        ),
    ] = _SECONDS,
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = None,
    config: ConfigOption = None,
) -> None:
    """Remove it, say what was removed, and what remains."""
    import asyncio  # noqa: PLC0415 - help must not wait for it

    from slimgate.settings.sources import read_unchecked  # noqa: PLC0415

    with needing("cluster", "cleaning a cluster up needs the Kubernetes client"):
        from slimgate.cluster.cleanup.cleaner import CleanupSettings  # noqa: PLC0415

    if read_selection(controllers, "--controllers").matches({}):
        raise SettingsError(
            f"--controllers {printable(controllers)!r}: it chooses what has no labels, too: "
            "name a label that slimgate's own has, as in app.kubernetes.io/name=slimgate"
        )
    settings = read_unchecked(config)
    wanted = CleanupSettings(
        namespace=settings.namespace,
        configuration=settings.webhook_configuration,
        secrets=(settings.webhook_secret, settings.memory_secret),
        controllers=controllers,
        kinds=settings.extra_kinds,
        seconds=timeout,
    )
    remains = asyncio.run(_clean(wanted, kubeconfig, context))
    for line in remains:
        sys.stderr.write(f"remains: {line}\n")
    if remains:
        raise typer.Exit(VIOLATED)


async def _clean(
    settings: "CleanupSettings", kubeconfig: str | None, context: str | None
) -> "Sequence[str]":
    from slimgate.cluster.api import ClusterApi  # noqa: PLC0415
    from slimgate.cluster.cleanup.cleaner import Cleaner  # noqa: PLC0415

    async with ClusterApi.connect(kubeconfig, context) as api:
        # Fails at once where there is no cluster, not at each step.
        await api.get("/version")
        return await Cleaner(api, settings, _say).run()


def _say(line: str) -> None:
    # A hook's log is read while it runs.
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
