"""SlimPolicies that can't be used: every mistake is named by its path, and what is right for it."""

import pytest

from slimgate.core.errors import InvalidPolicyError
from tests.core.policies.test_policy_parser import LIMITS, parse

TIERS = "must be one of Scratch, Distroless, Minimal, Slim, Full, Builder."
PULL = "spec.limits.pullSize"
RESOURCES = "spec.match.resources"


def pull(raw: object) -> dict[str, object]:
    """Make a spec with a limit of pullSize."""
    return {"limits": {"pullSize": raw}}


def matching(**match: object) -> dict[str, object]:
    """Make a spec with a match."""
    return {"match": match, **LIMITS}


BROKEN: list[tuple[dict[str, object], str]] = [
    ({}, "spec: set at least one of limits, bases and budget."),
    ({"match": {}}, "spec: set at least one of limits, bases and budget."),
    ({"budget": {}}, "spec.budget: set unpackedSize, as in unpackedSize: 20Gi."),
    ({"budget": "20Gi"}, "spec.budget: must be an object."),
    ({"budget": {"unpackedSize": 0}}, "spec.budget.unpackedSize: must be above zero."),
    ({"budget": {"size": 1}}, "spec.budget.size: is not a field. The fields are unpackedSize."),
    ({"limit": {}}, "spec.limit: is not a field. Did you mean limits?"),
    (
        {"rules": {}},
        "spec.rules: is not a field. The fields are bases, budget, exceptions, limits, ",
    ),
    ({"limits": {}}, "spec.limits: set at least one limit, as in pullSize: {deny: 300Mi}."),
    ({"limits": []}, "spec.limits: must be an object."),
    ({"limits": {"pullsize": {}}}, "spec.limits.pullsize: is not a field. Did you mean pullSize?"),
    (pull("300Mi"), f"{PULL}: must be an object: write {{deny: 300Mi}}."),
    (pull(300), f"{PULL}: must be an object: write {{deny: 300}}."),
    (pull([]), f"{PULL}: must be an object."),
    (pull({}), f"{PULL}: set warn, deny or both."),
    (pull({"warn": None}), f"{PULL}: set warn, deny or both."),
    (pull({"max": 1}), f"{PULL}.max: is not a field. The fields are deny, warn."),
    (pull({"wran": 1}), f"{PULL}.wran: is not a field. Did you mean warn?"),
    (pull({"deny": 1.5}), f"{PULL}.deny: must be a quantity, as in 300Mi or 2G."),
    (pull({"deny": True}), f"{PULL}.deny: must be a quantity, as in 300Mi or 2G."),
    (pull({"deny": ["1Mi"]}), f"{PULL}.deny: must be a quantity, as in 300Mi or 2G."),
    (
        pull({"deny": "1MB"}),
        f"{PULL}.deny: '1MB' is not a quantity: write it as in 300Mi or 2G. Did you mean 1M?",
    ),
    (pull({"deny": "-1Mi"}), f"{PULL}.deny: '-1Mi' is not a quantity: write it as in 300Mi or 2G"),
    (pull({"deny": "5m"}), f"{PULL}.deny: '5m' is not a quantity: write it as in 300Mi or 2G"),
    (pull({"deny": "1e100"}), f"{PULL}.deny: '1e100' is not a quantity: write it as in 300Mi or "),
    (pull({"deny": 0}), f"{PULL}.deny: must be above zero."),
    (pull({"deny": -5}), f"{PULL}.deny: must be above zero."),
    (pull({"deny": "0.0Gi"}), f"{PULL}.deny: must be above zero."),
    (pull({"deny": 2**63}), f"{PULL}.deny: must be less than 8Ei."),
    (pull({"warn": "x"}), f"{PULL}.warn: 'x' is not a quantity"),
    (pull({"warn": "2Mi", "deny": "1Mi"}), f"{PULL}.warn: must not be above deny."),
    (pull({"warn": "0.4", "deny": "0.3"}), f"{PULL}.warn: must not be above deny."),
    (
        {"limits": {"unpackedSize": {"deny": "x"}}},
        "spec.limits.unpackedSize.deny: 'x' is not a qua",
    ),
    (
        {"limits": {"unpackedSize": {"deny": 1, "evidence": "measured"}}},
        "spec.limits.unpackedSize.evidence: must be one of Estimated, Measured. Did you mean Measu",
    ),
    (
        {"limits": {"unpackedSize": {"evidence": "Measured"}}},
        "spec.limits.unpackedSize: set warn, deny or both.",
    ),
    (pull({"deny": 1, "evidence": "Measured"}), f"{PULL}.evidence: is not a field."),
    ({"limits": {"layerSize": {"deny": "x"}}}, "spec.limits.layerSize.deny: 'x' is not a quantity"),
    ({"limits": {"workloadPullSize": {"deny": "x"}}}, "spec.limits.workloadPullSize.deny: 'x' is"),
    ({"limits": {"layers": 30}}, "spec.limits.layers: must be an object: write {deny: 30}."),
    (
        {"limits": {"layers": {"deny": "30"}}},
        "spec.limits.layers.deny: must be a whole number from",
    ),
    ({"limits": {"layers": {"deny": 0}}}, "spec.limits.layers.deny: must be a whole number from 1"),
    ({"limits": {"layers": {"deny": True}}}, "spec.limits.layers.deny: must be a whole number"),
    ({"limits": {"layers": {"deny": 1_000_001}}}, "spec.limits.layers.deny: must be a whole numb"),
    ({"limits": {"layers": {"warn": 0.0}}}, "spec.limits.layers.warn: must be a whole number from"),
    ({"limits": {"layers": {"warn": 1e30}}}, "spec.limits.layers.warn: must be a whole number"),
    (
        {"limits": {"layers": {"warn": float("inf")}}},
        "spec.limits.layers.warn: must be a whole number",
    ),
    ({"limits": {"layers": {"warn": 1.5}}}, "spec.limits.layers.warn: must be a whole number from"),
    ({"limits": {"growth": "50%"}}, "spec.limits.growth: must be an object: write {deny: 50%}."),
    ({"limits": {"growth": {"deny": 10}}}, "spec.limits.growth.deny: must be a percentage, as in"),
    ({"limits": {"growth": {"deny": "10"}}}, "spec.limits.growth.deny: '10' is not a percentage: "),
    ({"bases": {}}, "spec.bases: set maxTier, allow, deny, or onFalseClaim: Deny."),
    ({"bases": {"onFalseClaim": "Warn"}}, "spec.bases: set maxTier, allow, deny, or onFalseClaim:"),
    (
        {"bases": {"minEvidence": {}}},
        "spec.bases: set maxTier, allow, deny, or onFalseClaim: Deny.",
    ),
    ({"bases": "scratch"}, "spec.bases: must be an object."),
    ({"bases": {"allowed": []}}, "spec.bases.allowed: is not a field. Did you mean allow?"),
    ({"bases": {"tier": {}}}, "spec.bases.tier: is not a field. Did you mean maxTier?"),
    ({"bases": {"allow": "scratch"}}, "spec.bases.allow: must be a list."),
    (
        {"bases": {"allow": []}},
        "spec.bases.allow: must not be empty: add an entry or leave it out.",
    ),
    ({"bases": {"deny": []}}, "spec.bases.deny: must not be empty: add an entry or leave it out."),
    (matching(resources=[]), f"{RESOURCES}: must not be empty: add an entry or leave it out."),
    (matching(images={"include": []}), "spec.match.images.include: must not be empty: add an ent"),
    (
        matching(namespaces={"include": []}),
        "spec.match.namespaces.include: must not be empty: add an entry or leave it out.",
    ),
    ({"bases": {"allow": ["a", 1]}}, "spec.bases.allow[1]: must be text."),
    ({"bases": {"allow": ["a", "a"]}}, "spec.bases.allow[1]: is listed twice."),
    (
        {"bases": {"allow": ["https://a/b"]}},
        "spec.bases.allow[0]: must be an image reference or a ",
    ),
    ({"bases": {"allow": ["a" * 513]}}, "spec.bases.allow[0]: must not have more than 512 charact"),
    (
        {"bases": {"allow": [f"a{i}" for i in range(65)]}},
        "spec.bases.allow: must not have more tha",
    ),
    ({"bases": {"deny": {}}}, "spec.bases.deny: must be a list."),
    ({"bases": {"allow": ["a"], "deny": ["b"]}}, "spec.bases: set allow or deny, not both."),
    (
        {"bases": {"deny": ["a"], "minEvidence": {"deny": "proven"}}},
        "spec.bases.minEvidence.deny: must be one of Proven, Claimed, Inferred. Did you mean Prove",
    ),
    (
        {"bases": {"maxTier": {"deny": "Full"}, "minEvidence": {"tier": "Claimed"}}},
        "spec.bases.minEvidence.tier: must be one of Proven, Inferred.",
    ),
    (
        {"bases": {"deny": ["a"], "minEvidence": "Proven"}},
        "spec.bases.minEvidence: must be an object.",
    ),
    (
        {"bases": {"deny": ["a"], "minEvidence": {"maxTier": "Proven"}}},
        "spec.bases.minEvidence.maxTier: is not a field. Did you mean tier?",
    ),
    (
        {"bases": {"deny": ["a"], "onFalseClaim": "Refuse"}},
        "spec.bases.onFalseClaim: must be one of Ignore, Warn, Deny.",
    ),
    ({"bases": {"maxTier": "Slim"}}, "spec.bases.maxTier: must be an object: write {deny: Slim}."),
    ({"bases": {"maxTier": []}}, "spec.bases.maxTier: must be an object."),
    ({"bases": {"maxTier": {}}}, "spec.bases.maxTier: set warn, deny or both."),
    ({"bases": {"maxTier": {"warn": "x"}}}, f"spec.bases.maxTier.warn: {TIERS}"),
    (
        {"bases": {"maxTier": {"deny": "slim"}}},
        f"spec.bases.maxTier.deny: {TIERS} Did you mean Slim?",
    ),
    ({"bases": {"maxTier": {"deny": 3}}}, f"spec.bases.maxTier.deny: {TIERS}"),
    (
        {"bases": {"maxTier": {"warn": "Full", "deny": "Slim"}}},
        "spec.bases.maxTier.warn: must not be above deny.",
    ),
    (
        {"mode": "enforce", **LIMITS},
        "spec.mode: must be one of Enforce, Warn, Audit. Did you mean ",
    ),
    ({"mode": ["Warn"], **LIMITS}, "spec.mode: must be one of Enforce, Warn, Audit."),
    ({"onUnknown": "Warn", **LIMITS}, "spec.onUnknown: must be one of Allow, Deny."),
    ({"exceptions": True, **LIMITS}, "spec.exceptions: must be an object."),
    (
        {"exceptions": {"allowed": "no"}, **LIMITS},
        "spec.exceptions.allowed: must be true or false.",
    ),
    (
        {"exceptions": {"maxDuration": "90d"}, **LIMITS},
        "spec.exceptions.maxDuration: must be a dur",
    ),
    (
        {"exceptions": {"maxDuration": ""}, **LIMITS},
        "spec.exceptions.maxDuration: must be a durati",
    ),
    (
        {"exceptions": {"maxDuration": "0h"}, **LIMITS},
        "spec.exceptions.maxDuration: must be a dura",
    ),
    (
        {"exceptions": {"maxDuration": 90}, **LIMITS},
        "spec.exceptions.maxDuration: must be a durati",
    ),
    ({"message": 1, **LIMITS}, "spec.message: must be text."),
    ({"message": "a" * 257, **LIMITS}, "spec.message: must not have more than 256 characters."),
    ({"match": [], **LIMITS}, "spec.match: must be an object."),
    (matching(namespace=[]), "spec.match.namespace: is not a field. Did you mean namespaces?"),
    (matching(namespaces=[]), "spec.match.namespaces: must be an object."),
    (matching(namespaces={"in": []}), "spec.match.namespaces.in: is not a field. "),
    (matching(namespaces={"include": "team-*"}), "spec.match.namespaces.include: must be a list."),
    (matching(namespaces={"exclude": [None]}), "spec.match.namespaces.exclude[0]: must be text."),
    (
        matching(namespaces={"include": ["Team"]}),
        "spec.match.namespaces.include[0]: must be a namespace or a glob of them, as in team-*.",
    ),
    (matching(namespaces={"include": [""]}), "spec.match.namespaces.include[0]: must be a names"),
    (matching(kinds=["Pod"]), "spec.match.kinds: is not a field."),
    (matching(workloadSelector={}), "spec.match.workloadSelector: is not a field. Did you mean "),
    (matching(resources={"apiGroup": "apps"}), f"{RESOURCES}: must be a list."),
    (matching(resources=["Deployment"]), f"{RESOURCES}[0]: must be an object."),
    (matching(resources=[{"kind": "Pod"}]), f'{RESOURCES}[0].apiGroup: is required; write "" for'),
    (
        matching(resources=[{"apiGroup": "apps/v1", "kind": "Deployment"}]),
        f"{RESOURCES}[0].apiGroup: must be an API group without its version, as in apps; write",
    ),
    (
        matching(resources=[{"apiGroup": "", "kind": "Deployment"}]),
        f"{RESOURCES}[0].apiGroup: must not be empty: the core group has only Pod and Replicatio",
    ),
    (
        matching(resources=[{"apiGroup": "apps", "kind": "deployments"}]),
        f"{RESOURCES}[0].kind: must be a kind, as in Deployment.",
    ),
    (matching(resources=[{"apiGroup": "apps"}]), f"{RESOURCES}[0].kind: must be a kind, as in De"),
    (
        matching(resources=[{"apiGroup": "apps", "kind": "Deployment", "name": "x"}]),
        f"{RESOURCES}[0].name: is not a field. The fields are apiGroup, kind.",
    ),
    (
        matching(resources=[{"apiGroup": "", "kind": "Pod"}] * 2),
        f"{RESOURCES}[1]: is listed twice.",
    ),
    (
        matching(resources=[{"apiGroup": "apps", "kind": f"K{i}"} for i in range(33)]),
        f"{RESOURCES}: must not have more than 32 entries.",
    ),
    (matching(images=["a"]), "spec.match.images: must be an object."),
    (matching(images={"include": [1]}), "spec.match.images.include[0]: must be text."),
    (matching(images={"include": ["a b"]}), "spec.match.images.include[0]: must be an image ref"),
    (matching(images={"exclude": ["a//b"]}), "spec.match.images.exclude[0]: must be an image ref"),
    (matching(images={"exclude": ["[ab]"]}), "spec.match.images.exclude[0]: must be an image ref"),
    (
        matching(namespaceSelector={"matchLabels": {"a": 1}}),
        "spec.match.namespaceSelector.matchLabels.a: must be text.",
    ),
    (matching(objectSelector={"app": "web"}), "spec.match.objectSelector.app: is not a field."),
]


@pytest.mark.parametrize(("spec", "message"), BROKEN, ids=[message[:60] for _, message in BROKEN])
def test_broken(spec: dict[str, object], message: str) -> None:
    """A mistake is refused in a sentence that starts with the path of the field at fault."""
    with pytest.raises(InvalidPolicyError) as caught:
        parse(**spec)

    assert str(caught.value).startswith(message)
    assert str(caught.value).startswith(f"{caught.value.path}: ")
    assert str(caught.value).endswith((".", "?", "…"))
