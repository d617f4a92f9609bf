"""`slimgate preview`: what a policy would do to the cluster as it runs now, before it does."""

import sys
from typing import TYPE_CHECKING, Annotated, Final

import typer

from slimgate.cli.shared.forms import Output
from slimgate.cli.shared.options import (
    TIMEOUT,
    ConfigOption,
    ContextOption,
    KubeconfigOption,
    OutputOption,
    TimeoutOption,
)

if TYPE_CHECKING:
    from slimgate.cli.preview.preview import Preview, WantedPolicy
    from slimgate.cli.shared.outside import Outside

HELP: Final = """Show what a policy would deny in a cluster.

Every workload that runs is judged by this policy alone, as if its mode were Enforce, with the
cluster's exceptions and the pull secrets of the workload's own pods. BaseImages in the same file
count as if they were in the cluster. Nothing is changed.

Exit status: 0, whatever would be denied; 2 for wrong usage or a policy that can't be used; 3 if the
cluster can't be read.
"""
EXAMPLES: Final = """\
slimgate preview default
slimgate preview policy.yaml -o wide
kubectl get slimpolicy default -o yaml | slimgate preview -
"""


def preview(
    policy: Annotated[
        str,
        typer.Argument(
            metavar="POLICY",
            help="The name of a SlimPolicy of the cluster, or a file with one, or -.",
            show_default=False,
        ),
    ],
    *,
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = None,
    timeout: TimeoutOption = TIMEOUT,
    output: OutputOption = Output.TABLE,
    config: ConfigOption = None,
) -> None:
    """Judge the cluster by one policy, and print what would happen."""
    import asyncio  # noqa: PLC0415 - help must not wait for it

    from slimgate.cli.preview.preview import policy_in_file  # noqa: PLC0415
    from slimgate.cli.shared import outside  # noqa: PLC0415

    at_hand = policy_in_file(policy)  # before the cluster is sought: the file may be the mistake
    where = outside.real(config, kubeconfig, context)
    _print(asyncio.run(_preview(where, policy, at_hand, timeout)), output)


async def _preview(
    outside: "Outside", wanted: str, at_hand: "WantedPolicy | None", seconds: float
) -> "Preview":
    from slimgate.cli.preview.preview import policy_in_cluster  # noqa: PLC0415
    from slimgate.cli.preview.preview import preview as foresee  # noqa: PLC0415
    from slimgate.cli.shared.progress import board  # noqa: PLC0415

    async with outside.cluster() as view:
        with board() as shown:
            found = at_hand or await policy_in_cluster(wanted, view)
            return await foresee(found, view, outside.settings, shown, seconds=seconds)


def _print(found: "Preview", output: Output) -> None:
    if output.is_document:
        from slimgate.cli.preview.document import preview_document  # noqa: PLC0415
        from slimgate.cli.shared.documents import document_text  # noqa: PLC0415

        sys.stdout.write(document_text(preview_document(found), output))
        return
    from slimgate.cli.preview.table import preview_table  # noqa: PLC0415 - it loads rich
    from slimgate.cli.shared.screen import screen, show  # noqa: PLC0415

    show(screen(), preview_table(found, wide=output is Output.WIDE))
