"""What is applied: the chart's values, the Deployments with this target's images, and the policy.

Every file is written to build/demo, so that what the demo shows can be done again by hand.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import yaml

from examples.demo.images import HELLO, KINDS
from examples.demo.target import Target

FOLDER: Final = Path("build/demo")
POLICY_FILE: Final = FOLDER / "policy.yaml"
NAMESPACE: Final = "slimgate-demo"
POLICY: Final = "demo"
BASES: Final = ("demo-golang", "demo-distroless")
_PLACEHOLDER: Final = "registry.example.com"

JsonObject = dict[str, object]


def deployment(kind: str) -> Path:
    """Return the file of one of the three Deployments."""
    return FOLDER / f"{kind}.yaml"


def write_deployments(target: Target) -> None:
    """Write the example's Deployments with the target's registry."""
    for kind in KINDS:
        text = (HELLO / "deploy" / f"{kind}.yaml").read_text(encoding="utf-8")
        deployment(kind).write_text(text.replace(_PLACEHOLDER, target.registry), encoding="utf-8")


def write_policy(target: Target) -> Path:
    """Write the policy: what is over the line, what is near it; and the bases that it knows."""
    spec: JsonObject = {
        "match": {"namespaces": {"include": [NAMESPACE]}},
        "mode": "Enforce",
        "limits": {
            "pullSize": {"warn": "10Mi", "deny": "100Mi"},
            "unpackedSize": {"deny": "300Mi"},
        },
        "bases": {"maxTier": {"deny": "Full"}},
    }
    bases = zip(BASES, (target.golang, target.distroless), strict=True)
    known = (
        _resource("BaseImage", name, {"references": [base.reference], "tier": base.tier})
        for name, base in bases
    )
    return save("policy", [_resource("SlimPolicy", POLICY, spec), *known])


def _resource(kind: str, name: str, spec: JsonObject) -> JsonObject:
    return {
        "apiVersion": "slimgate.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    }


def write_values(target: Target, image: str) -> Path:
    """Write the chart's values: slimgate's image, and what the target's registry is exempt from."""
    repository, _, digest = image.partition("@")
    given = read(Path(target.config))[0] if target.config else {}
    values: JsonObject = {
        "image": {"repository": repository, "digest": digest},
        "registries": given.get("registries", []),
        # The demo has a policy of its own; what the controller creates would outlive its removal.
        "defaultPolicy": {"create": False},
        # Its reader does not wait a minute for metrics, nor for clients that there are none of.
        "nodeMetrics": {"refreshInterval": "10s"},
        # The first look at images takes its time where two processors do all a cluster does.
        "webhook": {"drainDuration": "1s", "maxAdmissionWait": "4s"},
    }
    return save("values", [values])


def read(path: Path) -> list[JsonObject]:
    """Read a file of objects."""
    return [one for one in yaml.safe_load_all(path.read_text(encoding="utf-8")) if one]


def save(name: str, objects: Iterable[JsonObject]) -> Path:
    """Write objects to a file of the demo."""
    path = FOLDER / f"{name}.yaml"
    path.write_text(yaml.safe_dump_all(list(objects), sort_keys=False), encoding="utf-8")
    return path
