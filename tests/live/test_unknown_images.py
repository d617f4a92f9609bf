"""Images that can't be looked at: what is said, what onUnknown does, and what comes later."""

from dataclasses import replace

import pytest

from slimgate.core.images.facts import Platform
from slimgate.core.wording.ways import DOCS
from tests.live.programs import Program
from tests.live.room import Room
from tests.live.shelf import FAT, TINY
from tests.live.site import ABSENT_PORT, Site
from tests.support.images import OCI_LAYER, image, index, layer, tar_of

pytestmark = pytest.mark.lab

ADMISSIONS, FAILURES = "slimgate_admissions_total", "slimgate_inspection_failures_total"
# The reference, what is said of it, and as what the look-up is counted.
CASES = {
    "nobody listens": (
        "{host}:{absent}/app:v1",
        "{host}:{absent} can't be reached: nothing answers at its address",
        "unavailable",
    ),
    "no such repository": (
        "{registry}/{path}/none:v1",
        "has no {registry}/{path}/none:v1",
        "not_found",
    ),
    "no such tag": ("{registry}/{path}/app:v2", "has no {registry}/{path}/app:v2", "not_found"),
    "no such digest": ("{registry}/{path}/app@sha256:{zeros}", "has no ", "not_found"),
    "not for these nodes": (
        "{registry}/{path}/windows:v1",
        "{registry}/{path}/windows:v1 has no image for linux/amd64; it has windows/amd64",
        "not_found",
    ),
    "no reference": (
        "no//reference",
        "'no//reference' is not an image reference: its repository is malformed",
        None,
    ),
    "the API server": ("{api}/app:v1", "{api}", "refused_address"),
    "cloud metadata": ("169.254.169.254/app:v1", "169.254.169.254", "refused_address"),
}


@pytest.mark.parametrize("case", CASES)
def test_on_unknown(room: Room, site: Site, webhook: Program, case: str) -> None:
    """Allow admits with a warning that says why, Deny denies with the same words; both count."""
    written, why, reason = CASES[case]
    room.shelf.noise(TINY)
    windows = image([layer({"a": b"a"})], platform=Platform("windows", "amd64"))
    room.shelf.push(index([windows]), repository="windows")
    host, _, _ = site.lab.registry.rpartition(":")
    names = {
        "host": host, "absent": ABSENT_PORT, "registry": site.lab.registry, "zeros": "0" * 64,
        "path": room.shelf.path, "api": site.lab.apiserver.removeprefix("https://"),
    }  # fmt: skip
    reference, why = written.format(**names), why.format(**names)
    policy = room.policy(limits={"pullSize": {"deny": "300k"}}, onUnknown="Allow")
    before = _counts(webhook, reason)

    admitted = room.ask(reference)
    counted = _counts(webhook, reason)
    room.edit(policy, onUnknown="Deny")
    denied = room.ask(reference)

    assert admitted.status == 201
    (warning,) = admitted.warnings
    start = f'slimgate: container "main": {reference} could not be judged [policy {policy}, '
    assert warning.startswith(start[:50])
    assert denied.status == 403
    assert start in denied.message
    assert why in denied.message
    assert f"[policy {policy}, inspection]" in denied.message
    assert denied.message.endswith(f"a SlimException ({DOCS}#exception).")
    assert {key: counted[key] - before[key] for key in counted} == {
        "unknown": 1.0, "looked up": 0.0 if reason is None else 1.0,
    }  # fmt: skip


