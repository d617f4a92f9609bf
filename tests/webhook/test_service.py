"""Reviews in, answers out: verdicts, skips, and every way in which judging can fail."""

import asyncio
import json
import logging
import time

import pytest

from slimgate.core.admission.decision import Effect, InvalidReviewError
from slimgate.core.wording.ways import DOCS
from slimgate.core.workloads.workload import MAX_IMAGES, Workload
from slimgate.engine.catalog import Catalog
from slimgate.webhook.ports import Judge, Policies
from slimgate.webhook.service import GRACE_SECONDS, AdmissionService, ServiceSettings
from tests.engine.cluster import exception
from tests.engine.shelf import Shelf
from tests.webhook import engine
from tests.webhook.engine import FAT, SLIM, OddJudge, OddPolicies, Recorder
from tests.webhook.reviews import Answered, Json, deployment, review

MISSING = "registry.test/shop:gone"
REPLICA_SETS = "system:serviceaccount:kube-system:replicaset-controller"


def explode() -> None:
    """Fail as only a bug does, with a text that nobody should read."""
    raise KeyError("secret")


class Service:
    """A service, and what its observer heard."""

    def __init__(
        self,
        policies: Policies | None = None,
        judge: Judge | None = None,
        source: Shelf | None = None,
        max_judging: int = 8,
    ) -> None:
        policies = engine.catalog() if policies is None else policies
        if judge is None:
            assert isinstance(policies, Catalog)
            judge = engine.judge(policies, source)
        self.heard = Recorder()
        self.service = AdmissionService(
            judge,
            policies,
            settings=ServiceSettings(max_judging=max_judging),
            observer=self.heard,
            now=lambda: engine.NOW,
        )

    async def answer(self, body: bytes, seconds: float = 5.0) -> Answered:
        """Ask for an answer and read it."""
        return Answered.of(await self.service.answer(body, seconds))


@pytest.mark.parametrize(
    ("mode", "image", "outcome", "effect"),
    [
        ("Enforce", SLIM, "allow", None),
        ("Enforce", FAT, "deny", Effect.DENIED),
        ("Warn", FAT, "deny", Effect.WARNED),
        ("Audit", FAT, "deny", Effect.NOTED),
        ("Enforce", MISSING, "unknown", Effect.WARNED),
        ("Audit", MISSING, "unknown", Effect.NOTED),
    ],
)
async def test_verdicts(mode: str, image: str, outcome: str, effect: Effect | None) -> None:
    """The verdict is counted as it is, and the policy's mode says what becomes of it."""
    allowed = effect is not Effect.DENIED
    service = Service(engine.catalog(engine.policy(mode=mode)))
    answer = await service.answer(review(deployment(image), uid="r7"))
    assert answer.uid == "r7"
    assert answer.allowed is allowed
    assert bool(answer.warnings) is (effect is Effect.WARNED)
    assert bool(answer.message) is not allowed
    assert service.heard.admissions == [("CREATE", outcome, allowed)]
    unknown = (("inspection", "not_found"),) if image == MISSING else ()
    found = [] if effect is None else [("shop", {"default": effect}, unknown)]
    assert service.heard.found_in == found


async def test_denial_is_a_sentence() -> None:
    """A denial names container, image, limit and policy."""
    answer = await Service().answer(review(deployment(FAT)))
    for part in ('slimgate: container "main"', FAT, "limit 4 KiB", "[policy default, pullSize]"):
        assert part in answer.message


@pytest.mark.parametrize("image", [SLIM, FAT])
async def test_half_of_a_surrogate(image: str) -> None:
    """What Python can read and orjson can't is judged, and answered, all the same."""
    answer = await Service().answer(review(deployment(image), uid="\ud800"))
    assert (answer.uid, answer.allowed) == ("\ud800", image == SLIM)


async def test_very_many_images() -> None:
    """Where slimgate fails, no more images are spoken of one by one than it judges."""
    catalog = engine.catalog(engine.policy(on_unknown="Deny"))
    service = Service(catalog, OddJudge(explode))
    pod = {"containers": [{"name": f"c{n}", "image": f"{SLIM}-{n}"} for n in range(1_000)]}
    many: Json = deployment(SLIM) | {"spec": {"template": {"spec": pod}}}

    answer = await service.answer(review(many))

    assert not answer.allowed
    ((_, _, unknown),) = service.heard.found_in
    assert len(unknown) == MAX_IMAGES + 1
    assert ("inspection", "too_large") in unknown


