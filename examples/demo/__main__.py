"""`python -m examples.demo [remove]`, from the checkout's root: `make demo`."""

import sys
import time

from examples.demo import grafana, manifests, show, target
from examples.demo.cluster import Cluster
from examples.demo.errors import DemoError
from examples.demo.images import KINDS, Images
from examples.demo.programs import LOG
from examples.demo.progress import write
from examples.demo.show import Show

_FAILED = 1
_INTERRUPTED = 130


def demo() -> None:
    """Show first what needs no cluster, then what a cluster does, and say how to go on."""
    began = time.monotonic()
    with target.opened() as opened:
        found = opened.target
        programs = found.programs()
        images = Images(target=found, programs=programs)
        manifests.write_deployments(found)
        manifests.write_policy(found)
        for kind in KINDS:
            images.hello(kind)
            verdict = show.verdict(programs, kind)
            took = time.monotonic() - began
            write(f"demo: hello:{kind}: {verdict} by slimgate check, after {took:.0f} s")
        show.images(programs)
        opened.await_bases()
        image = images.slimgate()
        opened.await_cluster()
    cluster = Cluster(target=found, programs=programs)
    cluster.clean()
    cluster.install(image)
    # On a cluster of the user's, his own Grafana shows it.
    watching = grafana.start() if found.lab else None
    cluster.enforce()
    Show(cluster=cluster).all()
    if watching:
        grafana.show(watching)
    write(f"\ndemo: all of it in {time.monotonic() - began:.0f} s. To look around:")
    write(f"  export KUBECONFIG={found.kubeconfig}")
    if found.lab:
        write(f"  {found.kubectl} get slimpolicies,deployments -A")
        write("  make lab-down    # ends the cluster and leaves nothing behind")


def remove() -> None:
    """Remove what the demo has put into the cluster."""
    with target.opened() as opened:
        opened.await_cluster()
        found = opened.target
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
