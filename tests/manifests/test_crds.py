"""What the API server itself makes of slimgate's resources."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.lab.kubectl import Kubectl
from tests.manifests.resources import Try, policy

pytestmark = pytest.mark.lab

_SAMPLES = Path(__file__).parents[2] / "manifests" / "samples"
_SOON = "2027-01-31T00:00:00Z"

Spec = Mapping[str, object]


GOOD: dict[str, Spec] = {
    "a quantity": {"limits": {"pullSize": {"deny": "300Mi"}}},
    "a number of bytes": {"limits": {"pullSize": {"deny": 300_000_000}}},
    "a fraction": {"limits": {"pullSize": {"deny": "0.5Gi"}}},
    "an exponent": {"limits": {"pullSize": {"deny": "1e9"}}},
    "warn alone": {"limits": {"pullSize": {"warn": "100Mi"}}},
    "equal lines": {"limits": {"pullSize": {"warn": "1Gi", "deny": "1024Mi"}}},
    "a text and a number": {"limits": {"pullSize": {"warn": "1Mi", "deny": 1_048_577}}},
    "a count": {"limits": {"layers": {"warn": 20, "deny": 30}}},
    "percentages": {"limits": {"growth": {"warn": "9%", "deny": "50%"}}},
    "a tier": {"bases": {"maxTier": {"deny": "Full"}}},
    "two tiers": {"bases": {"maxTier": {"warn": "Minimal", "deny": "Full"}}},
    "denied bases": {"bases": {"deny": ["docker.io/library/golang"]}},
    "false claims alone": {"bases": {"onFalseClaim": "Deny"}},
    "every field": {
        "match": {
            "namespaces": {"include": ["team-*"], "exclude": ["kube-system"]},
            "namespaceSelector": {"matchLabels": {"slim": "yes"}},
            "objectSelector": {
                "matchExpressions": [
                    {"key": "tier", "operator": "In", "values": ["web"]},
                    {"key": "legacy", "operator": "DoesNotExist"},
                ]
            },
            "resources": [
                {"apiGroup": "apps", "kind": "Deployment"},
                {"apiGroup": "argoproj.io", "kind": "Rollout"},
                {"apiGroup": "", "kind": "Pod"},
            ],
            "images": {
                "include": ["registry.example.com:5000/team/**"],
                "exclude": ["**/istio/*:1.?"],
            },
        },
        "mode": "Enforce",
        "onUnknown": "Deny",
        "limits": {
            "pullSize": {"warn": "100Mi", "deny": "300Mi"},
            "unpackedSize": {"deny": "900Mi"},
            "layers": {"warn": 30},
            "layerSize": {"warn": "200Mi"},
            "workloadPullSize": {"deny": "500Mi"},
            "growth": {"warn": "10%", "deny": "50%"},
        },
        "bases": {
            "maxTier": {"warn": "Minimal", "deny": "Full"},
            "allow": ["scratch", "gcr.io/distroless/**"],
            "minEvidence": {"allow": "Claimed", "deny": "Proven", "tier": "Proven"},
            "onFalseClaim": "Ignore",
        },
        "exceptions": {"allowed": True, "maxDuration": "2160h"},
        "message": "see https://wiki.example.com/slim",
    },
}


@pytest.mark.parametrize("case", GOOD)
def test_good_policy_is_accepted(create: Try, case: str) -> None:
    """Each form that the design writes passes strict validation."""
    answer = create(policy(GOOD[case]))

    assert answer.accepted, answer.text


def _size(value: object) -> Spec:
    return {"limits": {"pullSize": value}}


def _match(**match: object) -> Spec:
    return {"limits": {"layers": {"deny": 30}}, "match": match}


def _requires(requirement: object) -> Spec:
    return _match(objectSelector={"matchExpressions": [requirement]})


def _with(**fields: object) -> Spec:
    return {"limits": {"layers": {"deny": 30}}, **fields}


PULL, TIER = "spec.limits.pullSize", "spec.bases.maxTier"
RESOURCES = "spec.match.resources[0]"
EXPRESSION = "spec.match.objectSelector.matchExpressions[0]"


@pytest.mark.parametrize(
    ("spec", "path", "says"),
    [
        (_size("300Mi"), PULL, "must be of type object"),
        (_size(300), PULL, "must be of type object"),
        (_size(value=True), PULL, "must be of type object"),
        (_size([1]), PULL, "must be of type object"),
        (_size({}), PULL, "set warn, deny or both"),
        (_size({"wran": "1Mi"}), f"{PULL}.wran", "unknown field"),
        (_size({"deny": "1e100"}), f"{PULL}.deny", "Invalid value"),
        (_size({"deny": "300MB"}), f"{PULL}.deny", "should match '^(300Mi|2G|"),
        (_size({"deny": "1.2.3"}), f"{PULL}.deny", "should match '^(300Mi|2G|"),
        (_size({"deny": "-5Mi"}), f"{PULL}.deny", "should match '^(300Mi|2G|"),
        (_size({"warn": "0Mi"}), f"{PULL}.warn", "must be above zero"),
        (_size({"deny": "0.0"}), f"{PULL}.deny", "must be above zero"),
        (_size({"deny": 0}), f"{PULL}.deny", "greater than or equal to 1"),
        (_size({"deny": -5}), f"{PULL}.deny", "greater than or equal to 1"),
        (_size({"deny": 1.5}), f"{PULL}.deny", "must be of type integer,string"),
        (_size({"deny": True}), f"{PULL}.deny", "must be of type integer,string"),
        (_size({"deny": ["1Mi"]}), f"{PULL}.deny", "must be of type integer,string"),
        (_size({"warn": "2Gi", "deny": "300Mi"}), f"{PULL}.warn", "must not be above deny"),
        (_size({"warn": 2, "deny": "1"}), f"{PULL}.warn", "must not be above deny"),
        (_size({"warn": "0.4", "deny": "0.3"}), f"{PULL}.warn", "must not be above deny"),
        ({"limits": {"layers": 30}}, "spec.limits.layers", "must be of type object"),
        ({"limits": {"layers": {}}}, "spec.limits.layers", "set warn, deny or both"),
        ({"limits": {"layers": {"deny": "30"}}}, "spec.limits.layers.deny", "of type integer"),
        ({"limits": {"layers": {"deny": 0}}}, "spec.limits.layers.deny", "greater than or equal"),
        ({"limits": {"layers": {"deny": 1_000_001}}}, "spec.limits.layers.deny", "less than or eq"),
        (
            {"limits": {"layers": {"warn": 31, "deny": 30}}},
            "spec.limits.layers.warn",
            "must not be above deny",
        ),
        ({"limits": {"growth": "10%"}}, "spec.limits.growth", "must be of type object"),
        ({"limits": {"growth": {"deny": "10"}}}, "spec.limits.growth.deny", "should match '^(50%|"),
        ({"limits": {"growth": {"deny": 10}}}, "spec.limits.growth.deny", "of type string"),
        (
            {"limits": {"growth": {"warn": "100%", "deny": "50%"}}},
            "spec.limits.growth.warn",
            "must not be above deny",
        ),
        ({"limits": {}}, "spec.limits", "set at least one limit"),
        ({"limits": {"pulSize": {"deny": 1}}}, "spec.limits.pulSize", "unknown field"),
        ({}, "spec", "set limits, bases or budget"),
        ({"budget": {}}, "spec.budget.unpackedSize", "Required value"),
        ({"budget": {"unpackedSize": "0Mi"}}, "spec.budget.unpackedSize", "must be above zero"),
        (_with(mode="Block"), "spec.mode", '"Enforce", "Warn", "Audit"'),
        (_with(onUnknown="No"), "spec.onUnknown", '"Allow", "Deny"'),
        (_with(message="a" * 257), "spec.message", "may not be more than 256"),
        (_with(exceptions=False), "spec.exceptions", "must be of type object"),
        (_with(exceptions={"allowed": "no"}), "spec.exceptions.allowed", "of type boolean"),
        (_with(exceptions={"maxDuration": "90d"}), "spec.exceptions.maxDuration", "(2160h|1h30m|"),
        (_with(exceptions={"maxDuration": "0h"}), "spec.exceptions.maxDuration", "above zero"),
        ({"bases": {}}, "spec.bases", "set maxTier, allow, deny, or onFalseClaim: Deny"),
        ({"bases": {"onFalseClaim": "Warn"}}, "spec.bases", "set maxTier, allow, deny, or onFalse"),
        ({"bases": {"onFalseClaim": "No"}}, "spec.bases.onFalseClaim", '"Ignore", "Warn", "Deny"'),
        ({"bases": {"tier": "Full"}}, "spec.bases.tier", "unknown field"),
        ({"bases": {"maxTier": "Full"}}, TIER, "must be of type object"),
        ({"bases": {"maxTier": {}}}, TIER, "set warn, deny or both"),
        ({"bases": {"maxTier": {"deny": "full"}}}, f"{TIER}.deny", '"Scratch", "Distroless"'),
        (
            {"bases": {"maxTier": {"warn": "Builder", "deny": "Slim"}}},
            f"{TIER}.warn",
            "must not be above deny",
        ),
        ({"bases": {"allow": ["a"], "deny": ["b"]}}, "spec.bases", "set allow or deny, not both"),
        ({"bases": {"allow": []}}, "spec.bases.allow", "should have at least 1 items"),
        ({"bases": {"allow": ["a", "a"]}}, "spec.bases.allow[1]", "Duplicate value"),
        ({"bases": {"allow": ["https://a/b"]}}, "spec.bases.allow[0]", "should match"),
        ({"bases": {"deny": ["[ab]"]}}, "spec.bases.deny[0]", "should match"),
        (
            {"bases": {"deny": ["a"], "minEvidence": {"deny": "Hoped"}}},
            "spec.bases.minEvidence.deny",
            '"Proven", "Claimed", "Inferred"',
        ),
        (
            {"bases": {"deny": ["a"], "minEvidence": {"tier": "Claimed"}}},
            "spec.bases.minEvidence.tier",
            'supported values: "Proven", "Inferred"',
        ),
        (_match(kinds=["Pod"]), "spec.match.kinds", "unknown field"),
        (_match(images=["a"]), "spec.match.images", "must be of type object"),
        (_match(images={"include": ["a b"]}), "spec.match.images.include[0]", "should match"),
        (_match(namespaces={"include": ["Team"]}), "spec.match.namespaces.include[0]", "match"),
        (_match(resources=[]), "spec.match.resources", "should have at least 1 items"),
        (_match(images={"include": []}), "spec.match.images.include", "at least 1 items"),
        (_match(namespaces={"include": []}), "spec.match.namespaces.include", "at least 1 items"),
        (_match(resources=[{"kind": "Pod"}]), f"{RESOURCES}.apiGroup", "Required value"),
        (_match(resources=[{"apiGroup": "apps"}]), f"{RESOURCES}.kind", "Required value"),
        (
            _match(resources=[{"apiGroup": "apps", "kind": "deployment"}]),
            f"{RESOURCES}.kind",
            "should match",
        ),
        (
            _match(resources=[{"apiGroup": "apps/v1", "kind": "Deployment"}]),
            f"{RESOURCES}.apiGroup",
            "should match",
        ),
        (
            _match(resources=[{"apiGroup": "", "kind": "Deployment"}]),
            f"{RESOURCES}.apiGroup",
            "the core group has only Pod and ReplicationController",
        ),
        (
            _match(resources=[{"apiGroup": "apps", "kind": "Deployment"}] * 2),
            "spec.match.resources[1]",
            "Duplicate value",
        ),
        (
            _requires({"key": "a", "operator": "In"}),
            f"{EXPRESSION}.values",
            "In and NotIn need values",
        ),
        (_requires({"key": "a", "operator": "Is"}), f"{EXPRESSION}.operator", '"In", "NotIn"'),
    ],
)
def test_bad_policy_is_refused(create: Try, spec: Spec, path: str, says: str) -> None:
    """The refusal names the field and what is right for it."""
    answer = create(policy(spec))

    assert not answer.accepted
    assert path in answer.text
    assert says in answer.text


def test_defaults_break_nothing(create: Try) -> None:
    """A policy that only sets limits and bases audits, and admits what it doesn't know."""
    answer = create(policy({"bases": {"maxTier": {"deny": "Full"}}}))

    spec = json.loads(answer.text)["spec"]
    assert (spec["mode"], spec["onUnknown"]) == ("Audit", "Allow")
    assert spec["bases"]["minEvidence"] == {
        "allow": "Proven",
        "deny": "Inferred",
        "tier": "Inferred",
    }
    assert spec["bases"]["onFalseClaim"] == "Warn"
    assert spec["exceptions"] == {"allowed": True}


