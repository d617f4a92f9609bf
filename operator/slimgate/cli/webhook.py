"""`slimgate webhook`: the webhook role, as a cluster runs it."""

from typing import Final

from slimgate.cli.extras import needing
from slimgate.cli.options import ConfigOption

HELP: Final = """Run the admission server: answer the API server from memory.

Settings: docs/configuration.md. The cluster is the pod's own, else the kubeconfig's.
"""


def webhook(*, config: ConfigOption = None) -> None:
    """Run until SIGTERM."""
    import asyncio  # noqa: PLC0415 - help must not wait for it

    with needing("operator", "the webhook needs the operator's libraries"):
        from slimgate.app.webhook import run_webhook  # noqa: PLC0415

    asyncio.run(run_webhook(config))
