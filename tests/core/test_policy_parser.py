"""SlimPolicy resources: every field is read, and every mistake is named by its path."""

from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.errors import InvalidPolicyError
from slimgate.core.policy import (
    Bases,
    Limit,
    Limits,
    Match,
    Mode,
    NamedBase,
    OnUnknown,
    Policy,
    TierLimit,
)
from slimgate.core.policy_parser import parse_policy
from slimgate.core.reference import Reference
from slimgate.core.selector import Requirement, Selector
from slimgate.core.tier import Evidence, Tier
from tests.core.make import json_of

MIB = 2**20
LIMITS = {"limits": {"pullSize": "300Mi"}}

WHOLE = """
metadata: {name: default, generation: 3}
spec:
  match:
    namespaces: {include: ["team-*"], exclude: [kube-system]}
    namespaceSelector: {matchLabels: {env: prod}}
    workloadSelector: {matchExpressions: [{key: app, operator: Exists}]}
    kinds: [Deployment, CronJob]
    images: ["registry.example.com/team/*"]
  mode: Enforce
  onUnknown: Deny
  limits:
    pullSize: {warn: 100Mi, deny: 300Mi}
    unpackedSize: 900Mi
    layers: 30
    layerSize: {warn: 200Mi}
    workloadPullSize: 524288000
    growth: {warn: 10%, deny: 50%}
  bases:
    allow: ["scratch", "gcr.io/distroless/*"]
    tier: {warn: Slim, deny: Builder}
    accept: Claimed
    known:
      - {reference: "registry.example.com/golden/go:1.26", tier: Distroless, name: golden}
      - {reference: nginx}
  message: "see https://wiki.example.com/slim"
status: {workloads: 3}
"""


def parse(**spec: object) -> Policy:
    """Read a policy of this spec."""
    return parse_policy({"metadata": {"name": "default"}, "spec": spec})


def test_whole() -> None:
    """The policy of design.md is read field by field."""
    expected = Policy(
        name="default",
        generation=3,
        match=Match(
            include=("team-*",),
            exclude=("kube-system",),
            namespace_selector=Selector((Requirement("env", "In", frozenset({"prod"})),)),
            workload_selector=Selector((Requirement("app", "Exists"),)),
            kinds=frozenset({"Deployment", "CronJob"}),
            images=("registry.example.com/team/*",),
        ),
        mode=Mode.ENFORCE,
        on_unknown=OnUnknown.DENY,
        limits=Limits(
            pull_size=Limit(warn=100 * MIB, deny=300 * MIB),
            unpacked_size=Limit(deny=900 * MIB),
            layers=Limit(deny=30),
            layer_size=Limit(warn=200 * MIB),
            workload_pull_size=Limit(deny=500 * MIB),
            growth=Limit(warn=10, deny=50),
        ),
        bases=Bases(
            allow=("scratch", "gcr.io/distroless/*"),
            tier=TierLimit(warn=Tier.SLIM, deny=Tier.BUILDER),
            accept=Evidence.CLAIMED,
            known=(
                NamedBase(
                    reference=Reference.parse("registry.example.com/golden/go:1.26"),
                    tier=Tier.DISTROLESS,
                    name="golden",
                ),
                NamedBase(reference=Reference.parse("nginx")),
            ),
        ),
        message="see https://wiki.example.com/slim",
    )

    assert parse_policy(yaml.safe_load(WHOLE)) == expected


def test_least() -> None:
    """What is left out has the default that breaks nothing."""
    found = parse(**LIMITS)

    assert (found.mode, found.on_unknown, found.match) == (Mode.AUDIT, OnUnknown.ALLOW, Match())
    assert (found.bases, found.message, found.generation) == (None, "", 0)
    assert parse(bases={"deny": ["golang:*"]}).bases == Bases(deny=("golang:*",))


def test_nulls_are_absent() -> None:
    """A null anywhere is as good as nothing, as for the API server."""
    spec = {
        "limits": {"pullSize": {"warn": None, "deny": "1Mi"}, "layers": None},
        "bases": {"allow": None, "deny": ["x"], "tier": None, "known": None, "accept": None},
        "match": {"namespaces": {"include": None}, "kinds": None, "namespaceSelector": None},
        "mode": None,
        "message": None,
    }

    assert parse(**spec) == parse(limits={"pullSize": "1Mi"}, bases={"deny": ["x"]})
    assert parse(match=None, onUnknown=None, **LIMITS) == parse(**LIMITS)


@pytest.mark.parametrize("tier", Tier)
def test_tiers(tier: Tier) -> None:
    """Every tier may be a line, and a line may be both soft and hard."""
    bases = parse(bases={"tier": {"warn": tier.label, "deny": tier.label}}).bases

    assert bases is not None
    assert bases.tier == TierLimit(warn=tier, deny=tier)
    assert parse(bases={"tier": tier.label}).bases == Bases(tier=TierLimit(deny=tier))


