"""SlimPolicy resources: every field is read, and every mistake is named by its path."""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.errors import InvalidPolicyError
from slimgate.core.images.facts import SizeEvidence
from slimgate.core.images.tier import Evidence, Tier
from slimgate.core.matching.selector import Requirement, Selector
from slimgate.core.policies.policy import (
    BaseRules,
    Chosen,
    ExceptionRules,
    Limit,
    Limits,
    Match,
    MinEvidence,
    Mode,
    OnFalseClaim,
    OnUnknown,
    Policy,
    TierLimit,
)
from slimgate.core.policies.policy_parser import parse_policy
from tests.core.make import json_of

MIB = 2**20
LIMITS = {"limits": {"pullSize": {"deny": "300Mi"}}}

WHOLE = """
metadata: {name: default, generation: 3}
spec:
  match:
    namespaces: {include: ["team-*"], exclude: [kube-system]}
    namespaceSelector: {matchLabels: {env: prod}}
    objectSelector: {matchExpressions: [{key: app, operator: Exists}]}
    resources: [{apiGroup: apps, kind: Deployment}, {apiGroup: "", kind: Pod}]
    images: {include: ["registry.example.com/team/**"], exclude: ["**/istio/**"]}
  mode: Enforce
  onUnknown: Deny
  limits:
    pullSize: {warn: 100Mi, deny: 300Mi}
    unpackedSize: {deny: 900Mi, evidence: Measured}
    layers: {warn: 30}
    layerSize: {warn: 200Mi}
    workloadPullSize: {deny: 524288000}
    growth: {warn: 10%, deny: 50%}
  bases:
    maxTier: {warn: Minimal, deny: Full}
    allow: ["scratch", "gcr.io/distroless/**"]
    minEvidence: {allow: Claimed, deny: Proven, tier: Proven}
    onFalseClaim: Deny
  budget: {unpackedSize: 20Gi}
  exceptions: {allowed: false, maxDuration: 2160h}
  message: "see https://wiki.example.com/slim"
status: {workloads: 3}
"""


def parse(**spec: object) -> Policy:
    """Read a policy of this spec."""
    return parse_policy({"metadata": {"name": "default"}, "spec": spec})


def test_whole() -> None:
    """A policy that uses every field is read field by field."""
    expected = Policy(
        name="default",
        generation=3,
        match=Match(
            namespaces=Chosen(include=("team-*",), exclude=("kube-system",)),
            namespace_selector=Selector((Requirement("env", "In", frozenset({"prod"})),)),
            object_selector=Selector((Requirement("app", "Exists"),)),
            resources=frozenset({("apps", "Deployment"), ("", "Pod")}),
            images=Chosen(include=("registry.example.com/team/**",), exclude=("**/istio/**",)),
        ),
        mode=Mode.ENFORCE,
        on_unknown=OnUnknown.DENY,
        limits=Limits(
            pull_size=Limit(warn=100 * MIB, deny=300 * MIB),
            unpacked_size=Limit(deny=900 * MIB, evidence=SizeEvidence.MEASURED),
            layers=Limit(warn=30),
            layer_size=Limit(warn=200 * MIB),
            workload_pull_size=Limit(deny=500 * MIB),
            growth=Limit(warn=10, deny=50),
        ),
        bases=BaseRules(
            max_tier=TierLimit(warn=Tier.MINIMAL, deny=Tier.FULL),
            allow=("scratch", "gcr.io/distroless/**"),
            min_evidence=MinEvidence(
                allow=Evidence.CLAIMED, deny=Evidence.PROVEN, tier=Evidence.PROVEN
            ),
            on_false_claim=OnFalseClaim.DENY,
        ),
        budget=20 * 1024 * MIB,
        exceptions=ExceptionRules(allowed=False, max_duration=timedelta(days=90)),
        message="see https://wiki.example.com/slim",
    )

    assert parse_policy(yaml.safe_load(WHOLE)) == expected


def test_whole_numbers() -> None:
    """A number may be written with a point in a file: kubectl sends it without."""
    limits = parse(limits={"layers": {"warn": 20.0, "deny": 3e1}}).limits

    assert limits.layers == Limit(warn=20, deny=30)
    assert type(limits.layers.deny) is int
    assert parse(limits={"pullSize": {"deny": 300.0}}).limits.pull_size == Limit(deny=300)


def test_least() -> None:
    """What is left out has the default that breaks nothing."""
    found = parse(**LIMITS)

    assert (found.mode, found.on_unknown, found.match) == (Mode.AUDIT, OnUnknown.ALLOW, Match())
    assert (found.bases, found.budget, found.message, found.generation) == (None, None, "", 0)
    assert found.exceptions == ExceptionRules(allowed=True, max_duration=None)
    assert parse(bases={"deny": ["golang"]}).bases == BaseRules(
        deny=("golang",),
        min_evidence=MinEvidence(
            allow=Evidence.PROVEN, deny=Evidence.INFERRED, tier=Evidence.INFERRED
        ),
        on_false_claim=OnFalseClaim.WARN,
    )


