"""`python -m examples.demo [remove]`, from the checkout's root: `make demo`."""

import sys
import time

from examples.demo import manifests, target
from examples.demo.cluster import Cluster
from examples.demo.errors import DemoError
from examples.demo.images import Images
from examples.demo.programs import LOG
from examples.demo.progress import write
from examples.demo.show import Show

_FAILED = 1
_INTERRUPTED = 130


def demo() -> None:
    """Prepare everything, show it, and say how to go on."""
    began = time.monotonic()
    found = target.find()
    programs = found.programs()
    images = Images(target=found, programs=programs)
    cluster = Cluster(target=found, programs=programs)
    images.hello()
    image = images.slimgate()
    manifests.write_deployments(found)
    cluster.clean()
    cluster.install(image)
    cluster.enforce()
    Show(cluster=cluster).all()
    write(f"\ndemo: all of it in {time.monotonic() - began:.0f} s. To look around:")
    write(f"  export KUBECONFIG={found.kubeconfig}")
    if found.lab:
        write(f"  {found.kubectl} get slimpolicies,deployments -A")
        write("  make lab-down    # ends the cluster and leaves nothing behind")


def remove() -> None:
    """Remove what the demo has put into the cluster."""
    found = target.find()
    Cluster(target=found, programs=found.programs()).remove()


def run(words: list[str]) -> None:
    """Do what the command line says."""
    match words:
        case []:
            demo()
        case ["remove"]:
            remove()
        case _:
            raise DemoError(f"{' '.join(words)}: say remove, or nothing to run the demo")


def main() -> int:
    """Run the demo, or remove it; every failure is one line."""
    manifests.FOLDER.mkdir(parents=True, exist_ok=True)
    LOG.write_text("", encoding="utf-8")
    try:
        run(sys.argv[1:])
    except DemoError as error:
        sys.stdout.flush()
        sys.stderr.write(f"demo: {error}\n")
        return _FAILED
    except KeyboardInterrupt:
        sys.stderr.write("demo: interrupted; what has been started stays: make lab-down ends it\n")
        return _INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
