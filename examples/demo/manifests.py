"""What is applied: the checkout's own manifests with this target's images, and the demo's policy.

Every file is written to build/demo, so that what the demo shows can be done again by hand.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final, cast

import yaml

from examples.demo.images import HELLO, KINDS
from examples.demo.target import Target

FOLDER: Final = Path("build/demo")
NAMESPACE: Final = "slimgate-demo"
POLICY: Final = "demo"
BASES: Final = ("demo-golang", "demo-distroless")
_PLACEHOLDER: Final = "registry.example.com"
_INSTALL: Final = Path("manifests/install.yaml")

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


def write_install(target: Target, image: str) -> Path:
    """Write install.yaml with slimgate's image and the target's settings, without definitions.

    They are applied by themselves, and stay when the demo is removed.
    """
    objects = [one for one in read(_INSTALL) if one["kind"] != "CustomResourceDefinition"]
    for one in objects:
        if one["kind"] == "ConfigMap":
            data = at(one, "data")
            data["config.yaml"] = text = _configuration(target, str(data["config.yaml"]))
    # Pods read settings when they start, so that other settings must make other pods.
    mark = hashlib.sha256(text.encode()).hexdigest()
    for one in objects:
        if one["kind"] == "Deployment":
            template = at(at(one, "spec"), "template")
            at(template, "metadata")["annotations"] = {"slimgate.dev/config": mark}
            for container in cast("list[JsonObject]", at(template, "spec")["containers"]):
                container["image"] = image
    return save("install", objects)


def _configuration(target: Target, shipped: str) -> str:
    """Write the configuration file with the target's settings."""
    # The demo's reader does not wait a minute for metrics, nor for clients that there are none of.
    own: JsonObject = {"nodeRefreshInterval": "10s", "drainDuration": "1s"}
    given = read(Path(target.config))[0] if target.config else {}
    settings = {**yaml.safe_load(shipped), **given, **own}
    # The demo has a policy of its own; what the controller creates would outlive its removal.
    del settings["defaultPolicyFile"]
    return yaml.safe_dump(settings, sort_keys=False)


def read(path: Path) -> list[JsonObject]:
    """Read a file of objects."""
    return [one for one in yaml.safe_load_all(path.read_text(encoding="utf-8")) if one]


def at(parent: JsonObject, name: str) -> JsonObject:
    """Return an object in an object."""
    return cast("JsonObject", parent[name])


def save(name: str, objects: Iterable[JsonObject]) -> Path:
    """Write objects to a file of the demo."""
    path = FOLDER / f"{name}.yaml"
    path.write_text(yaml.safe_dump_all(list(objects), sort_keys=False), encoding="utf-8")
    return path
