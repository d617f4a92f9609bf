"""What the API server itself makes of slimgate's resources."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.lab.kubectl import Kubectl
from tests.manifests.resources import Try, exception, policy, profile

pytestmark = pytest.mark.lab

_SAMPLES = Path(__file__).parents[2] / "manifests" / "samples"
_DIGEST = "sha256:" + "4f" * 32
_NAME = _DIGEST.replace(":", "-")
_SOON = "2027-01-31T00:00:00Z"

Spec = Mapping[str, object]


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"limits": {"pullSize": "300Mi"}}, id="a quantity"),
        pytest.param({"limits": {"pullSize": 300_000_000}}, id="a number of bytes"),
        pytest.param({"limits": {"pullSize": "0.5Gi"}}, id="a fraction"),
        pytest.param({"limits": {"pullSize": "1e9"}}, id="an exponent"),
        pytest.param({"limits": {"pullSize": {"warn": "100Mi"}}}, id="warn alone"),
        pytest.param({"limits": {"pullSize": {"deny": "300Mi"}}}, id="deny alone"),
        pytest.param({"limits": {"pullSize": {"warn": "1Gi", "deny": "1024Mi"}}}, id="equal"),
        pytest.param({"limits": {"layers": 30}}, id="a count"),
        pytest.param({"limits": {"layers": {"warn": 20, "deny": 30}}}, id="two counts"),
        pytest.param({"limits": {"growth": "50%"}}, id="a percentage"),
        pytest.param({"limits": {"growth": {"warn": "9%", "deny": "50%"}}}, id="two percentages"),
        pytest.param({"bases": {"tier": "Builder"}}, id="a tier"),
        pytest.param({"bases": {"tier": {"warn": "Slim", "deny": "Builder"}}}, id="two tiers"),
        pytest.param({"bases": {"deny": ["docker.io/library/golang*"]}}, id="denied bases"),
        pytest.param(
            {
                "match": {
                    "namespaces": {"include": ["team-*"], "exclude": ["kube-system"]},
                    "namespaceSelector": {"matchLabels": {"slim": "yes"}},
                    "workloadSelector": {
                        "matchExpressions": [
                            {"key": "tier", "operator": "In", "values": ["web"]},
                            {"key": "legacy", "operator": "DoesNotExist"},
                        ]
                    },
                    "kinds": ["Deployment", "Rollout"],
                    "images": ["registry.example.com/team/*"],
                },
                "mode": "Enforce",
                "onUnknown": "Deny",
                "limits": {
                    "pullSize": {"warn": "100Mi", "deny": "300Mi"},
                    "unpackedSize": "900Mi",
                    "layers": 30,
                    "layerSize": "200Mi",
                    "workloadPullSize": "500Mi",
                    "growth": {"warn": "10%", "deny": "50%"},
                },
                "bases": {
                    "allow": ["scratch", "gcr.io/distroless/*"],
                    "tier": {"warn": "Slim", "deny": "Builder"},
                    "accept": "Claimed",
                    "known": [
                        {
                            "reference": "registry.example.com:5000/golden/go:1.26",
                            "tier": "Distroless",
                            "name": "golden go",
                        }
                    ],
                },
                "message": "see our wiki",
            },
            id="every field",
        ),
    ],
)
def test_good_policy_is_accepted(create: Try, spec: Spec) -> None:
    """Each form that the design writes passes strict validation."""
    answer = create(policy(spec))

    assert answer.accepted, answer.text


def _size(value: object) -> Spec:
    return {"limits": {"pullSize": value}}


def _requires(requirement: object) -> Spec:
    return {
        "limits": {"layers": 30},
        "match": {"workloadSelector": {"matchExpressions": [requirement]}},
    }


@pytest.mark.parametrize(
    ("spec", "path", "says"),
    [
        (_size("1e100"), "spec.limits.pullSize", "Invalid value"),
        (_size("300MB"), "spec.limits.pullSize", "should match '^(300Mi|2G|"),
        (_size({"deny": "lots"}), "spec.limits.pullSize.deny", "should match '^(300Mi|2G|"),
        (_size("1.2.3"), "spec.limits.pullSize", "no positive quantity"),
        (_size({"warn": "0Mi"}), "spec.limits.pullSize.warn", "as in 300Mi or 2G"),
        (_size(0), "spec.limits.pullSize", "greater than or equal to 1"),
        (_size("-5Mi"), "spec.limits.pullSize", "should match"),
        (_size(-5), "spec.limits.pullSize", "greater than or equal to 1"),
        (_size(1.5), "spec.limits.pullSize", "multiple of 1"),
        (_size(value=True), "spec.limits.pullSize", "must not validate"),
        (_size([1]), "spec.limits.pullSize", "at most 0 items"),
        (_size({}), "spec.limits.pullSize", "must validate at least one"),
        (_size({"wran": "1Mi"}), "spec.limits.pullSize.warn", "Required value"),
        (
            _size({"deny": "1Mi", "wran": "1Mi"}),
            "spec.limits.pullSize",
            "must validate at least one",
        ),
        (
            _size({"warn": "2Gi", "deny": "300Mi"}),
            "spec.limits.pullSize.warn",
            "2Gi must not be above deny, 300Mi",
        ),
        (
            {"limits": {"layers": {"warn": 31, "deny": 30}}},
            "spec.limits.layers.warn",
            "31 must not be above deny, 30",
        ),
        (
            {"limits": {"growth": {"warn": "100%", "deny": "50%"}}},
            "spec.limits.growth.warn",
            "100% must not be above deny, 50%",
        ),
        ({"limits": {"growth": "10"}}, "spec.limits.growth", "should match '^(50%|"),
        ({"limits": {"growth": 10}}, "spec.limits.growth", "write a percentage, as in 50%"),
        ({"limits": {"layers": "30"}}, "spec.limits.layers", "without quotes, as in 30"),
        ({"limits": {"layers": 0}}, "spec.limits.layers", "greater than or equal to 1"),
        ({"limits": {"layers": {"deny": "30"}}}, "spec.limits.layers.deny", "of type integer"),
        ({"limits": {}}, "spec.limits", "at least 1 properties"),
        ({"limits": {"pulSize": "1Mi"}}, "spec.limits.pulSize", "unknown field"),
        ({}, "spec", "set limits, bases or both"),
        ({"limits": {"layers": 3}, "mode": "Block"}, "spec.mode", '"Enforce", "Warn", "Audit"'),
        ({"limits": {"layers": 3}, "onUnknown": "No"}, "spec.onUnknown", '"Allow", "Deny"'),
        ({"bases": {"tier": "tiny"}}, "spec.bases.tier", "Scratch|Distroless"),
        ({"bases": {"tier": {"deny": "tiny"}}}, "spec.bases.tier.deny", '"Scratch", "Distroless"'),
        ({"bases": {"tier": 3}}, "spec.bases.tier", "write a tier, as in builder"),
        (
            {"bases": {"tier": {"warn": "Builder", "deny": "Slim"}}},
            "spec.bases.tier.warn",
            "builder must not be a fatter tier than deny, slim",
        ),
        ({"bases": {"allow": ["a"], "deny": ["b"]}}, "spec.bases", "set allow or deny, not both"),
        ({"bases": {"tier": "Slim", "accept": "Hoped"}}, "spec.bases.accept", '"Proven"'),
        (
            {"bases": {"known": [{"reference": "https://example.com/go"}]}},
            "spec.bases.known[0].reference",
            "without scheme and spaces",
        ),
        (
            {"limits": {"layers": 3}, "match": {"kinds": ["deployment"]}},
            "spec.match.kinds[0]",
            "should match",
        ),
        (
            _requires({"key": "a", "operator": "In"}),
            "spec.match.workloadSelector.matchExpressions[0].values",
            "In and NotIn need values",
        ),
        (
            _requires({"key": "a", "operator": "Is"}),
            "spec.match.workloadSelector.matchExpressions[0].operator",
            '"In", "NotIn"',
        ),
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
    answer = create(policy({"limits": {"layers": 30}, "bases": {"tier": "Builder"}}))

    spec = json.loads(answer.text)["spec"]
    assert spec["mode"] == "Audit"
    assert spec["onUnknown"] == "Allow"
    assert spec["bases"]["accept"] == "Proven"


@pytest.mark.parametrize("name", ["soya", "slim", "semi"])
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
        "violating": 5,
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
    assert head.split() == ["NAME", "MODE", "WORKLOADS", "VIOLATING", "DENIED", "READY", "AGE"]
    assert row.split()[:-1] == ["shown", "Audit", "7", "5", "3", "True"]
    assert "9Mi" in wide


@pytest.mark.parametrize(
    ("spec", "path", "says"),
    [
        ({"expires": _SOON}, "spec.reason", "Required value"),
        ({"reason": "old", "expires": "soon"}, "spec.expires", "date-time"),
        ({"reason": "old", "expires": "2027-01-31T00:00:00"}, "spec.expires", "date-time"),
        ({"reason": "old"}, "spec.expires", "Required value"),
        ({"reason": " ", "expires": _SOON}, "spec.reason", "say why the exception is needed"),
        ({"reason": "old", "expires": _SOON, "image": "a"}, "spec.image", "unknown field"),
        ({"reason": "old", "expires": _SOON, "images": ["a b"]}, "spec.images[0]", "match"),
    ],
)
def test_bad_exception_is_refused(create: Try, spec: Spec, path: str, says: str) -> None:
    """No exception without a reason and an end that can be read."""
    answer = create(exception(spec))

    assert not answer.accepted
    assert path in answer.text
    assert says in answer.text


def test_good_exception_is_accepted(create: Try) -> None:
    """The design's exception passes strict validation."""
    answer = create(
        exception(
            {
                "policies": ["default"],
                "images": ["*/legacy:*"],
                "workloads": ["web"],
                "reason": "rewritten in spring",
                "expires": _SOON,
            }
        )
    )

    assert answer.accepted, answer.text


