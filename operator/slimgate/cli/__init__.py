"""The command line: one file a command, each loaded when it is called."""


def main() -> None:
    """Run `slimgate`, also installed as `kubectl-slim`."""
    from slimgate.cli.main import run  # noqa: PLC0415 - importing the package must stay cheap

    run()
