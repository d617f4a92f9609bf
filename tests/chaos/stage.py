"""slimgate's two roles under faults, and a fresh start of it as the oracle of what it says."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.chaos.registry import MoodyRegistry
from tests.chaos.scene import Scene
from tests.chaos.witness import Witness
from tests.live.api import eventually
from tests.live.front import Front
from tests.live.programs import Program, free_port
from tests.live.site import Site
from tests.support.kubeconfig import kubeconfig

_SETTLE_SECONDS: Final = 90.0
_STILL_SECONDS: Final = 1.0


@dataclass(kw_only=True)
class Stage:
    """Runs both roles, the controller by a way to the API server that can be cut."""

    site: Site
    front: Front
    registry: MoodyRegistry
    scene: Scene
    folder: Path
    witness: Witness | None = None
    programs: dict[str, Program] = field(default_factory=dict)

    def begin(
        self, role: str, more: Mapping[str, str] | None = None, log: Path | None = None
    ) -> Program:
        """Start a role, and wait for nothing."""
        common = dict(self.site.roles.common)
        if role == "controller":
            common["KUBECONFIG"] = kubeconfig(self.folder, self.front.server)
            # A container that ends is started anew in its pod.
            common["SLIMGATE_POD_NAME"] = "controller-0"
        port = free_port(self.site.lab.host_address)
        environment = {**common, "SLIMGATE_HTTP_PORT": str(port), **(more or {})}
        where = log or self.folder / f"{role}.log"
        program = Program(role, environment, self.site.lab.host_address, where)
        self.programs[role] = program
        return program

    def start(self, role: str, **more: str) -> Program:
        """Start a role, and wait until it is ready."""
        program = self.begin(role, more)
        program.wait_until_ready()
        return program

    @contextmanager
    def changed(
        self, role: str, more: Mapping[str, str], log: Path | None = None
    ) -> Iterator[None]:
        """Have a role run with other variables for a while."""
        self.programs[role].stop()
        self.begin(role, more, log).wait_until_ready()
        try:
            yield
        finally:
            self.programs[role].stop()
            self.begin(role).wait_until_ready()

    def close(self) -> None:
        """End all."""
        if self.witness is not None:
            self.witness.close()
        for program in self.programs.values():
            program.stop()
        self.front.close()
        self.registry.close()

    def settle(self) -> float:
        """Wait until all is as it must be, and stays so; return the seconds that it took."""
        began = time.monotonic()
        for program in self.programs.values():
            assert program.runs(), f"slimgate {program.role} has ended:\n{program.tail()}"
            program.wait_until_ready()
        self._until_right(_SETTLE_SECONDS)
        took = time.monotonic() - began
        time.sleep(_STILL_SECONDS)
        # Which only now would be said twice.
        self._until_right(_STILL_SECONDS)
        self.scene.settled()
        return took

    def ask_the_oracle(self) -> None:
        """Let a controller that remembers nothing judge it all: it must find nothing to write."""
        self.programs["controller"].stop()
        before = self._written()
        api, system = self.site.api, f"{self.site.run}-system"
        for secret in api.call("GET", f"/api/v1/namespaces/{system}/secrets").body["items"]:
            api.delete({"apiVersion": "v1", **secret, "kind": "Secret"})
        for digest in self.site.pushed:
            name = digest.replace(":", "-")
            api.delete({"kind": "ImageProfile", "metadata": {"name": name}})
        fresh = self.start("controller")
        places = self.scene.places
        eventually(
            lambda: all(
                fresh.metric("slimgate_workloads", policy=place.policy) == len(place.workloads)
                for place in places
            ),
            "a fresh start judges all",
            _SETTLE_SECONDS,
        )
        self._until_right(_SETTLE_SECONDS)
        wrong = [name for name, seen in self._written().items() if before.get(name) != seen]
        assert not wrong, f"a fresh start writes anew: {wrong[:5]}"

    def _written(self) -> Mapping[str, object]:
        """Return what slimgate has written about each workload, and when."""
        api = self.site.api
        found: dict[str, object] = {}
        for place in self.scene.places:
            for one in place.workloads:
                managed = api.get(one.obj)["metadata"]["managedFields"]
                found[str(one)] = [e for e in managed if e["manager"] == "slimgate"]
            own = {"fieldSelector": "reportingController=slimgate"}
            for event in api.list("Event", place.room.namespace, own):
                found[f"Event {event['metadata']['name']}"] = event.get("series")
        return found

    def _until_right(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while wrong := self.scene.differences():
            assert time.monotonic() < deadline, "\n".join(
                [f"{len(wrong)} differences", *wrong[:12]]
            )
            time.sleep(0.3)
