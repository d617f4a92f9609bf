"""`slimgate controller`: the controller role, as a cluster runs it."""

from functools import partial
from typing import Final

from slimgate.cli.shared.exits import said
from slimgate.cli.shared.extras import needing
from slimgate.cli.shared.options import ConfigOption

HELP: Final = """Run the controller: judge what the cluster runs, and write down what was found.

Settings: docs/configuration.md. The cluster is the pod's own, else the kubeconfig's.
"""


def controller(*, config: ConfigOption = None) -> None:
    """Run until SIGTERM."""
    from slimgate.process.stopping import Role, run  # noqa: PLC0415 - help must not wait for it

    def load() -> Role:
        with needing("operator", "the controller needs the operator's libraries"):
            from slimgate.app.controller import run_controller  # noqa: PLC0415 - it takes seconds

        return partial(run_controller, config)

    run(load, said)