async def test_dry_run() -> None:
    """A dry run gets the same answer."""
    service = Service()
    wet = await service.answer(review(deployment(FAT)))
    dry = await service.answer(review(deployment(FAT), dry_run=True))
    assert dry == wet


@pytest.mark.parametrize(
    ("body", "operation", "outcome"),
    [
        (review(None, old=deployment(FAT), operation="DELETE"), "DELETE", "operation"),
        (review(deployment(FAT), operation="CONNECT"), "CONNECT", "operation"),
        (review(deployment(FAT), operation="\x1b[31m"), "other", "operation"),
        (review({"kind": "ConfigMap"}), "CREATE", "no_images"),
        (
            review(deployment(FAT), old=deployment(FAT, name="was"), operation="UPDATE"),
            "UPDATE",
            "unchanged",
        ),
    ],
)
async def test_skips(body: bytes, operation: str, outcome: str) -> None:
    """What needs no judgement is allowed without a look-up, and counted under its reason."""
    source = engine.shelf()
    service = Service(source=source)
    answer = await service.answer(body)
    assert answer == Answered(uid="r1", allowed=True, message="", warnings=())
    assert service.heard.admissions == [(operation, outcome, True)]
    assert source.asked == []


async def test_copy_of_a_judged_owner() -> None:
    """A controller's copy passes; a user's object with the same owner reference does not."""
    copy: Json = deployment(FAT) | {"kind": "ReplicaSet"}
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "controller": True}
    copy["metadata"] = {"name": "web-1", "ownerReferences": [owner]}
    service = Service()
    assert (await service.answer(review(copy, user=REPLICA_SETS))).allowed
    assert not (await service.answer(review(copy, user="mallory"))).allowed
    assert service.heard.admissions == [("CREATE", "owned", True), ("CREATE", "deny", False)]


@pytest.mark.parametrize(
    ("metadata", "user", "allowed"),
    [
        ({"name": "web"}, "mallory", True),
        ({"generateName": "web"}, "mallory", False),
        ({"name": "x", "generateName": "web"}, "mallory", False),
        ({"name": "x", "owner": "web"}, "mallory", False),
        ({"name": "x", "owner": "web"}, REPLICA_SETS, True),
        ({"name": "x", "owner": "api"}, REPLICA_SETS, False),
    ],
)
async def test_an_exception_for_a_workload(metadata: Json, user: str, *, allowed: bool) -> None:
    """It excuses no object that anyone says is the workload's, or that may get another's name."""
    made: Json = deployment(FAT)
    owner = {"apiVersion": "e.com/v1", "kind": "App", "name": metadata.get("owner"), "uid": "u"}
    owners = [{**owner, "controller": True}] if "owner" in metadata else []
    made["metadata"] = {**metadata, "namespace": "shop", "ownerReferences": owners}
    resources = [
        {"apiGroup": group, "kind": kind, "name": "web"}
        for group, kind in (("apps", "Deployment"), ("e.com", "App"))
    ]
    catalog = engine.catalog()
    catalog.put_exception(exception("e", resources=resources))

    answer = await Service(catalog).answer(review(made, user=user))

    assert answer.allowed is allowed


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[" * 200_000,
        b"[]",
        b"null",
        b'{"request": []}',
        b'{"request": {"uid": 7}}',
        b"1" * 10_000,
    ],
    ids=lambda body: repr(body[:12]),
)
async def test_no_review(body: bytes) -> None:
    """Without a uid there is nothing to answer, so it is an error and no admission."""
    service = Service()
    with pytest.raises(InvalidReviewError, match="the body is not an AdmissionReview"):
        await service.service.answer(body, 5.0)
    assert service.heard.admissions == []


async def test_deep_review() -> None:
    """An object that is nested beyond what Python can parse is judged as any other.

    Who may make it could else have it let through, since there would be no answer.
    """
    fat = deployment(FAT)
    fat["metadata"] = {"name": "web", "namespace": "shop", "managedFields": "NESTED"}
    nested = b'{"f:a":' * 5_000 + b"{}" + b"}" * 5_000

    answer = await Service().answer(review(fat).replace(b'"NESTED"', nested))

    assert (answer.uid, answer.allowed) == ("r1", False)