def test_what_is_known_decides(room: Room) -> None:
    """A layer that tells no length hides none that are known: onUnknown is for the rest."""
    files = {"a": b"a" * 300_000}
    known = len(tar_of(files))
    untold = replace(layer({"b": b"b"}), blob=b"encrypted", media_type=f"{OCI_LAYER}+encrypted")
    reference = room.shelf.push(image([layer(files), untold]))
    policy = room.policy(limits={"unpackedSize": {"deny": known - 1}}, onUnknown="Allow")
    by = f"[policy {policy}, unpackedSize]"
    least = f"unpacks to at least {known:,} B (measured, linux/amd64), limit {known - 1:,} B {by}"

    above = room.ask(reference)
    room.edit(policy, limits={"unpackedSize": {"deny": known}})
    equal = room.ask(reference)
    room.edit(policy, limits={"unpackedSize": {"warn": known - 1, "deny": "1Gi"}})
    between = room.ask(reference)
    room.edit(policy, onUnknown="Deny")
    denied = room.ask(reference)

    assert above.status == 403
    assert f'slimgate: container "main": {reference} {least}; ' in above.message
    assert equal.status == 201
    assert [f"{reference} could not be judged" in line for line in equal.warnings] == [True]
    assert between.status == 201
    assert [least[:80] in line for line in between.warnings] == [True]
    assert denied.status == 403
    assert f"could not be judged against limit 1 GiB (linux/amd64) {by}: " in denied.message
    assert [least[:80] in line for line in denied.warnings] == [True]


def test_other_modes_never_deny_the_unknown(room: Room) -> None:
    """Where violations only warn or are only recorded, so is what can't be judged."""
    policy = room.policy(limits={"pullSize": {"deny": "300k"}}, onUnknown="Deny", mode="Warn")

    warned = room.ask("no//reference")
    room.edit(policy, mode="Audit")
    audited = room.ask("no//reference")

    assert (warned.status, len(warned.warnings)) == (201, 1)
    assert (audited.status, audited.warnings) == (201, ())


def test_a_violation_beside_an_unknown_denies(room: Room) -> None:
    """One image that can't be judged does not hide another that is over the limit."""
    fat = room.shelf.noise(FAT)
    policy = room.policy(limits={"pullSize": {"deny": "300k"}}, onUnknown="Allow")

    answer = room.ask("no//reference", fat)

    assert answer.status == 403
    assert f'container "main-1": {fat} pulls 391 KiB' in answer.message
    assert f"[policy {policy}, pullSize]" in answer.message
    assert "no//reference" not in answer.message
    assert ["could not be judged" in warning for warning in answer.warnings] == [True]


@pytest.mark.usefixtures("alone")
def test_an_image_that_comes_later(room: Room, site: Site) -> None:
    """The controller says that it does not know, and annotates anew once the image is there."""
    controller = site.roles.start("controller", tag_refresh_interval="1s", retry_interval="0.5s")
    room.policy(limits={"pullSize": {"deny": "300k"}})
    deployment = room.deploy(room.shelf.reference())

    unknown = room.await_verdict(deployment, "unknown")
    room.shelf.noise(FAT)
    summary = room.await_verdict(deployment, "deny", seconds=15)

    assert unknown.startswith("main: could not be judged: ")
    assert summary == "main: pulls 391 KiB (linux/amd64), limit 293 KiB"
    assert _reasons(room, deployment) == ["ImageUnknown", "SlimPolicyViolation"]
    assert controller.runs()


@pytest.mark.usefixtures("alone")
def test_a_registry_that_comes_back(room: Room, site: Site) -> None:
    """What could not be asked is asked again a moment after failures are forgotten."""
    controller = site.roles.start("controller", tag_refresh_interval="1m", retry_interval="0.5s")
    room.policy(limits={"pullSize": {"deny": "300k"}})
    room.shelf.noise(FAT)
    far = room.shelf.seen_through(site.cable.registry)
    try:
        site.cable.cut()
        deployment = room.deploy(far.reference())
        unknown = room.await_verdict(deployment, "unknown")
    finally:
        site.cable.mend()
    room.await_verdict(deployment, "deny", seconds=15)

    why = f"{site.cable.registry} can't be reached: nothing answers at its address"
    assert unknown == f"main: could not be judged: {why}"
    assert _reasons(room, deployment) == ["ImageUnknown", "SlimPolicyViolation"]
    assert controller.runs()


def _counts(webhook: Program, reason: str | None) -> dict[str, float]:
    looked_up = webhook.metric(FAILURES, reason=reason) if reason else 0.0
    return {
        "unknown": webhook.metric(ADMISSIONS, outcome="unknown", allowed="true"),
        "looked up": looked_up,
    }


def _reasons(room: Room, deployment: dict[str, object]) -> list[str]:
    events = sorted(room.events(deployment), key=lambda event: str(event["eventTime"]))
    return [str(event["reason"]) for event in events]
