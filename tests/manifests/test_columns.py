"""What `kubectl get` shows of slimgate's resources."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
import yaml

from tests.lab.kubectl import Kubectl
from tests.manifests.resources import base_image, policy

pytestmark = pytest.mark.lab

WIDE = {
    "slimpolicies": (
        "NAME MODE WORKLOADS WARNED DENIED UNKNOWN READY AGE "
        "PULL-DENY UNPACKED-DENY MAX-TIER REASON"
    ),
    "baseimages": "NAME TIER REFERENCE IMAGES READY AGE REFERENCES REASON",
    "slimexceptions": (
        "NAME POLICY WORKLOADS EXPIRES IN-FORCE REASON POLICIES CHECKS IMAGES USED AGE"
    ),
}
NARROW = {
    "slimpolicies": "NAME MODE WORKLOADS WARNED DENIED UNKNOWN READY AGE",
    "baseimages": "NAME TIER REFERENCE IMAGES READY AGE",
    "slimexceptions": "NAME POLICY WORKLOADS EXPIRES IN-FORCE REASON",
}


@pytest.fixture(scope="module")
def name(kubectl: Kubectl, crds: None) -> Iterator[str]:
    """Make one object of each kind, of one name."""
    del crds
    name = f"columns-{uuid4().hex[:8]}"
    spec = {
        "mode": "Warn",
        "match": {"namespaces": {"include": [name]}},
        "limits": {"pullSize": {"warn": "100Mi", "deny": "300Mi"}},
        "bases": {"maxTier": {"deny": "Full"}},
    }
    exception = {
        "apiVersion": "slimgate.dev/v1alpha1",
        "kind": "SlimException",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "policyRefs": [name],
            "checks": ["pullSize"],
            "reason": "ticket 4711",
            "expirationTime": "2027-01-31T00:00:00Z",
        },
    }
    golden = base_image({"references": [f"r.invalid/{name}:1"], "tier": "Slim"}, name)
    objects = yaml.safe_dump_all([policy(spec, name), golden, exception])
    kubectl("apply", "-f", "-", stdin=objects)
    yield name
    kubectl("delete", "-f", "-", stdin=objects)


@pytest.mark.parametrize("kind", WIDE)
def test_columns(kubectl: Kubectl, name: str, kind: str) -> None:
    """Those that one needs, and with -o wide those that explain them."""
    shown = [
        kubectl("get", kind, name, *options).splitlines()[0].split()
        for options in ((), ("-o", "wide"))
    ]

    assert [" ".join(header) for header in shown] == [NARROW[kind], WIDE[kind]]


def test_what_is_asked_for(kubectl: Kubectl, name: str) -> None:
    """Limits, tiers, references and policies are shown as people write them."""
    texts = [kubectl("get", kind, name, "-o", "wide").splitlines()[1].split() for kind in WIDE]

    found, golden, exception = texts
    assert found[1] == "Warn"
    assert {"300Mi", "Full"} < set(found)
    assert golden[1:3] == ["Slim", f"r.invalid/{name}:1"]
    assert exception[1] == name
    assert {"2027-01-31T00:00:00Z", '["pullSize"]'} < set(exception)


def test_all_together(kubectl: Kubectl, name: str) -> None:
    """One category lists them all."""
    listed = kubectl("get", "slimgate", "-A", "-o", "name").splitlines()

    assert {
        f"slimpolicy.slimgate.dev/{name}",
        f"baseimage.slimgate.dev/{name}",
        f"slimexception.slimgate.dev/{name}",
    } <= set(listed)