def test_profile_keeps_unknown_as_null(create: Try) -> None:
    """A size that is not known stays null, with its reason."""
    facts = {
        "digest": _DIGEST,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "os": "linux",
        "architecture": "amd64",
        "variant": None,
        "pullBytes": 2**40,
        "unpackedBytes": None,
        "unpackedReason": "the registry refuses ranges",
        "unpackedAtLeast": 2**41 + 2**32,
        "unpackedEvidence": None,
        "layerCount": 2,
        "layers": [
            {
                "digest": _DIGEST,
                "mediaType": "x",
                "pullBytes": 2**40,
                "unpackedBytes": 2**41,
                "unpackedEvidence": "Estimated",
            },
            {
                "digest": _DIGEST,
                "mediaType": "x",
                "unpackedBytes": None,
                "unpackedReason": "it wraps",
                "unpackedAtLeast": 2**32,
            },
        ],
        "base": {"name": None, "family": None, "tier": "Scratch", "evidence": "Inferred"},
        "toolchains": [],
        "created": None,
    }

    answer = create(profile(_NAME, facts))

    assert answer.accepted, answer.text
    assert json.loads(answer.text)["facts"] == facts


@pytest.mark.parametrize(
    ("name", "facts", "path", "says"),
    [
        ("web", {"digest": _DIGEST}, "metadata.name", "must be facts.digest"),
        (_NAME, {"digest": "latest"}, "facts.digest", "should match"),
        (_NAME, {"digest": _DIGEST, "pullBytes": -1}, "facts.pullBytes", "or equal to 0"),
        (_NAME, {"digest": _DIGEST, "reference": "a/b"}, "facts.reference", "unknown field"),
    ],
)
def test_bad_profile_is_refused(
    create: Try, name: str, facts: Mapping[str, object], path: str, says: str
) -> None:
    """A profile is named by its digest, and has no room for who runs the image."""
    answer = create(profile(name, {"mediaType": "x", **facts}))

    assert not answer.accepted
    assert path in answer.text
    assert says in answer.text
