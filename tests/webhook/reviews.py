"""AdmissionReviews as API servers send them, and what answers to them say."""

import json
from dataclasses import dataclass

Json = dict[str, object]


def deployment(image: str, name: str = "web") -> Json:
    """Make a Deployment of one container."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"template": {"spec": {"containers": [{"name": "main", "image": image}]}}},
    }


def review(
    new: Json | None,
    *,
    old: Json | None = None,
    operation: str = "CREATE",
    user: str = "alice",
    uid: str = "r1",
    dry_run: bool = False,
) -> bytes:
    """Make a review as it is sent."""
    request = {
        "uid": uid,
        "kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
        "operation": operation,
        "namespace": "shop",
        "userInfo": {"username": user, "groups": ["system:authenticated"]},
        "object": new,
        "oldObject": old,
        "dryRun": dry_run,
    }
    whole = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
    return json.dumps(whole).encode()


@dataclass(frozen=True, kw_only=True)
class Answered:
    """The response in an answered review."""

    uid: str
    allowed: bool
    message: str
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, body: bytes) -> "Answered":
        """Read an answer; it must be of the form that API servers take."""
        whole = json.loads(body)
        assert (whole["apiVersion"], whole["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
        response = whole["response"]
        return cls(
            uid=response["uid"],
            allowed=response["allowed"],
            message=response.get("status", {}).get("message", ""),
            warnings=tuple(response.get("warnings", ())),
        )
