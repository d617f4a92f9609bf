"""From manifests to verdicts: the webhook's own, and what each finding does."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from slimgate.cli.check.judge import FindingEffect, Judged
from slimgate.cli.check.request import DEFAULT_FAIL_ON
from slimgate.cli.shared.forms import FailOn
from slimgate.core.admission.decision import decide
from slimgate.core.errors import ImageError, UnavailableError
from slimgate.core.images.facts import Base, Inspection, Platform
from slimgate.core.workloads.kinds import Kind
from slimgate.settings import Settings
from tests.cli.facts import SAVED, SOYA, inspection
from tests.cli.make import POLICY, SEEN, WEB, Known, check, write

UNKNOWN = "  onUnknown: Deny\n"
Seen = Mapping[str, Inspection | ImageError]
DOWN: Seen = {**SEEN, "shop:soya": UnavailableError("the registry is down")}
LACKING: Seen = {**SEEN, "shop:fat": inspection("shop:fat", SAVED)}
GOLDEN = """\
---
apiVersion: slimgate.dev/v1alpha1
kind: BaseImage
metadata: {name: golden}
spec: {references: ["golden:1"], tier: Minimal}
"""
EXCEPTION = """\
---
apiVersion: slimgate.dev/v1alpha1
kind: SlimException
metadata: {name: legacy, namespace: shop}
spec:
  policyRefs: [default]
  images: ["**:fat"]
  reason: being replaced
  expirationTime: 2999-01-01T00:00:00Z
"""


def _effects(judged: Judged) -> list[tuple[str, str, str]]:
    return [
        (effect.label, finding.check, finding.use.name if finding.use else "-")
        for finding, effect in judged.findings
    ]


@pytest.mark.parametrize(
    ("policy", "expected", "status"),
    [
        (POLICY, [("deny", "pullSize", "web")], 1),
        (POLICY.replace("Enforce", "Warn"), [("warn", "pullSize", "web")], 0),
        (POLICY.replace("Enforce", "Audit"), [("audit", "pullSize", "web")], 0),
        (POLICY.replace("deny: 100Mi", "warn: 100Mi"), [("warn", "pullSize", "web")], 0),
        (POLICY.replace("100Mi", "900Mi"), [], 0),
        (
            POLICY.replace("deny: 100Mi", "warn: 1Mi, deny: 100Mi"),
            [("deny", "pullSize", "web"), ("warn", "pullSize", "side")],
            1,
        ),
    ],
)
async def test_effects(
    tmp_path: Path, policy: str, expected: list[tuple[str, str, str]], status: int
) -> None:
    """A finding does what its policy's mode lets it, and only denials fail."""
    report = await check(tmp_path, policies=policy)

    assert [_effects(judged) for judged in report.judged] == [expected]
    assert report.status == status


@pytest.mark.parametrize("mode", ["Enforce", "Warn", "Audit"])
async def test_strict(tmp_path: Path, mode: str) -> None:
    """With --strict a violation fails whatever the mode."""
    report = await check(tmp_path, policies=POLICY.replace("Enforce", mode), strict=True)

    assert report.status == 1
    assert _effects(report.judged[0]) == [("deny", "pullSize", "web")]


@pytest.mark.parametrize(
    ("policy", "effects", "status"),
    [
        (POLICY.replace("100Mi", "900Mi"), ["unknown"], 3),
        (POLICY.replace("100Mi", "900Mi") + UNKNOWN, ["unknown"], 3),
        (POLICY.replace("100Mi", "900Mi").replace("Enforce", "Audit"), ["unknown"], 3),
        (POLICY, ["deny", "unknown"], 1),
        (
            POLICY.replace("pullSize: {deny: 100Mi}", "workloadPullSize: {deny: 1Gi}"),
            ["unknown", "unknown"],
            3,
        ),
    ],
)
async def test_failed_look_ups(
    tmp_path: Path, policy: str, effects: list[str], status: int
) -> None:
    """What could not be looked up is an error of its own in any mode; a denial outweighs it."""
    report = await check(tmp_path, policies=policy, known=Known(DOWN))

    assert [effect for effect, _, _ in _effects(report.judged[0])] == effects
    assert report.status == status