def test_equal_lines() -> None:
    """A soft line may be as high as the hard one."""
    found = parse(limits={"layers": {"warn": 5, "deny": 5}})

    assert found.limits.layers == Limit(warn=5, deny=5)


def test_messages_are_printable() -> None:
    """A policy's message can't break a terminal or a log, and is not endless."""
    found = parse(message="a\nb" + "c" * 2000, **LIMITS)

    assert found.message.startswith("a\\nbccc")
    assert len(found.message) == 1024


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


QUANTITY = "write bytes as Kubernetes does, as in 300Mi or 2G."
TIERS = "must be one of Scratch, Distroless, Minimal, Slim, Full, Builder."
BROKEN: list[tuple[dict[str, object], str]] = [
    ({}, "spec: set at least one of limits and bases."),
    ({"match": {}}, "spec: set at least one of limits and bases."),
    ({"limit": {}}, "spec.limit: is no field of it; the fields are bases, limits, match, message,"),
    ({"limits": {}}, "spec.limits: set at least one limit, as in pullSize: 300Mi."),
    ({"limits": []}, "spec.limits: must be an object."),
    (
        {"limits": {"pullsize": "1Mi"}},
        "spec.limits.pullsize: is no field of it; the fields are gro",
    ),
    ({"limits": {"pullSize": []}}, "spec.limits.pullSize: must be a quantity, as in 300Mi."),
    ({"limits": {"pullSize": 1.5}}, "spec.limits.pullSize: must be a quantity, as in 300Mi."),
    ({"limits": {"pullSize": "1MB"}}, f"spec.limits.pullSize: '1MB' is no quantity: {QUANTITY}"),
    ({"limits": {"pullSize": True}}, f"spec.limits.pullSize: 'True' is no quantity: {QUANTITY}"),
    ({"limits": {"pullSize": 0}}, "spec.limits.pullSize: '0' must be more than zero."),
    ({"limits": {"pullSize": {}}}, "spec.limits.pullSize: set warn, deny or both."),
    ({"limits": {"pullSize": {"warn": None}}}, "spec.limits.pullSize: set warn, deny or both."),
    (
        {"limits": {"pullSize": {"max": 1}}},
        "spec.limits.pullSize.max: is no field of it; the field",
    ),
    ({"limits": {"pullSize": {"warn": "x"}}}, "spec.limits.pullSize.warn: 'x' is no quantity"),
    ({"limits": {"pullSize": {"deny": "x"}}}, "spec.limits.pullSize.deny: 'x' is no quantity"),
    (
        {"limits": {"pullSize": {"warn": "2Mi", "deny": "1Mi"}}},
        "spec.limits.pullSize.warn: must not be above deny.",
    ),
    ({"limits": {"unpackedSize": "x"}}, "spec.limits.unpackedSize: 'x' is no quantity"),
    ({"limits": {"layerSize": "x"}}, "spec.limits.layerSize: 'x' is no quantity"),
    ({"limits": {"workloadPullSize": "x"}}, "spec.limits.workloadPullSize: 'x' is no quantity"),
    ({"limits": {"layers": "30"}}, "spec.limits.layers: must be a whole number above zero, as in"),
    ({"limits": {"layers": 0}}, "spec.limits.layers: must be a whole number above zero"),
    ({"limits": {"layers": True}}, "spec.limits.layers: must be a whole number above zero"),
    ({"limits": {"layers": 1_000_001}}, "spec.limits.layers: must be a whole number above zero"),
    ({"limits": {"layers": {"warn": 1.5}}}, "spec.limits.layers.warn: must be a whole number abo"),
    ({"limits": {"growth": 10}}, "spec.limits.growth: must be a percentage, as in 25%."),
    ({"limits": {"growth": "10"}}, "spec.limits.growth: '10' is no percentage: write a whole num"),
    ({"limits": {"growth": {"deny": "x%"}}}, "spec.limits.growth.deny: 'x%' is no percentage"),
    ({"bases": {}}, "spec.bases: set at least one of accept, allow, deny, known, tier."),
    ({"bases": "scratch"}, "spec.bases: must be an object."),
    ({"bases": {"allowed": []}}, "spec.bases.allowed: is no field of it; the fields are accept, "),
    ({"bases": {"allow": "scratch"}}, "spec.bases.allow: must be a list."),
    ({"bases": {"allow": ["a", 1]}}, "spec.bases.allow[1]: must be text."),
    ({"bases": {"deny": {}}}, "spec.bases.deny: must be a list."),
    ({"bases": {"allow": ["a"], "deny": ["b"]}}, "spec.bases: set allow or deny, not both."),
    (
        {"bases": {"accept": "proven"}},
        "spec.bases.accept: must be one of Proven, Claimed, Inferred",
    ),
    ({"bases": {"accept": ["Proven"]}}, "spec.bases.accept: must be one of Proven, Claimed, Infer"),
    ({"bases": {"tier": "slim"}}, f"spec.bases.tier: {TIERS}"),
    ({"bases": {"tier": 3}}, f"spec.bases.tier: {TIERS}"),
    ({"bases": {"tier": []}}, f"spec.bases.tier: {TIERS}"),
    ({"bases": {"tier": {}}}, "spec.bases.tier: set warn, deny or both."),
    ({"bases": {"tier": {"warn": "x"}}}, f"spec.bases.tier.warn: {TIERS}"),
    ({"bases": {"tier": {"deny": "x"}}}, f"spec.bases.tier.deny: {TIERS}"),
    (
        {"bases": {"tier": {"warn": "Full", "deny": "Slim"}}},
        "spec.bases.tier.warn: must not be a fatter tier than deny.",
    ),
    ({"bases": {"known": {}}}, "spec.bases.known: must be a list."),
    ({"bases": {"known": ["nginx"]}}, "spec.bases.known[0]: must be an object."),
    ({"bases": {"known": [{}]}}, "spec.bases.known[0].reference: '' is no image reference: it is "),
    ({"bases": {"known": [{"reference": 1}]}}, "spec.bases.known[0].reference: must be text."),
    (
        {"bases": {"known": [{"reference": "a"}, {"reference": "A"}]}},
        "spec.bases.known[1].reference: 'A' is no image reference: its repository must be lower",
    ),
    ({"bases": {"known": [{"reference": "a", "tier": "x"}]}}, f"spec.bases.known[0].tier: {TIERS}"),
    (
        {"bases": {"known": [{"reference": "a", "name": 1}]}},
        "spec.bases.known[0].name: must be text",
    ),
    (
        {"bases": {"known": [{"ref": "a"}]}},
        "spec.bases.known[0].ref: is no field of it; the fields",
    ),
    ({"mode": "enforce", **LIMITS}, "spec.mode: must be one of Enforce, Warn, Audit."),
    ({"mode": ["Warn"], **LIMITS}, "spec.mode: must be one of Enforce, Warn, Audit."),
    ({"onUnknown": "Warn", **LIMITS}, "spec.onUnknown: must be one of Allow, Deny."),
    ({"message": 1, **LIMITS}, "spec.message: must be text."),
    ({"match": [], **LIMITS}, "spec.match: must be an object."),
    ({"match": {"namespace": []}, **LIMITS}, "spec.match.namespace: is no field of it; the fields"),
    ({"match": {"namespaces": []}, **LIMITS}, "spec.match.namespaces: must be an object."),
    (
        {"match": {"namespaces": {"in": []}}, **LIMITS},
        "spec.match.namespaces.in: is no field of it",
    ),
    (
        {"match": {"namespaces": {"include": "team-*"}}, **LIMITS},
        "spec.match.namespaces.include: must be a list.",
    ),
    (
        {"match": {"namespaces": {"exclude": [None]}}, **LIMITS},
        "spec.match.namespaces.exclude[0]: must be text.",
    ),
    ({"match": {"kinds": "Pod"}, **LIMITS}, "spec.match.kinds: must be a list."),
    ({"match": {"images": [1]}, **LIMITS}, "spec.match.images[0]: must be text."),
    (
        {"match": {"namespaceSelector": {"matchLabels": {"a": 1}}}, **LIMITS},
        "spec.match.namespaceSelector.matchLabels.a: must be text.",
    ),
    (
        {"match": {"workloadSelector": {"app": "web"}}, **LIMITS},
        "spec.match.workloadSelector.app: is no field of it",
    ),
]


