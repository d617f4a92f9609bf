"""`slimgate webhook`: the webhook role, as a cluster runs it."""

from functools import partial
from typing import Final

from slimgate.cli.shared.exits import said
from slimgate.cli.shared.extras import needing
from slimgate.cli.shared.options import ConfigOption

HELP: Final = """Run the admission server: answer the API server from memory.

Settings: docs/configuration.md. The cluster is the pod's own, else the kubeconfig's.
"""


def webhook(*, config: ConfigOption = None) -> None:
    """Run until SIGTERM."""
    from slimgate.process.stopping import Role, run  # noqa: PLC0415 - help must not wait for it

    def load() -> Role:
        with needing("operator", "the webhook needs the operator's libraries"):
            from slimgate.app.webhook import run_webhook  # noqa: PLC0415 - it takes seconds

        return partial(run_webhook, config)

    run(load, said)
