"""A test's own place: a namespace, policies that speak of it alone, images, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.live import make
from tests.live.api import Answer, Api, Json, eventually
from tests.live.hook import Hook
from tests.live.shelf import Shelf

VERDICT: Final = "slimgate.dev/verdict"
SUMMARY: Final = "slimgate.dev/summary"


@dataclass(kw_only=True)
class Sentinel:
    """Tells when the webhook has seen every policy that was written before.

    Policies are watched in the order in which they are written, so an edit of one more policy,
    whose effect can be asked for, comes after all of them.
    """

    api: Api
    hook: Hook
    name: str
    edition: int = 0

    @property
    def policy(self) -> Json:
        """The policy, of a namespace that there is not."""
        spec = {
            "match": {"namespaces": {"include": [self.name]}},
            "mode": "Enforce",
            "onUnknown": "Deny",
            "limits": {"layers": {"deny": 1}},
        }
        return make.policy(self.name, spec)

    def settle(self) -> None:
        """Wait until the webhook judges by what is written now."""
        self.edition += 1
        said = f"edition {self.edition}."
        self.api.patch(self.policy, {"spec": {"message": said}})
        asked = make.workload("Deployment", self.name, make.pod_spec("no//reference"))
        eventually(
            lambda: said in self.hook.ask(asked).get("status", {}).get("message", ""),
            "the webhook has seen a policy",
        )


@dataclass(kw_only=True)
class Room:
    """All that a test makes is found here, and ends with it."""

    api: Api
    sentinel: Sentinel
    namespace: str
    shelf: Shelf
    policies: list[Json] = field(default_factory=list)
    base_images: list[Json] = field(default_factory=list)

    @property
    def next_name(self) -> str:
        """Return what the next policy will be called."""
        return f"{self.namespace}-{len(self.policies)}"

    def policy(
        self, *, match: Mapping[str, object] | None = None, settle: bool = True, **spec: object
    ) -> str:
        """Make a policy of this namespace that enforces, and return its name once it is in force.

        `match` with namespaces of its own speaks of those instead.
        """
        name = self.next_name
        whole = {"namespaces": {"include": [self.namespace]}, **(match or {})}
        made = make.policy(name, {"match": whole, "mode": "Enforce", **spec})
        self.policies.append(made)
        self.api.create(made)
        if settle:
            self.sentinel.settle()
        return name

    def base_image(self, *references: str, tier: str | None = None) -> Json:
        """Make a BaseImage, of which the webhook hears in a moment; every policy knows it."""
        name = f"{self.namespace}-b{len(self.base_images)}"
        made = self.api.create(make.base_image(name, *references, tier=tier))
        self.base_images.append(made)
        return made

    def edit(self, name: str, **spec: object) -> None:
        """Change parts of a policy's spec, and wait until that is in force."""
        self.api.patch(make.policy(name, {}), {"spec": spec})
        self.sentinel.settle()

    def workload(
        self,
        *images: str,
        kind: str = "Deployment",
        name: str = "web",
        labels: Mapping[str, str] | None = None,
        replicas: int = 0,
        **pod: object,
    ) -> Json:
        """Write a workload down."""
        spec = make.pod_spec(*images, **pod)
        return make.workload(kind, self.namespace, spec, name, labels=labels, replicas=replicas)

    def ask(self, *images: str, **fields: object) -> Answer:
        """Ask the API server what it would say of a workload, and keep nothing."""
        obj = self.workload(*images, **fields)  # type: ignore[arg-type]
        return self.api.try_create(obj, dry_run=True)

    def deploy(self, *images: str, **fields: object) -> Json:
        """Make a workload, which must be admitted."""
        return self.api.create(self.workload(*images, **fields))  # type: ignore[arg-type]

    def annotations(self, obj: Json) -> dict[str, str]:
        """Return slimgate's own annotations of an object."""
        held = (self.api.find(obj) or {}).get("metadata", {}).get("annotations", {})
        return {key: value for key, value in held.items() if key.startswith("slimgate.dev/")}

    def await_verdict(self, obj: Json, verdict: str | None, seconds: float = 30.0) -> str:
        """Wait until an object is annotated so, or no more; return the summary."""
        eventually(
            lambda: self.annotations(obj).get(VERDICT) == verdict,
            f"{obj['kind']} {obj['metadata']['name']} is annotated {verdict}",
            seconds,
        )
        return self.annotations(obj).get(SUMMARY, "")

    def events(self, obj: Json) -> Sequence[Json]:
        """Return slimgate's Events about an object."""
        said = f"regarding.uid={obj['metadata']['uid']},reportingController=slimgate"
        return self.api.list("Event", self.namespace, {"fieldSelector": said})

    def status(self, name: str) -> Json:
        """Return a policy's status."""
        return self.status_of(make.policy(name, {}))

    def status_of(self, obj: Json) -> Json:
        """Return an object's status."""
        found: Json = self.api.get(obj).get("status", {})
        return found

    def condition(self, obj: Json, kind: str) -> tuple[str, str, str]:
        """Return status, reason and message of an object's condition; empty while there is none."""
        for one in self.status_of(obj).get("conditions", []):
            if one["type"] == kind:
                return one["status"], one["reason"], one["message"]
        return "", "", ""

    def close(self) -> None:
        """Delete all of it; what judges listen to goes first, so that later tests hear nothing."""
        for made in (*self.policies, *self.base_images):
            self.api.delete(made)
        for exception in self.api.list("SlimException", self.namespace):
            self.api.delete({**exception, "kind": "SlimException"})
        self.api.delete({"kind": "Namespace", "metadata": {"name": self.namespace}})
