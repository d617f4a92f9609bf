"""`slimgate probe`: what the chart's `helm test` runs."""

import sys
from typing import TYPE_CHECKING, Annotated, Final

import typer

from slimgate.cli.shared.exits import VIOLATED
from slimgate.cli.shared.values import read_timeout

if TYPE_CHECKING:
    from slimgate.cli.roles.probing import ProbeFindings

HELP: Final = """Check that both roles are ready and have metrics, and that the webhook answers.

Exit status: 0 if so; 1 if not, which is then said; 2 for wrong usage.
"""
_SECONDS: Final = 60.0
_MAX_PORT: Final = 65535


def probe(
    *,
    metrics: Annotated[
        str,
        typer.Option(
            "--metrics", metavar="HOST:PORT", help="The headless Service of the pods' metrics."
        ),
    ],
    admissions: Annotated[
        str, typer.Option("--admissions", metavar="URL", help="The webhook's Service, by https.")
    ],
    ca: Annotated[
        str, typer.Option("--ca", metavar="FILE", help="The CA of the webhook's certificate.")
    ],
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout",
            metavar="DURATION",
            parser=read_timeout,
            help="How long to try, as in 30s; 0 for no limit. Default: 1m.",
            show_default=False,
        ),
    ] = _SECONDS,
) -> None:
    """Say what was found."""
    import asyncio  # noqa: PLC0415 - help must not wait for it

    from slimgate.cli.roles.probing import ProbeTargets, probe  # noqa: PLC0415

    host, port = _host_and_port(metrics)
    targets = ProbeTargets(host=host, port=port, admissions=admissions.rstrip("/"), ca_file=ca)
    _report(asyncio.run(probe(targets, timeout)))


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) <= _MAX_PORT:
        raise typer.BadParameter("write a host and a port, as in slimgate-metrics:8080")
    return host, int(port)


def _report(found: "ProbeFindings") -> None:
    for line in found.good:
        typer.echo(line)
    for line in found.bad:
        sys.stderr.write(f"{line}\n")
    if found.bad:
        raise typer.Exit(VIOLATED)
