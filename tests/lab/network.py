"""The lab's network namespace: nothing of it is on the host but one end of a veth pair."""

import subprocess
from pathlib import Path

from tests.lab.errors import LabError
from tests.lab.layout import INSIDE, NETNS, OUTSIDE, POD_CIDR, VETH


def make() -> None:
    """Make the namespace, the veth pair, and a route to the pods."""
    inside = f"{VETH}i"
    commands = (
        f"netns add {NETNS}",
        f"link add {VETH} type veth peer name {inside}",
        f"link set {inside} netns {NETNS}",
        f"addr add {OUTSIDE}/24 dev {VETH}",
        f"link set {VETH} up",
        f"-n {NETNS} addr add {INSIDE}/24 dev {inside}",
        f"-n {NETNS} link set {inside} up",
        f"-n {NETNS} link set lo up",
        # Pods may call processes on the host; the API server's calls to Services need a route.
        f"-n {NETNS} route add default via {OUTSIDE}",
        f"route add {POD_CIDR} via {INSIDE}",
    )
    for command in commands:
        run("ip", *command.split())
    forward = "/proc/sys/net/ipv4/ip_forward"
    run("nsenter", f"--net=/run/netns/{NETNS}", "--", "sh", "-c", f"echo 1 > {forward}")


def remove() -> None:
    """Remove the namespace and the veth pair, if they are there."""
    for command in (f"link del {VETH}", f"netns del {NETNS}"):
        subprocess.run(["ip", *command.split()], capture_output=True, check=False)


def exists() -> bool:
    """Tell whether the namespace is there."""
    return Path(f"/run/netns/{NETNS}").exists()


def run(*argv: str) -> None:
    """Run a command and turn its failure into one line."""
    result = subprocess.run(argv, capture_output=True, text=True, check=False)
    if result.returncode:
        detail = result.stderr.strip().splitlines()
        raise LabError(f"{' '.join(argv)}: {detail[-1] if detail else result.returncode}")
