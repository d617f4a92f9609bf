"""SlimPolicies that can't be used: every mistake is named by its path, and what is right for it."""

import pytest

from slimgate.core.errors import InvalidPolicyError
from tests.core.policies.test_policy_parser import LIMITS, parse

TIERS = "must be one of Scratch, Distroless, Minimal, Slim, Full, Builder."
EVIDENCE = "must be one of Proven, Claimed, Inferred."
QUANTITY = "is not a quantity: write it as in 300Mi or 2G"
EMPTY = ": must not be empty: add an entry or leave it out."
DENY = {"deny": ["a"]}
RESOURCES, INCLUDE = "match.resources", "match.namespaces.include"
APP = {"apiGroup": "apps", "kind": "Deployment"}
# Where a spec says what, and what is said of it from there on.
BROKEN: list[tuple[str, object, str]] = [
    ("", {}, ": set at least one of limits, bases and budget."),
    ("", {"match": {}}, ": set at least one of limits, bases and budget."),
    ("budget", {}, ": set unpackedSize, as in unpackedSize: 20Gi."),
    ("budget", "20Gi", ": must be an object."),
    ("budget.unpackedSize", 0, ": must be above zero."),
    ("budget.size", 1, ": is not a field. The fields are unpackedSize."),
    ("limit", {}, ": is not a field. Did you mean limits?"),
    ("rules", {}, ": is not a field. The fields are bases, budget, exceptions, limits, "),
    ("limits", {}, ": set at least one limit, as in pullSize: {deny: 300Mi}."),
    ("limits", [], ": must be an object."),
    ("limits.pullsize", {}, ": is not a field. Did you mean pullSize?"),
    ("limits.pullSize", "300Mi", ": must be an object: write {deny: 300Mi}."),
    ("limits.pullSize", 300, ": must be an object: write {deny: 300}."),
    ("limits.pullSize", [], ": must be an object."),
    ("limits.pullSize", {}, ": set warn, deny or both."),
    ("limits.pullSize", {"warn": None}, ": set warn, deny or both."),
    ("limits.pullSize.max", 1, ": is not a field. The fields are deny, warn."),
    ("limits.pullSize.wran", 1, ": is not a field. Did you mean warn?"),
    ("limits.pullSize.deny", 1.5, ": must be a quantity, as in 300Mi or 2G."),
    ("limits.pullSize.deny", True, ": must be a quantity, as in 300Mi or 2G."),
    ("limits.pullSize.deny", ["1Mi"], ": must be a quantity, as in 300Mi or 2G."),
    ("limits.pullSize.deny", "1MB", f": '1MB' {QUANTITY}. Did you mean 1M?"),
    ("limits.pullSize.deny", "-1Mi", f": '-1Mi' {QUANTITY}"),
    ("limits.pullSize.deny", "5m", f": '5m' {QUANTITY}"),
    ("limits.pullSize.deny", "1e100", f": '1e100' {QUANTITY}"),
    ("limits.pullSize.deny", 0, ": must be above zero."),
    ("limits.pullSize.deny", -5, ": must be above zero."),
    ("limits.pullSize.deny", "0.0Gi", ": must be above zero."),
    ("limits.pullSize.deny", 2**63, ": must be less than 8Ei."),
    ("limits.pullSize.warn", "x", ": 'x' is not a quantity"),
    ("limits.pullSize", {"warn": "2Mi", "deny": "1Mi"}, ".warn: must not be above deny."),
    ("limits.pullSize", {"warn": "0.4", "deny": "0.3"}, ".warn: must not be above deny."),
    ("limits.unpackedSize.deny", "x", ": 'x' is not a qua"),
    (
        "limits.unpackedSize",
        {"deny": 1, "evidence": "measured"},
        ".evidence: must be one of Estimated, M",
    ),
    ("limits.unpackedSize", {"evidence": "Measured"}, ": set warn, deny or both."),
    ("limits.pullSize", {"deny": 1, "evidence": "Measured"}, ".evidence: is not a field."),
    ("limits.layerSize.deny", "x", ": 'x' is not a quantity"),
    ("limits.workloadPullSize.deny", "x", ": 'x' is"),
    ("limits.layers", 30, ": must be an object: write {deny: 30}."),
    ("limits.layers.deny", "30", ": must be a whole number from"),
    ("limits.layers.deny", 0, ": must be a whole number from 1"),
    ("limits.layers.deny", True, ": must be a whole number"),
    ("limits.layers.deny", 1_000_001, ": must be a whole numb"),
    ("limits.layers.warn", 0.0, ": must be a whole number from"),
    ("limits.layers.warn", 1e30, ": must be a whole number"),
    ("limits.layers.warn", float("inf"), ": must be a whole number"),
    ("limits.layers.warn", 1.5, ": must be a whole number from"),
    ("limits.growth", "50%", ": must be an object: write {deny: 50%}."),
    ("limits.growth.deny", 10, ": must be a percentage, as in"),
    ("limits.growth.deny", "10", ": '10' is not a percentage: "),
    ("bases", {}, ": set maxTier, allow, deny, or onFalseClaim: Deny."),
    ("bases", {"onFalseClaim": "Warn"}, ": set maxTier, allow, deny, or onFalseClaim:"),
    ("bases", {"minEvidence": {}}, ": set maxTier, allow, deny, or onFalseClaim: Deny."),
    ("bases", "scratch", ": must be an object."),
    ("bases.allowed", [], ": is not a field. Did you mean allow?"),
    ("bases.tier", {}, ": is not a field. Did you mean maxTier?"),
    ("bases.allow", "scratch", ": must be a list."),
    ("bases.allow", [], EMPTY),
    ("bases.deny", [], EMPTY),
    (RESOURCES, [], EMPTY),
    ("match.images.include", [], EMPTY),
    (INCLUDE, [], EMPTY),
    ("bases.allow", ["a", 1], "[1]: must be text."),
    ("bases.allow", ["a", "a"], "[1]: is listed twice."),
    ("bases.allow", ["https://a/b"], "[0]: must be an image reference or a "),
    ("bases.allow", ["a" * 513], "[0]: must not have more than 512 charact"),
    ("bases.allow", [f"a{i}" for i in range(65)], ": must not have more tha"),
    ("bases.deny", {}, ": must be a list."),
    ("bases", {"allow": ["a"], "deny": ["b"]}, ": set allow or deny, not both."),
    (
        "bases",
        {**DENY, "minEvidence": {"deny": "proven"}},
        f".minEvidence.deny: {EVIDENCE} Did you me",
    ),
    (
        "bases",
        {**DENY, "minEvidence": {"tier": "Claimed"}},
        ".minEvidence.tier: must be one of Proven, Inf",
    ),
    ("bases", {**DENY, "minEvidence": "Proven"}, ".minEvidence: must be an object."),
    (
        "bases",
        {**DENY, "minEvidence": {"maxTier": "Proven"}},
        ".minEvidence.maxTier: is not a field. Did",
    ),
    ("bases.onFalseClaim", "Refuse", ": must be one of Ignore, Warn, Deny."),
    ("bases.maxTier", "Slim", ": must be an object: write {deny: Slim}."),
    ("bases.maxTier", [], ": must be an object."),
    ("bases.maxTier", {}, ": set warn, deny or both."),
    ("bases.maxTier.warn", "x", f": {TIERS}"),
    ("bases.maxTier.deny", "slim", f": {TIERS} Did you mean Slim?"),
    ("bases.maxTier.deny", 3, f": {TIERS}"),
    ("bases.maxTier", {"warn": "Full", "deny": "Slim"}, ".warn: must not be above deny."),
    ("mode", "enforce", ": must be one of Enforce, Warn, Audit. Did you mean "),
    ("mode", ["Warn"], ": must be one of Enforce, Warn, Audit."),
    ("onUnknown", "Warn", ": must be one of Allow, Deny."),
    ("exceptions", True, ": must be an object."),
    ("exceptions.allowed", "no", ": must be true or false."),
    ("exceptions.maxDuration", "90d", ": must be a dur"),
    ("exceptions.maxDuration", "", ": must be a durati"),
    ("exceptions.maxDuration", "0h", ": must be a dura"),
    ("exceptions.maxDuration", 90, ": must be a durati"),
    ("message", 1, ": must be text."),
    ("message", "a" * 257, ": must not have more than 256 characters."),
    ("match", [], ": must be an object."),
    ("match.namespace", [], ": is not a field. Did you mean namespaces?"),
    ("match.namespaces", [], ": must be an object."),
    ("match.namespaces.in", [], ": is not a field. "),
    (INCLUDE, "team-*", ": must be a list."),
    ("match.namespaces.exclude", [None], "[0]: must be text."),
    (INCLUDE, ["Team"], "[0]: must be a namespace or a glob of them, as in team-*"),
    (INCLUDE, [""], "[0]: must be a names"),
    ("match.kinds", ["Pod"], ": is not a field."),
    ("match.workloadSelector", {}, ": is not a field. Did you mean "),
    (RESOURCES, {"apiGroup": "apps"}, ": must be a list."),
    (RESOURCES, ["Deployment"], "[0]: must be an object."),
    (RESOURCES, [{"kind": "Pod"}], '[0].apiGroup: is required; write "" for'),
    (
        RESOURCES,
        [{**APP, "apiGroup": "apps/v1"}],
        "[0].apiGroup: must be an API group without its version, as",
    ),
    (
        RESOURCES,
        [{**APP, "apiGroup": ""}],
        "[0].apiGroup: must not be empty: the core group has only P",
    ),
    (RESOURCES, [{**APP, "kind": "deployments"}], "[0].kind: must be a kind, as in Deployment."),
    (RESOURCES, [{"apiGroup": "apps"}], "[0].kind: must be a kind, as in De"),
    (RESOURCES, [{**APP, "name": "x"}], "[0].name: is not a field. The fields are apiGroup, kind."),
    (RESOURCES, [{"apiGroup": "", "kind": "Pod"}] * 2, "[1]: is listed twice."),
    (
        RESOURCES,
        [{**APP, "kind": f"K{i}"} for i in range(33)],
        ": must not have more than 32 entries.",
    ),
    ("match.images", ["a"], ": must be an object."),
    ("match.images.include", [1], "[0]: must be text."),
    ("match.images.include", ["a b"], "[0]: must be an image ref"),
    ("match.images.exclude", ["a//b"], "[0]: must be an image ref"),
    ("match.images.exclude", ["[ab]"], "[0]: must be an image ref"),
    ("match.namespaceSelector.matchLabels.a", 1, ": must be text."),
    ("match.objectSelector.app", "web", ": is not a field."),
]


def spec_of(path: str, value: object) -> dict[str, object]:
    """Make a spec that says something at a path, and limits something where that does not."""
    for field in reversed(path.split(".") if path else ()):
        value = {field: value}
    assert isinstance(value, dict)
    return (
        value if path.startswith(("limit", "bases", "budget")) or not path else {**value, **LIMITS}
    )


@pytest.mark.parametrize(
    ("path", "value", "message"), BROKEN, ids=[f"{path}{said[:60]}" for path, _, said in BROKEN]
)
def test_broken(path: str, value: object, message: str) -> None:
    """A mistake is refused in a sentence that starts with the path of the field at fault."""
    with pytest.raises(InvalidPolicyError) as caught:
        parse(**spec_of(path, value))

    said = str(caught.value)
    assert said.startswith(f"spec.{path}{message}" if path else f"spec{message}")
    assert said.startswith(f"{caught.value.path}: ")
    assert said.endswith((".", "?", "…"))
