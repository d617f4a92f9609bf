"""Options that several commands have, and how their values are read."""

from typing import Annotated, Final

import typer

from slimgate.cli.shared.forms import Output
from slimgate.cli.shared.values import (
    one_of,
    read_count,
    read_namespace,
    read_timeout,
    words_of,
)

CLUSTER: Final = "Cluster"
IMAGES: Final = "Images"
OUTPUT: Final = "Output"


OutputOption = Annotated[
    Output,
    typer.Option(
        "--output",
        "-o",
        metavar="FORM",
        parser=one_of("-o", Output),
        autocompletion=lambda: words_of(Output),
        help="table, wide (more columns), json or yaml. Default: table.",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
ConfigOption = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The configuration file; else SLIMGATE_CONFIG's, if any.",
        show_default=False,
    ),
]
KubeconfigOption = Annotated[
    str | None,
    typer.Option(
        "--kubeconfig",
        metavar="FILE",
        help="The kubeconfig to use. Default: KUBECONFIG, else ~/.kube/config.",
        show_default=False,
        rich_help_panel=CLUSTER,
    ),
]
ContextOption = Annotated[
    str | None,
    typer.Option(
        "--context",
        metavar="NAME",
        help="The context of the kubeconfig to use. Default: its current one.",
        show_default=False,
        rich_help_panel=CLUSTER,
    ),
]
NamespaceOption = Annotated[
    str | None,
    typer.Option(
        "--namespace",
        "-n",
        metavar="NAME",
        parser=read_namespace,
        help="Only this namespace. Default: that of the kubeconfig's context.",
        show_default=False,
        rich_help_panel=CLUSTER,
    ),
]
AllNamespacesOption = Annotated[
    bool,
    typer.Option(
        "--all-namespaces", "-A", help="All namespaces; overrides -n.", rich_help_panel=CLUSTER
    ),
]
SelectorOption = Annotated[
    str | None,
    typer.Option(
        "--selector",
        "-l",
        metavar="SELECTOR",
        help="Only those with these labels, as in app=web,tier in (front,back).",
        show_default=False,
        rich_help_panel=CLUSTER,
    ),
]
LimitOption = Annotated[
    int | None,
    typer.Option(
        "--limit",
        metavar="N",
        parser=read_count("--limit"),
        help="Show only the N largest.",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
PlatformOption = Annotated[
    list[str] | None,
    typer.Option(
        "--platform",
        metavar="OS/ARCH",
        help="os/arch[/variant], repeatable, or all. Default: linux on this machine's CPU.",
        show_default=False,
        rich_help_panel=IMAGES,
    ),
]
TimeoutOption = Annotated[
    float,
    typer.Option(
        "--timeout",
        metavar="DURATION",
        parser=read_timeout,
        help="How long one image may take, as in 30s or 1m30s; 0 for no limit. Default: 5m.",
        show_default=False,
        rich_help_panel=IMAGES,
    ),
]
TIMEOUT: Final = 300.0
