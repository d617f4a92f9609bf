"""A second registry of the lab: it tells how many pulls are left, and can be away for a while."""

import json
import math
import time
import urllib.request
from dataclasses import dataclass
from typing import Final

from tests.lab.api import answers, get, wait_until
from tests.lab.layout import INSIDE, Layout
from tests.lab.processes import Processes, end, tail
from tests.support.images import Pusher

PULLS_LEFT: Final = 76
HUB: Final = f"{INSIDE}:5001"
_NAME: Final = "hub"
_RETRY_SECONDS: Final = 18.0
"""slimgate's retryInterval, and some."""
_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"


@dataclass(slots=True, kw_only=True)
class Hub:
    """Debian's docker-registry on the storage of the lab's own, with Docker Hub's header."""

    layout: Layout
    own: str
    """The lab's own registry, on whose storage this one is."""
    pid: int = 0
    _settled: float = 0.0

    @property
    def returning(self) -> bool:
        """Whether it is back and slimgate may still leave it alone."""
        return bool(self.pid) and time.monotonic() < self._settled

    def start(self) -> None:
        """Start it and wait until it answers."""
        config = self.layout.data / f"{_NAME}.json"
        settings = {
            "version": "0.1",
            "storage": {"filesystem": {"rootdirectory": str(self.layout.data / "registry")}},
            "http": {
                "addr": HUB,
                "secret": "never written to",
                "headers": {"RateLimit-Remaining": [f"{PULLS_LEFT};w=21600"]},
            },
        }
        config.write_text(json.dumps(settings), encoding="utf-8")
        command = ["docker-registry", "serve", str(config)]
        self.pid = Processes(layout=self.layout).start(_NAME, command)
        wait_until(
            lambda: answers(lambda: get(f"http://{HUB}/v2/")),
            what="the second registry does not answer",
            seconds=20,
            hint=lambda: tail(self.layout.logs / f"{_NAME}.log"),
        )
        if self._settled:
            self._settled = time.monotonic() + _RETRY_SECONDS

    def new_tag(self, repository: str, tag: str, new: str) -> str:
        """Give an image one more tag by the lab's own registry, and return its name here."""
        request = urllib.request.Request(
            f"http://{self.own}/v2/{repository}/manifests/{tag}", headers={"Accept": _MANIFEST}
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as answer:
            manifest: bytes = answer.read()
        Pusher(url=f"http://{self.own}").manifest(repository, new, _MANIFEST, manifest)
        return f"{HUB}/{repository}:{new}"

    def stop(self) -> None:
        """End it, so that nothing listens there."""
        end({self.pid} - {0}, grace=3)
        self.pid = 0
        self._settled = math.inf
