"""Reviews of SlimExceptions as they are sent: over HTTP, on a path of their own."""

import json
import logging
from pathlib import Path

import pytest

from slimgate.core.admission.decision import InvalidReviewError
from slimgate.webhook.admit import EXCEPTIONS
from slimgate.webhook.exceptions import ExceptionService
from tests.webhook import engine
from tests.webhook.reviews import Answered, Json
from tests.webhook.serving import HOST, serving

STRICT = {"limits": {"layers": {"deny": 1}}, "exceptions": {"allowed": False}}


def review(*policies: str, operation: str = "CREATE") -> bytes:
    """Make the review of an exception from policies."""
    excuse: Json = {
        "metadata": {"namespace": "shop", "name": "legacy"},
        "spec": {
            "policyRefs": list(policies),
            "reason": "r",
            "expirationTime": "2999-01-01T00:00:00Z",
        },
    }
    request = {"uid": "r1", "operation": operation, "namespace": "shop", "object": excuse}
    return json.dumps({"kind": "AdmissionReview", "request": request}).encode()


def service(heard: engine.Recorder | None = None) -> ExceptionService:
    """Make a service that knows a policy which allows exceptions, and one which does not."""
    strict = {**engine.policy("strict"), "spec": STRICT}
    return ExceptionService(engine.catalog(engine.policy(), strict).find_policy, observer=heard)


async def test_answers(caplog: pytest.LogCaptureFixture) -> None:
    """A refusal is one sentence, and in the log; it names the policy that does not allow it."""
    caplog.set_level(logging.INFO)

    good = Answered.of(await service().answer(review("default"), 1))
    bad = Answered.of(await service().answer(review("default", "strict"), 1))

    assert good == Answered(uid="r1", allowed=True, message="", warnings=())
    assert bad == Answered(
        uid="r1", allowed=False, message="slimgate: policy strict allows no exceptions", warnings=()
    )
    assert [record.message for record in caplog.records] == [
        "SlimException shop/legacy was refused: policy strict allows no exceptions"
    ]


async def test_reviews_are_counted() -> None:
    """Refused ones too, and in another place than those of workloads."""
    heard = engine.Recorder()
    for named in (["default"], ["default", "strict"]):
        await service(heard).answer(review(*named), 1)

    assert heard.exceptions == [("CREATE", True), ("CREATE", False)]
    assert heard.admissions == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"request": {}}', b'{"request": {"uid": 1}}'])
async def test_what_is_not_a_review(body: bytes) -> None:
    """It gets no answer that looks like an allow."""
    with pytest.raises(InvalidReviewError):
        await service().answer(body, 1)


async def test_over_http(tmp_path: Path) -> None:
    """The path is another one than that of workloads; what is no review is an error."""
    async with serving(tmp_path) as live:
        url = f"https://{HOST}:{live.port}{EXCEPTIONS}"
        status, body = await live.post(review("default"), url)
        await live.post(review("other", operation="UPDATE"), url)
        broken, _ = await live.post(b"{}", url)

    assert (status, Answered.of(body).allowed) == (200, True)
    assert broken == 400
    assert live.heard.admissions == []
    assert live.heard.exceptions == [("CREATE", True), ("UPDATE", True)]
    assert live.heard.refusals == [400]
