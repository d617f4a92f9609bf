"""Policies: which workloads and images they speak of, and which facts they need."""

import pytest

from slimgate.core.image import Wants
from slimgate.core.policy import Bases, Limit, Limits, Match, Policy, TierLimit, matches_reference
from slimgate.core.selector import Requirement, Selector
from slimgate.core.tier import Tier
from slimgate.core.workload import Workload
from tests.core.make import SHA

WORKLOAD = Workload(kind="Deployment", namespace="team-a", name="web", labels={"app": "web"})
NAMESPACE = {"env": "prod"}


def having(key: str, value: str) -> Selector:
    """Make a selector of one label."""
    return Selector((Requirement(key, "In", frozenset({value})),))


MATCHES = [
    (Match(), True),
    (Match(include=("team-*",)), True),
    (Match(include=("other", "team-[ab]")), True),
    (Match(include=("team",)), False),
    (Match(include=("TEAM-*",)), False),
    (Match(exclude=("team-a",)), False),
    (Match(exclude=("kube-*",)), True),
    (Match(include=("*",), exclude=("*-a",)), False),
    (Match(kinds=frozenset({"Deployment", "Job"})), True),
    (Match(kinds=frozenset({"deployment"})), False),
    (Match(namespace_selector=having("env", "prod")), True),
    (Match(namespace_selector=having("env", "test")), False),
    (Match(namespace_selector=having("app", "web")), False),
    (Match(workload_selector=having("app", "web")), True),
    (Match(workload_selector=having("app", "api")), False),
    (Match(namespace_selector=Selector(), workload_selector=Selector()), True),
    (Match(include=("team-*",), workload_selector=having("app", "api")), False),
    (Match(images=("nothing",)), True),
]


@pytest.mark.parametrize(("match", "expected"), MATCHES)
def test_workloads(match: Match, *, expected: bool) -> None:
    """All parts must match, exclusion is stronger than inclusion, and images come later."""
    assert match.workload(WORKLOAD, NAMESPACE) is expected


IMAGES = [
    ("nginx", "nginx"),
    ("nginx", "nginx:1.27"),
    ("nginx", "docker.io/library/nginx:1.27"),
    ("nginx:*", "docker.io/nginx:1.27"),
    ("nginx:latest", "nginx"),
    ("*:latest", "registry.example.com/team/shop"),
    ("docker.io/library/nginx", "nginx:1.27"),
    ("docker.io/library/nginx:1.27", "nginx:1.27"),
    ("docker.io/*", "bitnami/redis:7"),
    ("bitnami/*", "docker.io/bitnami/redis:7"),
    ("registry.example.com/team/*", "registry.example.com/team/a/b:1"),
    ("registry.example.com/team/*", "REGISTRY.example.com/team/a"),
    ("registry.example.com/team/*", "registry.example.com:443/team/a"),
    ("REGISTRY.example.com/team/*", "REGISTRY.example.com/team/a"),
    ("*/legacy:*", "registry.example.com/team/legacy:1"),
    ("*/legacy", "registry.example.com/team/legacy:1"),
    ("*@sha256:*", f"nginx@{SHA}"),
    ("nginx", f"nginx:1.27@{SHA}"),
    ("UPPER*", "UPPER CASE"),
]

OTHERS = [
    ("nginx", "nginx-unprivileged"),
    ("nginx", "evil.io/nginx"),
    ("nginx:1.2", "nginx:1.27"),
    ("nginx:1.27", f"nginx:1.27@{SHA}"),
    ("bitnami/*", "library/redis"),
    ("a/b", "library/a/b"),
    ("registry.example.com/team/*", "registry.example.com/teams/a"),
    ("registry.example.com/team/*", "registry.example.com:5000/team/a"),
    ("registry.example.com/*", "evil.io/registry.example.com/a"),
    ("docker.io/*", "registry.example.com/a"),
    ("gcr.io/*", "docker.io/gcr.io/a"),
    ("*:latest", "nginx:1.27"),
    ("", "nginx"),
]


@pytest.mark.parametrize(("glob", "written"), IMAGES)
def test_images(glob: str, written: str) -> None:
    """A glob matches an image however its reference is written: nobody slips past a policy."""
    assert matches_reference(("no", glob), written)
    assert Match(images=(glob,)).image(written)


@pytest.mark.parametrize(("glob", "written"), OTHERS)
def test_other_images(glob: str, written: str) -> None:
    """A glob matches no image of another repository, tag or registry."""
    assert not matches_reference((glob,), written)
    assert not Match(images=(glob,)).image(written)


def test_all_images() -> None:
    """Without globs a policy speaks of every image, even of what is none."""
    assert Match().image("")


WANTS = [
    (Policy(name="p"), Wants()),
    (Policy(name="p", limits=Limits(pull_size=Limit(deny=1))), Wants()),
    (Policy(name="p", limits=Limits(unpacked_size=Limit(deny=1))), Wants(layers=True)),
    (Policy(name="p", limits=Limits(growth=Limit(deny=1))), Wants()),
    (Policy(name="p", bases=Bases(tier=TierLimit(deny=Tier.FULL))), Wants(config=True)),
    (Policy(name="p", bases=Bases(allow=("alpine",))), Wants(config=True)),
    (Policy(name="p", bases=Bases(allow=("scratch",))), Wants(config=True, layers=True)),
]


@pytest.mark.parametrize(("policy", "expected"), WANTS)
def test_wants(policy: Policy, expected: Wants) -> None:
    """Only what some check of the policy needs is asked for."""
    assert policy.wants == expected
