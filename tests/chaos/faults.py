"""What happens to slimgate: each fault has changes in its midst, and an end."""

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from slimgate.cluster.certificates.authority import make as make_certificates
from tests.chaos.registry import MOODS
from tests.chaos.stage import Stage
from tests.lab import restart
from tests.live.api import eventually
from tests.live.shelf import FAT, TINY, noisy
from tests.live.site import new_room

_LIBRARY: Final = "/usr/lib/{}-linux-gnu/faketime/libfaketimeMT.so.1"

Fault = Callable[[Stage], None]


def _pause(stage: Stage, most: float = 2.0) -> None:
    """Wait for any time, so that what follows comes at any point."""
    time.sleep(stage.scene.random.uniform(0.0, most))


def killed(*roles: str) -> Fault:
    """Kill roles while they work, twice."""

    def act(stage: Stage) -> None:
        stage.scene.change()
        for _ in range(2):
            _pause(stage)
            for role in roles:
                stage.programs[role].kill()
            for role in roles:
                stage.begin(role)
        for role in roles:
            stage.programs[role].wait_until_ready()

    return act


def cut_off(stage: Stage) -> None:
    """Cut the controller's way to the API server; its watches' versions are too old then (410)."""
    stage.scene.change()
    _pause(stage, 0.5)
    stage.front.cut()
    _pause(stage)
    stage.front.mend()


def mood(name: str) -> Fault:
    """Have the registry be so while tags move and workloads come."""

    def act(stage: Stage) -> None:
        with stage.registry.feel(name):
            stage.scene.change()
            time.sleep(3.0)

    return act


def api_server_killed(meanwhile: Callable[[Stage], None]) -> Fault:
    """Kill the API server in the midst of writing, and start it again."""

    def act(stage: Stage) -> None:
        stage.scene.change()
        _pause(stage, 1.0)
        command = restart.kill("kube-apiserver")
        meanwhile(stage)
        restart.start("kube-apiserver", command)
        _await_api(stage)

    return act


def clock_jumps(stage: Stage) -> None:
    """Put the clock of both roles two hours forward, then two back, and right again."""
    machine = subprocess.run(["uname", "-m"], capture_output=True, text=True, check=True)
    library = Path(_LIBRARY.format(machine.stdout.strip()))
    assert library.exists(), f"{library} is missing: install the Debian package faketime"
    clock = stage.folder / "clock"
    clock.write_text("+0")
    faked = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    with stage.changed("controller", faked), stage.changed("webhook", faked):
        for jump in ("+7200", "-7200", "+0"):
            clock.write_text(jump)
            time.sleep(1.5)
            if jump != "+0":
                stage.scene.change()
                stage.settle()


def certificate_expired(stage: Stage) -> None:
    """Give the webhook a certificate that has ended; with the right one it is trusted again."""
    hook, folder = stage.site.hook, Path(stage.site.roles.folder)
    right = {name: (folder / name).read_bytes() for name in ("tls.crt", "tls.key")}
    old = make_certificates([hook.host], datetime.now(UTC) - timedelta(days=4000))
    stage.scene.change()
    _write(folder, {"tls.key": old.key, "tls.crt": old.certificate})
    time.sleep(3.0)
    _write(folder, right)
    place = stage.scene.passing
    asked = place.workloads[0].obj

    def trusted() -> bool:
        try:
            stage.site.hook.ask(asked)
        except OSError:
            return False
        return True

    eventually(trusted, "the webhook shows the certificate that is there now")


def disk_full(stage: Stage) -> None:
    """Let both roles write their logs, and whatever else they write, to a disk that is full."""
    disk = stage.folder / "full"
    disk.mkdir(exist_ok=True)
    with _mounted(disk):
        (disk / "fill").write_bytes(b"x" * 2**16)
        more = {"TMPDIR": str(disk), "HOME": str(disk)}
        with stage.changed("controller", more, disk / "controller.log"):
            stage.scene.change()
            stage.settle()


def namespace_deleted(stage: Stage) -> None:
    """Delete a namespace while what is in it is judged."""
    place, site = stage.scene.edited, stage.site
    room = new_room(site, place.room.sentinel, reviewed=False)
    policy = room.policy(limits={"pullSize": {"deny": "40k"}}, settle=False)
    reference = place.push("doomed", noisy(FAT))
    for number in range(20):
        room.api.create(room.workload(reference, name=f"doomed-{number}"))
    stage.scene.change()
    _pause(stage, 1.0)
    room.api.delete({"kind": "Namespace", "metadata": {"name": room.namespace}})
    gone = {"kind": "Namespace", "metadata": {"name": room.namespace}}
    eventually(lambda: room.api.find(gone) is None, "the namespace is gone", 60)
    eventually(lambda: room.status(policy).get("workloads") == 0, "none of it is counted", 30)
    room.close()


def tags_moved(count: int) -> Fault:
    """Move so many tags at once, each with a workload of its own."""

    def act(stage: Stage) -> None:
        place = stage.scene.moved
        kept = list(place.workloads)
        try:
            with ThreadPoolExecutor(8) as pool:
                contents = {size: noisy(size) for size in (TINY, FAT)}
                names = [f"many-{number}" for number in range(count)]
                list(pool.map(lambda name: place.push(name, contents[TINY]), names))
                for name in names:
                    place.deploy_as(name)
                stage.settle()
                list(pool.map(lambda name: place.push(name, contents[FAT]), names))
            stage.settle()
        finally:
            place.workloads = place.workloads[len(kept) :]
            place.remove(len(place.workloads))
            place.workloads = kept

    return act


def _compact(stage: Stage) -> None:
    """Compact etcd to its last revision, by its HTTP gateway inside the lab's network.

    Watches of what was before are told 410 by an API server that was away meanwhile.
    """
    script = (
        "import json,urllib.request as u\n"
        "def ask(path, body):\n"
        f"    r = u.Request('{stage.site.lab.etcd}/v3/kv/' + path, json.dumps(body).encode())\n"
        "    return json.load(u.urlopen(r, timeout=10))\n"
        "last = ask('range', {'key': 'AA=='})['header']['revision']\n"
        "ask('compaction', {'revision': last, 'physical': True})\n"
    )
    netns = stage.site.lab.netns
    inside = ["nsenter", f"--net=/run/netns/{netns}", "--"] if netns else []
    subprocess.run([*inside, "python3", "-c", script], check=True, timeout=30)


FAULTS: Final[Mapping[str, Fault]] = {
    "the controller killed": killed("controller"),
    "the webhook killed": killed("webhook"),
    "both killed": killed("controller", "webhook"),
    "cut off, watches too old": cut_off,
    **{f"the registry {name}": mood(name) for name in MOODS},
    "the API server killed": api_server_killed(_pause),
    "etcd compacted under watches": api_server_killed(_compact),
    "the clock jumps": clock_jumps,
    "the certificate expired": certificate_expired,
    "the disk full": disk_full,
    "a namespace deleted in mid-work": namespace_deleted,
    "1,000 tags move at once": tags_moved(1000),
}


def _await_api(stage: Stage) -> None:
    def ready() -> bool:
        try:
            return stage.site.api.call("GET", "/readyz").accepted
        except OSError:
            return False

    eventually(ready, "the API server is back", 60)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).write_bytes(content)


@contextmanager
def _mounted(disk: Path) -> Iterator[None]:
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=65536", "slimgate-chaos", str(disk)],
        check=True,
    )
    try:
        yield
    finally:
        subprocess.run(["umount", str(disk)], check=True)
