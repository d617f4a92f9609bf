"""`python -m tests.lab up|down|status|images|tools|life-tools`, from the checkout's root."""

import argparse
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from tests.lab import images, state, tools, up
from tests.lab.cleanup import take_down
from tests.lab.errors import LabError
from tests.lab.layout import Layout, default_layout
from tests.lab.leftovers import leftovers
from tests.lab.processes import is_ours, ours
from tests.lab.progress import say, step

COMMANDS = {
    "up": "start the lab, building what the cache lacks",
    "down": "end the lab and leave nothing behind",
    "status": "say what runs; exit 1 when the lab is not up",
    "images": "build the example's three images and push them to the lab's registry",
    "tools": "build Helm 4, Helm 3, kubeconform and CoreDNS, which the chart's tests run",
    "life-tools": "build them and cert-manager's controllers, for make life",
}


def command_up(layout: Layout) -> None:
    """Start the lab, or take down again what a failed or interrupted start has started."""
    began = time.monotonic()
    if up.healthy(layout):
        say(f"already up: export KUBECONFIG={layout.kubeconfig}")
        return
    refuse_other_owner(layout)
    take_down(layout)
    if not layout.node:
        say("no root: the control plane and the registry run alone, without a node")
    processes = up.prepare(layout)
    try:
        up.start(layout, processes)
    except BaseException:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        say("taking down what was started")
        take_down(layout)
        raise
    say(f"up in {time.monotonic() - began:.0f} s: export KUBECONFIG={layout.kubeconfig}")


def command_down(layout: Layout) -> None:
    """End the lab."""
    refuse_other_owner(layout)
    with step("taking the lab down", quiet_below=0):
        take_down(layout)
    # What was killed in the midst of its I/O is gone only some seconds later.
    if not up.settles(lambda: not leftovers(layout)) and (left := leftovers(layout)):
        raise LabError(f"still there: {', '.join(left)}; run `make lab-down` again")


def command_status(layout: Layout) -> None:
    """Print where the parts are and which of them run."""
    lab = state.load(layout.lab_json)
    for name, pid in lab.pids.items():
        print(f"{name:24} {pid:8} {'running' if is_ours(pid, layout.run) else 'GONE'}")
    print(f"API server {lab.apiserver}, registry {lab.registry}, engine {lab.docker_host or '-'}")
    if not up.healthy(layout):
        raise LabError("the lab is not healthy: run `make lab-up`, which starts it anew")


def command_images(layout: Layout) -> None:
    """Build and push the example's images; without root there is no engine to do it."""
    if not layout.node:
        say("no root: without a Docker engine the example's images are not built")
        return
    for reference in images.build_examples(layout):
        say(f"pushed {reference}")


def refuse_other_owner(layout: Layout) -> None:
    """Refuse to touch a running lab of another checkout: addresses are the machine's.

    What is left of one whose processes are gone is taken down from here.
    """
    owner = layout.owner()
    if owner != layout.checkout and (owner / ".lab").is_dir() and ours(layout.run):
        raise LabError(f"the lab of {owner} uses this machine: run `make lab-down` there first")


@contextmanager
def alone(layout: Layout) -> Iterator[None]:
    """Hold the lab's lock; the kernel gives it back however this process ends."""
    # A node is the machine's, so that checkouts exclude each other; else each has a lab.
    folder = layout.cache if layout.node else layout.home
    for made in (folder, layout.home):
        made.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LabError("another lab command is at work: wait for it to end") from None
        yield


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """Treat being terminated like Ctrl-C."""
    raise KeyboardInterrupt


def main() -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in COMMANDS.items():
        commands.add_parser(name, help=text, description=text)
    command: str = parser.parse_args().command
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    layout = default_layout()
    try:
        if command == "status":
            command_status(layout)
        elif command == "images":
            command_images(layout)
        elif command == "tools":
            tools.ensure(layout)
        elif command == "life-tools":
            tools.ensure(layout, tools.LIFE_TOOLS)
        else:
            with alone(layout):
                (command_up if command == "up" else command_down)(layout)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except PermissionError as error:
        print(f"lab: no permission for {error.filename}: run as its owner", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lab: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # Threads of an interrupted start may still wait for programs that were ended.
    os._exit(code)