@pytest.mark.parametrize(("on_unknown", "allowed"), [("Allow", True), ("Deny", False)])
async def test_exploding_judge(
    on_unknown: str,
    allowed: bool,  # noqa: FBT001
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A bug is counted, logged with its workload, and decided by onUnknown, without its text."""
    policies = engine.catalog(engine.policy(on_unknown=on_unknown))
    service = Service(policies, OddJudge(explode))
    answer = await service.answer(review(deployment(SLIM)))
    assert answer.allowed is allowed
    told = " ".join((answer.message, *answer.warnings))
    assert "could not be judged [policy" in told
    assert ": slimgate itself failed (KeyError)" in told
    assert "secret" not in told
    assert service.heard.admissions == [("CREATE", "error", allowed)]
    assert service.heard.found_in[0][2] == (("inspection", "error"),)
    assert "deployment shop/web could not be judged" in caplog.text
    assert "KeyError: 'secret'" in caplog.text


async def test_exception_excuses_what_could_not_be_judged() -> None:
    """An exempt workload stays exempt while slimgate fails."""
    policies = engine.catalog(engine.policy(on_unknown="Deny"))
    policies.put_exception(exception("leave"))
    answer = await Service(policies, OddJudge(explode)).answer(review(deployment(FAT)))
    assert answer == Answered(uid="r1", allowed=True, message="", warnings=())


async def test_no_policies_to_consult(caplog: pytest.LogCaptureFixture) -> None:
    """With nothing left to decide by, it is allowed: by name in a warning, log and metrics."""
    service = Service(OddPolicies(), OddJudge(explode))
    answer = await service.answer(review(deployment(SLIM)))
    assert answer.allowed
    told = "slimgate: admitted without being judged: slimgate itself failed (LookupError)"
    assert answer.warnings == (f"{told}; see its log",)
    assert service.heard.admissions == [("CREATE", "error", True)]
    assert service.heard.found_in == []
    assert "deployment shop/web was admitted without being judged" in caplog.text


@pytest.mark.parametrize(("on_unknown", "allowed"), [("Allow", True), ("Deny", False)])
async def test_slow_registry(on_unknown: str, allowed: bool) -> None:  # noqa: FBT001
    """What is not known in time is decided by onUnknown, in time."""
    source, _ = engine.shut()
    service = Service(engine.catalog(engine.policy(on_unknown=on_unknown)), source=source)
    started = time.monotonic()
    answer = await service.answer(review(deployment(SLIM)), seconds=0.2)
    assert time.monotonic() - started < 1.0
    assert answer.allowed is allowed
    assert "registry.test did not answer" in " ".join((answer.message, *answer.warnings))
    assert service.heard.admissions == [("CREATE", "unknown", allowed)]


async def test_judge_that_ignores_its_deadline() -> None:
    """Even a judge that never returns can't keep an answer back."""
    service = Service(judge=OddJudge(explode, waits=asyncio.Event()))
    answer = await service.answer(review(deployment(SLIM)), seconds=0.05)
    assert answer.allowed
    assert "slimgate reached no verdict in time" in answer.warnings[0]
    assert service.heard.admissions == [("CREATE", "late", True)]
    assert service.heard.found_in[0][2] == (("inspection", "late"),)


@pytest.mark.parametrize(("on_unknown", "allowed"), [("Allow", True), ("Deny", False)])
async def test_overload(on_unknown: str, allowed: bool) -> None:  # noqa: FBT001
    """Who finds no place in time gets onUnknown; who needs none is not kept waiting."""
    source, door = engine.shut()
    policies = engine.catalog(engine.policy(on_unknown=on_unknown))
    service = Service(policies, source=source, max_judging=1)
    first = asyncio.create_task(service.answer(review(deployment(SLIM), uid="first")))
    await asyncio.sleep(0)
    refused = await service.answer(review(deployment(SLIM)), seconds=0.05)
    assert refused.allowed is allowed
    assert "too many requests at once" in " ".join((refused.message, *refused.warnings))
    unchanged = review(deployment(FAT), old=deployment(FAT), operation="UPDATE")
    assert (await service.answer(unchanged)).allowed
    waiting = asyncio.create_task(service.answer(review(deployment(FAT), uid="third")))
    await asyncio.sleep(0)
    assert service.service.in_flight == 2
    door.opened.set()
    assert (await first).allowed
    assert not (await waiting).allowed
    assert [outcome for _, outcome, _ in service.heard.admissions] == [
        "overloaded",
        "unchanged",
        "allow",
        "deny",
    ]
    assert service.service.in_flight == 0


async def test_denial_of_what_is_not_read_leads_to_the_page() -> None:
    """Whatever could not be judged, settings say where its denial leads."""
    catalog = engine.catalog(engine.policy(on_unknown="Deny"))
    settings = ServiceSettings(docs="https://wiki.test/images")
    service = AdmissionService(engine.judge(catalog), catalog, settings=settings)
    body = review(deployment(SLIM))

    unread = service.answer_unread(body, "it is too large")
    late = await service.answer(body.replace(SLIM.encode(), b"registry.test/shop:none"), 5.0)

    for answer in (unread, late):
        assert answer is not None
        found = Answered.of(answer)
        assert "https://wiki.test/images#" in found.message
        assert DOCS not in found.message


async def test_place_is_free_again_after_faults() -> None:
    """Neither a fault nor a lost caller keeps a place for ever."""
    source, door = engine.shut()
    service = Service(source=source, max_judging=1)
    lost = asyncio.create_task(service.answer(review(deployment(SLIM))))
    await asyncio.sleep(0)
    lost.cancel()
    with pytest.raises(asyncio.CancelledError):
        await lost
    await service.answer(review(deployment(SLIM)), seconds=0.05)
    door.opened.set()
    assert (await service.answer(review(deployment(SLIM)))).allowed


async def test_log_says_what_was_decided(caplog: pytest.LogCaptureFixture) -> None:
    """One line a decision that matters, with nothing of the review that could forge another."""
    caplog.set_level(logging.INFO, logger="slimgate.webhook.service")
    service = Service()
    named = deployment(FAT, name="web\nCREATE of deployment shop/other: allow")
    await service.answer(json.dumps(json.loads(review(named))).encode())
    await service.answer(review(deployment(SLIM)))
    assert len(caplog.records) == 1
    text = caplog.records[0].getMessage()
    assert text.startswith(r"CREATE of deployment shop/web\nCREATE of")
    assert ": deny, denied in " in text


async def test_few_are_recalled_at_once() -> None:
    """A storm of updates that are denied has a bound on what it costs the API server."""
    most, now = 0, 0

    async def history(_: object) -> list[Workload]:
        nonlocal most, now
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        return []

    catalog = engine.catalog()
    service = AdmissionService(
        engine.judge(catalog),
        catalog,
        settings=ServiceSettings(max_recalling=4),
        history=history,
        now=lambda: engine.NOW,
    )
    body = review(deployment(FAT), operation="UPDATE", old=deployment(SLIM))
    answers = await asyncio.gather(*(service.answer(body, 5.0) for _ in range(10)))

    assert not any(Answered.of(answer).allowed for answer in answers)
    assert most == 2


@pytest.mark.parametrize(
    ("image", "mode", "warnings"), [(SLIM, "Enforce", 1), (FAT, "Warn", 2), (FAT, "Enforce", 0)]
)
async def test_budgets(image: str, mode: str, warnings: int) -> None:
    """Whoever brings an image to a namespace over its budget is told so, beside all else."""
    catalog = engine.catalog(engine.policy(mode=mode))
    service = AdmissionService(
        engine.judge(catalog), catalog, budgets=lambda name: [name], now=lambda: engine.NOW
    )
    answer = Answered.of(await service.answer(review(deployment(image)), 5.0))
    same = review(deployment(image), operation="UPDATE", old=deployment(image))
    scaled = Answered.of(await service.answer(same, 5.0))

    assert len(answer.warnings) == warnings
    assert (answer.warnings or ("shop",))[-1] == "shop"
    assert scaled.warnings == ()


async def test_one_grace_for_all() -> None:
    """Where judging is late already, nobody waits for what ran before as well."""

    async def history(_: object) -> list[Workload]:
        await asyncio.Event().wait()
        return []

    catalog = engine.catalog(engine.policy(on_unknown="Deny"))
    late = OddJudge(explode, waits=asyncio.Event())
    service = AdmissionService(late, catalog, history=history, now=lambda: engine.NOW)
    body = review(deployment(FAT), operation="UPDATE", old=deployment(SLIM))

    started = time.monotonic()
    answer = Answered.of(await service.answer(body, 0.2))

    assert not answer.allowed
    assert time.monotonic() - started < 0.2 + 1.5 * GRACE_SECONDS
