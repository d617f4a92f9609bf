"""`slimgate controller`: the controller role, as a cluster runs it."""

from typing import Final

HELP: Final = """Run the controller: judge what the cluster runs, and write down what was found.

Settings are SLIMGATE_* variables; the cluster is the pod's own, else the kubeconfig's.
"""


def controller() -> None:
    """Run until SIGTERM."""
    import asyncio  # noqa: PLC0415 - help must not wait for it

    from slimgate.app.controller import run_controller  # noqa: PLC0415

    asyncio.run(run_controller())
