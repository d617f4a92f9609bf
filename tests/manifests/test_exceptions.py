"""What the API server itself makes of SlimExceptions."""

import json
from collections.abc import Mapping

import pytest

from tests.lab.kubectl import Kubectl
from tests.manifests.resources import Try, exception

pytestmark = pytest.mark.lab

Spec = Mapping[str, object]
LEAST = {
    "policyRefs": ["default"],
    "reason": "ticket 4711",
    "expirationTime": "2027-01-31T00:00:00Z",
}
DEPLOYMENT = {"apiGroup": "apps", "kind": "Deployment"}
CAPS = {
    "pullSize": "900Mi",
    "unpackedSize": 2_000_000_000,
    "layers": 60,
    "layerSize": "0.5Gi",
    "workloadPullSize": "1e9",
    "growth": "80%",
}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"checks": ["inspection"]},
        {"resources": [DEPLOYMENT, {**DEPLOYMENT, "name": "web-*"}], "images": ["**/legacy:*"]},
        {"upTo": CAPS},
        {"upTo": {"pullSize": "900Mi"}, "checks": ["layers", "pullSize"]},
    ],
    ids=["the least", "a check", "workloads and images", "all caps", "a cap of a check"],
)
def test_good_exception_is_accepted(create: Try, more: Spec) -> None:
    """Each form that the design writes passes strict validation."""
    answer = create(exception({**LEAST, **more}))

    assert answer.accepted, answer.text


def test_name_is_any_by_default(create: Try) -> None:
    """A resource without a name means all of its kind."""
    answer = create(exception({**LEAST, "resources": [DEPLOYMENT]}))

    assert json.loads(answer.text)["spec"]["resources"] == [{**DEPLOYMENT, "name": "*"}]


END = "spec.expirationTime"
NO_CORE = "the core group has only Pod and ReplicationController"


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"policyRefs": None}, "spec.policyRefs", "Required value"),
        ({"policyRefs": []}, "spec.policyRefs", "should have at least 1 items"),
        ({"policyRefs": ["*"]}, "spec.policyRefs[0]", "should match"),
        ({"reason": None}, "spec.reason", "Required value"),
        ({"reason": " "}, "spec.reason", "say why the exception is needed"),
        ({"reason": "a" * 257}, "spec.reason", "may not be more than 256"),
        ({END[5:]: None}, END, "Required value"),
        ({END[5:]: "soon"}, END, "should match"),
        ({END[5:]: "2027-01-31"}, END, "should match"),
        ({END[5:]: "2027-01-31T00:00:00"}, END, "should match"),
        ({END[5:]: "2027-02-30T00:00:00Z"}, END, "must be of type date-time"),
        ({"expires": "2027-01-31T00:00:00Z"}, "spec.expires", "unknown field"),
        ({"policies": ["a"]}, "spec.policies", "unknown field"),
        ({"checks": []}, "spec.checks", "should have at least 1 items"),
        ({"resources": []}, "spec.resources", "should have at least 1 items"),
        ({"images": []}, "spec.images", "should have at least 1 items"),
        ({"checks": ["tier"]}, "spec.checks[0]", '"pullSize", "unpackedSize", "layers"'),
        ({"images": ["a b"]}, "spec.images[0]", "should match"),
        ({"resources": [{"kind": "Pod"}]}, "spec.resources[0].apiGroup", "Required value"),
        ({"resources": [{**DEPLOYMENT, "name": "Web"}]}, "spec.resources[0].name", "should match"),
        ({"resources": [{**DEPLOYMENT, "apiGroup": ""}]}, "spec.resources[0].apiGroup", NO_CORE),
        ({"resources": [DEPLOYMENT] * 2}, "spec.resources[1]", "Duplicate value"),
        ({"upTo": {}}, "spec.upTo", "set at least one cap"),
        ({"upTo": {"pullSize": "lots"}}, "spec.upTo.pullSize", "should match"),
        ({"upTo": {"pullSize": "0"}}, "spec.upTo.pullSize", "must be above zero"),
        ({"upTo": {"layers": "60"}}, "spec.upTo.layers", "must be of type integer"),
        ({"upTo": {"growth": 80}}, "spec.upTo.growth", "must be of type string"),
        ({"upTo": {"maxTier": "Full"}}, "spec.upTo.maxTier", "unknown field"),
        (
            {"upTo": {"layers": 60}, "checks": ["pullSize"]},
            "spec.upTo",
            "each cap must be for one of the checks",
        ),
    ],
)
def test_bad_exception_is_refused(create: Try, change: Spec, path: str, says: str) -> None:
    """The refusal names the field and what is right for it."""
    spec = {key: value for key, value in {**LEAST, **change}.items() if value is not None}
    answer = create(exception(spec))

    assert not answer.accepted
    assert path in answer.text
    assert says in answer.text


@pytest.mark.usefixtures("crds")
def test_explained(kubectl: Kubectl) -> None:
    """Kubectl shows each cap with its type; it calls an integer or a text an Object."""
    text = kubectl("explain", "slimexception.spec.upTo")

    fields = [line.split() for line in text.splitlines() if line.startswith("  ") and "<" in line]
    assert dict(fields) == {
        "pullSize": "<Object>",
        "unpackedSize": "<Object>",
        "layers": "<integer>",
        "layerSize": "<Object>",
        "workloadPullSize": "<Object>",
        "growth": "<string>",
    }