@pytest.mark.parametrize(("spec", "message"), BROKEN, ids=[message[:60] for _, message in BROKEN])
def test_broken(spec: dict[str, object], message: str) -> None:
    """A mistake is refused in a sentence that starts with the path of the field at fault."""
    with pytest.raises(InvalidPolicyError) as caught:
        parse(**spec)

    assert str(caught.value).startswith(message)
    assert str(caught.value).startswith(f"{caught.value.path}: ")
    assert str(caught.value).endswith((".", "…"))


FIELDS = (
    "match", "mode", "onUnknown", "limits", "bases", "message", "namespaces", "include",
    "namespaceSelector", "matchLabels", "matchExpressions", "kinds", "images", "pullSize",
    "layers", "growth", "warn", "deny", "allow", "tier", "accept", "known", "reference",
)  # fmt: skip
LEAVES = st.sampled_from(["300Mi", "25%", 30, "scratch", "slim", "Enforce", "Deny", "Proven", "a"])


@given(json_of(*FIELDS, leaves=LEAVES))
def test_only_one_kind_of_error(spec: object) -> None:
    """Whatever a spec holds, it is a policy or an InvalidPolicyError."""
    with suppress(InvalidPolicyError):
        parse_policy({"metadata": {"name": "p"}, "spec": spec})


@given(json_of("metadata", "spec", "name", "generation", *FIELDS, leaves=LEAVES))
def test_any_resource(resource: object) -> None:
    """Whatever a resource holds, it is a policy or an InvalidPolicyError."""
    with suppress(InvalidPolicyError):
        parse_policy(resource if isinstance(resource, dict) else {"spec": resource})