def test_a_budget_alone() -> None:
    """A policy may be about nothing but what all images of a namespace come to."""
    assert parse(budget={"unpackedSize": 1}).budget == 1


def test_nulls_are_absent() -> None:
    """A null anywhere is as good as nothing, as for the API server."""
    spec = {
        "limits": {"pullSize": {"warn": None, "deny": "1Mi"}, "layers": None},
        "bases": {
            "allow": None,
            "deny": ["x"],
            "maxTier": None,
            "minEvidence": {"allow": None},
            "onFalseClaim": None,
        },
        "match": {"namespaces": {"include": None}, "resources": None, "namespaceSelector": None},
        "mode": None,
        "message": None,
        "exceptions": {"allowed": None, "maxDuration": None},
    }

    assert parse(**spec) == parse(limits={"pullSize": {"deny": "1Mi"}}, bases={"deny": ["x"]})
    assert parse(match=None, onUnknown=None, exceptions=None, **LIMITS) == parse(**LIMITS)


@pytest.mark.parametrize("tier", Tier)
def test_tiers(tier: Tier) -> None:
    """Every tier may be a line, and a line may be both soft and hard."""
    bases = parse(bases={"maxTier": {"warn": tier.label, "deny": tier.label}}).bases

    assert bases == BaseRules(max_tier=TierLimit(warn=tier, deny=tier))


def test_false_claims_alone() -> None:
    """A policy may be about nothing but false claims."""
    assert parse(bases={"onFalseClaim": "Deny"}).bases == BaseRules(
        on_false_claim=OnFalseClaim.DENY
    )


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("300Mi", 300 * MIB),
        (300_000_000, 300_000_000),
        ("300000000", 300_000_000),
        ("0.5Gi", 512 * MIB),
        ("2G", 2_000_000_000),
        ("1e9", 1_000_000_000),
        ("1E3", 1000),
        ("1E", 10**18),
        ("0.3", 1),
        ("9e99", 2**63 - 1),
        (2**63 - 1, 2**63 - 1),
    ],
)
def test_sizes(raw: object, expected: int) -> None:
    """A size is a quantity of Kubernetes or a number of bytes, rounded up to whole ones."""
    assert parse(limits={"pullSize": {"deny": raw}}).limits.pull_size == Limit(deny=expected)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("2160h", timedelta(days=90)),
        ("1h30m", timedelta(minutes=90)),
        ("90s", timedelta(seconds=90)),
        ("0h1m", timedelta(minutes=1)),
        ("999999h", timedelta(hours=999_999)),
    ],
)
def test_durations(raw: str, expected: timedelta) -> None:
    """A duration is hours, minutes and seconds, as Go writes them."""
    assert parse(exceptions={"maxDuration": raw}, **LIMITS).exceptions.max_duration == expected


def test_equal_lines() -> None:
    """A soft line may be as high as the hard one."""
    found = parse(limits={"layers": {"warn": 5, "deny": 5}})

    assert found.limits.layers == Limit(warn=5, deny=5)


def test_messages_are_printable() -> None:
    """A policy's message can't break a terminal or a log, and is one line."""
    found = parse(message="a\nb" + "c" * 253, **LIMITS)

    assert found.message.startswith("a\\nbccc")
    assert len(found.message) == 256
    assert parse(message="see the wiki\n", **LIMITS).message == "see the wiki"


SAMPLES = sorted(Path("manifests/samples").glob("*.yaml"))


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample.name for sample in SAMPLES])
def test_samples(sample: Path) -> None:
    """The samples that users start from are policies."""
    for document in yaml.safe_load_all(sample.read_text()):
        assert parse_policy(document).name == document["metadata"]["name"]


def test_without_name_or_spec() -> None:
    """A resource needs a name and a spec."""
    for resource, message in (
        ({}, "metadata.name: is required."),
        ({"metadata": {"name": 1}}, "metadata.name: is required."),
        ({"metadata": {"name": "p"}}, "spec: must be an object."),
        ({"metadata": {"name": "p"}, "spec": []}, "spec: must be an object."),
    ):
        with pytest.raises(InvalidPolicyError) as caught:
            parse_policy(resource)
        assert str(caught.value) == message


FIELDS = (
    "match", "mode", "onUnknown", "limits", "bases", "budget", "exceptions", "message",
    "namespaces", "include", "namespaceSelector", "matchLabels", "matchExpressions", "resources",
    "apiGroup", "kind", "images", "pullSize", "layers", "growth", "warn", "deny", "allow",
    "maxTier", "minEvidence", "onFalseClaim", "maxDuration", "unpackedSize",
)  # fmt: skip
LEAVES = st.sampled_from(
    ["300Mi", "25%", 30, "scratch", "Slim", "Enforce", "Deny", "Proven", "a", "apps", "Pod", "9h"]
)


@given(json_of(*FIELDS, leaves=LEAVES))
def test_only_one_kind_of_error(spec: object) -> None:
    """Whatever a spec holds, it is a policy or an InvalidPolicyError."""
    with suppress(InvalidPolicyError):
        parse_policy({"metadata": {"name": "p"}, "spec": spec})
