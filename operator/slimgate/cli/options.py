"""Options that several commands have."""

from enum import Enum
from typing import Annotated

import typer


class Output(Enum):
    """A table for people, or JSON for programs."""

    TABLE = "table"
    JSON = "json"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="The form of the output.")]
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
        help="Which kubeconfig to use; else KUBECONFIG's.",
        show_default=False,
    ),
]
ContextOption = Annotated[
    str | None,
    typer.Option(
        "--context",
        metavar="NAME",
        help="Which of its contexts; else the current one.",
        show_default=False,
    ),
]