@pytest.mark.usefixtures("crds")
@pytest.mark.parametrize(
    ("field", "kind"), [("pullSize", "Object"), ("layers", "integer"), ("growth", "string")]
)
def test_explained(kubectl: Kubectl, field: str, kind: str) -> None:
    """Kubectl shows the two lines of a limit, each with its type."""
    text = kubectl("explain", f"slimpolicy.spec.limits.{field}")

    assert [
        line.split() for line in text.splitlines() if line.startswith("  ") and "<" in line
    ] == [["deny", f"<{kind}>"], ["warn", f"<{kind}>"]]


@pytest.mark.parametrize("name", ["scratch", "distroless", "slim", "no-toolchain"])
def test_sample_is_accepted(create: Try, name: str) -> None:
    """The sample policies pass strict validation under their own names."""
    sample = yaml.safe_load((_SAMPLES / f"{name}.yaml").read_text())

    answer = create(sample)

    assert answer.accepted, answer.text
    assert json.loads(answer.text)["metadata"]["name"] == name


@pytest.mark.usefixtures("crds")
def test_policy_columns_and_status(kubectl: Kubectl) -> None:
    """A stored policy keeps every status field and prints its columns, limits in wide only."""
    stored = policy({"limits": {"pullSize": {"warn": "1Mi", "deny": "9Mi"}}}, name="shown")
    status = {
        "observedGeneration": 1,
        "workloads": 7,
        "warned": 5,
        "denied": 3,
        "unknown": 1,
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "Judging",
                "message": "",
                "lastTransitionTime": _SOON,
            }
        ],
    }
    kubectl("delete", "slimpolicy", "shown", "--ignore-not-found")
    try:
        kubectl("create", "-f", "-", stdin=yaml.safe_dump(stored))
        patch = json.dumps({"status": status})
        kubectl("patch", "slimpol", "shown", "--subresource=status", "--type=merge", "-p", patch)
        kept = json.loads(kubectl("get", "slimpol", "shown", "-o", "json"))["status"]
        head, row = kubectl("get", "slimpol", "shown").splitlines()
        wide = kubectl("get", "slimpol", "shown", "-o", "wide")
    finally:
        kubectl("delete", "slimpolicy", "shown", "--ignore-not-found")

    assert kept == status
    assert head.split() == [
        "NAME", "MODE", "WORKLOADS", "WARNED", "DENIED", "UNKNOWN", "READY", "AGE",
    ]  # fmt: skip
    assert row.split()[:-1] == ["shown", "Audit", "7", "5", "3", "1", "True"]
    assert "9Mi" in wide