@pytest.mark.parametrize(
    ("more", "effect", "status"), [("", "warn", 0), (UNKNOWN, "deny", 1)], ids=["Allow", "Deny"]
)
async def test_what_an_image_does_not_tell(
    tmp_path: Path, more: str, effect: str, status: int
) -> None:
    """A fact that a found image lacks is decided by onUnknown, as in the cluster."""
    report = await check(tmp_path, policies=POLICY + more, known=Known(LACKING))

    assert _effects(report.judged[0]) == [(effect, "pullSize", "web")]
    assert report.status == status


FAIL_ON = [
    # The words, the policy's limit and mode, what is known of images, and the status.
    ("", "warn: 1Mi", "Enforce", SEEN, 0),
    ("deny", "warn: 1Mi", "Enforce", SEEN, 0),
    ("warn", "warn: 1Mi", "Enforce", SEEN, 1),
    ("warn", "deny: 100Mi", "Enforce", SEEN, 1),
    ("unknown", "deny: 100Mi", "Enforce", SEEN, 1),
    ("unknown", "warn: 1Mi", "Enforce", SEEN, 0),
    ("warn unknown", "deny: 900Mi", "Enforce", SEEN, 0),
    # What a policy in mode Warn finds is a warning; one in mode Audit fails nothing.
    ("", "deny: 100Mi", "Warn", SEEN, 0),
    ("warn", "deny: 100Mi", "Warn", SEEN, 1),
    ("warn", "deny: 100Mi", "Audit", SEEN, 0),
    ("warn unknown", "deny: 100Mi", "Audit", SEEN, 0),
    # What a found image does not tell is allowed.
    ("", "deny: 100Mi", "Enforce", LACKING, 0),
    ("warn", "deny: 100Mi", "Enforce", LACKING, 0),
    ("unknown", "deny: 100Mi", "Enforce", LACKING, 1),
    # What could not be looked up never passes.
    ("", "deny: 900Mi", "Enforce", DOWN, 3),
    ("warn", "deny: 900Mi", "Enforce", DOWN, 3),
    ("unknown", "deny: 900Mi", "Enforce", DOWN, 3),
]


@pytest.mark.parametrize(("words", "limit", "mode", "seen", "status"), FAIL_ON)
async def test_fail_on(
    tmp_path: Path, words: str, limit: str, mode: str, *, seen: Seen, status: int
) -> None:
    """Denials always end in 1; warnings, and what nobody knows, where --fail-on names them."""
    policy = POLICY.replace("deny: 100Mi", limit).replace("Enforce", mode)
    fail_on = DEFAULT_FAIL_ON | {FailOn(word) for word in words.split()}
    report = await check(tmp_path, policies=policy, known=Known(seen), fail_on=fail_on)

    assert report.status == status


async def test_the_webhooks_own_words(tmp_path: Path) -> None:
    """The decision is the webhook's, word for word."""
    (judged,) = (await check(tmp_path)).judged

    assert judged.decision == decide(judged.verdict)
    assert judged.decision.message.startswith(
        'container "web": shop:fat pulls 120 MiB (linux/amd64), limit 100 MiB '
        "[policy default, pullSize]; its largest layer pulls 90 MiB (RUN go build)"
    )
    assert judged.decision.message.endswith(
        "(https://slimgate.dev/docs/slimming#exception). see https://wiki.example.com/slim"
    )


async def test_only_what_policies_speak_of(tmp_path: Path) -> None:
    """An image that no policy speaks of is not looked up."""
    known = Known()
    policy = POLICY.replace("spec:", 'spec:\n  match: {images: {include: ["**:soya"]}}')
    report = await check(tmp_path, policies=policy, known=known)

    assert [text for text, _, _ in known.asked] == ["shop:soya"]
    assert report.status == 0


async def test_more_images_than_are_judged(tmp_path: Path) -> None:
    """The command line looks up as many as the webhook does, and says that there are more."""
    known = Known()
    containers = "".join(f"        - {{name: c{n}, image: 'shop:{n}'}}\n" for n in range(513))
    many = WEB[: WEB.index("        - name")] + containers
    (judged,) = (await check(tmp_path, many, POLICY + UNKNOWN, known=known)).judged

    assert len(known.asked) == 512
    assert _effects(judged).count(("deny", "inspection", "-")) == 1


