"""The lab's registry: Debian's docker-registry over plain HTTP, with its access log in a file."""

import json
import os
import shutil
from pathlib import Path

from tests.lab.api import answers, get, wait_until
from tests.lab.layout import Addresses, Layout
from tests.lab.processes import Processes, tail

ACCESS_LOG = "registry-access"


def start(layout: Layout, addresses: Addresses, processes: Processes, seed: Path | None) -> None:
    """Start the registry on storage of its own, filled with the cached base images."""
    storage = layout.data / "registry"
    storage.mkdir(parents=True)
    if seed:
        copy_storage(seed, storage)
    config = layout.data / "registry.json"
    settings = {
        "version": "0.1",
        "log": {"level": "info", "accesslog": {"disabled": False}},
        "storage": {
            "filesystem": {"rootdirectory": str(storage)},
            "delete": {"enabled": True},
            "maintenance": {"uploadpurging": {"enabled": False}},
        },
        "http": {"addr": addresses.registry, "secret": "one registry, no replicas"},
    }
    config.write_text(json.dumps(settings), encoding="utf-8")
    processes.start(
        "registry", ["docker-registry", "serve", config], inside=layout.node, stdout=ACCESS_LOG
    )
    wait_until(
        lambda: answers(lambda: get(f"http://{addresses.registry}/v2/")),
        what="the registry does not answer",
        seconds=20,
        hint=lambda: tail(layout.logs / "registry.log"),
    )


def copy_storage(source: Path, target: Path) -> None:
    """Copy a registry's storage, sharing blobs.

    The registry moves blobs into place and never writes to one again, but it does rewrite links,
    so that sharing those would change the cache when a tag is pushed again.
    """

    def place(one: str, other: str) -> str:
        if Path(one).name == "data" and "blobs" in Path(one).parts:
            try:
                os.link(one, other)
            except OSError:
                shutil.copyfile(one, other)
        else:
            shutil.copyfile(one, other)
        return other

    shutil.copytree(source, target, copy_function=place, dirs_exist_ok=True)
