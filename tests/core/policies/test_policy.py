"""Policies: which workloads and images they apply to, and which facts they need."""

import pytest

from slimgate.core.images.facts import Wants
from slimgate.core.images.tier import Tier
from slimgate.core.matching.selector import Requirement, Selector
from slimgate.core.policies.policy import BaseRules, Chosen, Limit, Limits, Match, Policy, TierLimit
from slimgate.core.workloads.workload import Workload
from tests.core.make import SHA

WORKLOAD = Workload(
    group="apps", kind="Deployment", namespace="team-a", name="web", labels={"app": "web"}
)
NAMESPACE = {"env": "prod"}


def having(key: str, value: str) -> Selector:
    """Make a selector of one label."""
    return Selector((Requirement(key, "In", frozenset({value})),))


MATCHES = [
    (Match(), True),
    (Match(namespaces=Chosen(include=("team-*",))), True),
    (Match(namespaces=Chosen(include=("other", "team-?"))), True),
    (Match(namespaces=Chosen(include=("team",))), False),
    (Match(namespaces=Chosen(include=("TEAM-*",))), False),
    (Match(namespaces=Chosen(exclude=("team-a",))), False),
    (Match(namespaces=Chosen(exclude=("kube-*",))), True),
    (Match(namespaces=Chosen(include=("*",), exclude=("*-a",))), False),
    (Match(resources=frozenset({("apps", "Deployment"), ("batch", "Job")})), True),
    (Match(resources=frozenset({("apps", "deployment")})), False),
    (Match(resources=frozenset({("", "Deployment")})), False),
    (Match(resources=frozenset({("apps.example.com", "Deployment")})), False),
    (Match(namespace_selector=having("env", "prod")), True),
    (Match(namespace_selector=having("env", "test")), False),
    (Match(namespace_selector=having("app", "web")), False),
    (Match(object_selector=having("app", "web")), True),
    (Match(object_selector=having("app", "api")), False),
    (Match(namespace_selector=Selector(), object_selector=Selector()), True),
    (Match(namespaces=Chosen(include=("team-*",)), object_selector=having("app", "api")), False),
    (Match(images=Chosen(include=("nothing",))), True),
]


@pytest.mark.parametrize(("match", "expected"), MATCHES)
def test_workloads(match: Match, *, expected: bool) -> None:
    """All parts must match, exclusion is stronger than inclusion, and images come later."""
    assert match.workload(WORKLOAD, NAMESPACE) is expected


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (Chosen(), True),
        (Chosen(include=("**/shop",)), True),
        (Chosen(include=("**/api",)), False),
        (Chosen(exclude=("**/shop",)), False),
        (Chosen(exclude=("**/api",)), True),
        (Chosen(include=("**",), exclude=("**/team/**",)), False),
        (Chosen(include=("**",), exclude=("**/infra/**",)), True),
    ],
)
def test_images(images: Chosen, *, expected: bool) -> None:
    """An image must be included, if anything is, and must not be excluded."""
    assert Match(images=images).image(f"registry.example.com/team/shop@{SHA}") is expected


def test_a_tag_beside_a_digest() -> None:
    """It is read where it is included, and leaves nothing out: a runtime does not look at it."""
    written = f"registry.example.com/team/shop:debug@{SHA}"

    assert Match(images=Chosen(include=("**:debug",))).image(written)
    assert Match(images=Chosen(exclude=("**:debug",))).image(written)
    assert not Match(images=Chosen(exclude=(f"**@{SHA}",))).image(written)


def test_all_images() -> None:
    """Without globs a policy applies to every image, even to what is not a reference."""
    assert Match().image("")


EVERYTHING = Wants(config=True, layers=True)
WANTS = [
    (Policy(name="p"), Wants()),
    (Policy(name="p", limits=Limits(pull_size=Limit(deny=1))), Wants()),
    (Policy(name="p", limits=Limits(unpacked_size=Limit(deny=1))), EVERYTHING),
    (Policy(name="p", limits=Limits(growth=Limit(deny=1))), Wants(config=True)),
    (Policy(name="p", limits=Limits(workload_pull_size=Limit(deny=1))), Wants(config=True)),
    (Policy(name="p", bases=BaseRules(max_tier=TierLimit(deny=Tier.FULL))), EVERYTHING),
    (Policy(name="p", bases=BaseRules(allow=("alpine",))), EVERYTHING),
    (Policy(name="p", bases=BaseRules(deny=("scratch",))), EVERYTHING),
    (Policy(name="p", bases=BaseRules()), EVERYTHING),
]


@pytest.mark.parametrize(("policy", "expected"), WANTS)
def test_wants(policy: Policy, expected: Wants) -> None:
    """All that some check of the policy may rest on is asked for, and nothing else."""
    assert policy.wants == expected