async def test_exceptions(tmp_path: Path) -> None:
    """An exception beside the policy excuses what it names, in its namespace and until its end."""
    report = await check(tmp_path, policies=POLICY + EXCEPTION)
    (judged,) = report.judged

    assert report.status == 0
    assert [by.name for _, by in judged.verdict.excused] == ["legacy"]

    ended = EXCEPTION.replace("2999", "2020")
    report = await check(tmp_path, policies=POLICY + ended)

    assert report.status == 1
    assert report.notes == ["SlimException shop/legacy expired on 2020-01-01"]


async def test_a_workload_without_an_image(tmp_path: Path) -> None:
    """It is never within policy, and a note says that nothing was judged: it may be a patch."""
    report = await check(tmp_path, WEB.replace("image:", "workingDir:"))

    assert (report.status, replace(report, require_all=True).status) == (0, 1)
    assert report.summary == "1 workload, 0 images: 1 not judged"
    assert [entry.effect for entry in report.judged] == ["none"]

    assert report.notes == [
        "no container of these workloads names an image, so nothing is judged: deployment shop/web"
    ]


async def test_a_container_without_an_image(tmp_path: Path) -> None:
    """The others are judged, and a note says that one was not."""
    report = await check(tmp_path, WEB.replace("- name: web", "- name: bare\n        - name: web"))

    (note,) = report.notes
    assert note.startswith(
        "a container of these workloads names no image, so that one is not judged"
    )
    assert note.endswith(": deployment shop/web")


async def test_exceptions_in_a_file_of_their_own(tmp_path: Path) -> None:
    """--exceptions takes them from elsewhere; those in the manifests excuse nothing."""
    write(tmp_path, excuse_yaml=EXCEPTION)
    alone = await check(tmp_path, WEB + EXCEPTION)
    named = await check(tmp_path, WEB + EXCEPTION, exceptions=[str(tmp_path / "excuse.yaml")])

    assert (alone.status, named.status) == (1, 0)
    (note,) = alone.notes
    assert note.endswith("deploy.yaml is not applied: name its file by --exceptions too")
    assert note.startswith(f"SlimException legacy in {tmp_path}")


async def test_missing_base_images(tmp_path: Path) -> None:
    """One that could not be looked up leaves what hinges on it open, and is noted."""
    policy = (
        POLICY.replace("limits: {pullSize: {deny: 100Mi}}", "bases: {allow: [golden]}") + GOLDEN
    )
    facts = inspection("shop:soya", replace(SOYA, base=Base()))
    known = Known({"shop:fat": facts, "shop:soya": facts})
    report = await check(tmp_path, policies=policy, known=known)

    assert report.judged[0].worst is FindingEffect.UNKNOWN
    assert report.status == 3
    assert report.notes == [
        "the base docker.io/library/golden:1 of a BaseImage: there is no such image"
    ]


async def test_base_images_that_no_rule_needs(tmp_path: Path) -> None:
    """They are not looked up where no policy is about bases."""
    known = Known()
    await check(tmp_path, policies=POLICY + GOLDEN, known=known)

    assert [text for text, _, _ in known.asked] == ["shop:fat", "shop:soya"]


async def test_platforms(tmp_path: Path) -> None:
    """The platforms are those that the user names."""
    known = Known()
    await check(tmp_path, known=known, platforms=["linux/arm64", "linux/amd64"])

    assert {platforms for _, platforms, _ in known.asked} == {
        (Platform("linux", "arm64"), Platform("linux", "amd64"))
    }


async def test_settings(tmp_path: Path) -> None:
    """Kinds that settings add are judged, and namespaces that they exclude are not."""
    rollout = Kind(
        group="argoproj.io",
        version="v1alpha1",
        plural="rollouts",
        kind="Rollout",
        template=("spec", "template"),
    )
    settings = Settings(extra_kinds=(rollout,), excluded_namespaces=("left",))
    rolled = WEB.replace("apps/v1", "argoproj.io/v1alpha1").replace("Deployment", "Rollout")
    left = WEB.replace("namespace: shop", "namespace: left")
    report = await check(tmp_path, f"{rolled}---\n{left}", settings=settings)

    assert [(str(j.placed.workload), j.worst) for j in report.judged] == [
        ("rollout shop/web", FindingEffect.DENY),
        ("deployment left/web", None),
    ]


async def test_now(tmp_path: Path) -> None:
    """Exceptions are held against the time of the check."""
    soon = datetime.now(UTC).replace(microsecond=0).isoformat()
    report = await check(
        tmp_path, policies=POLICY + EXCEPTION.replace("2999-01-01T00:00:00Z", soon)
    )

    assert report.status == 1
