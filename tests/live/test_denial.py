"""What users see of a denial, a warning and an allow, by kubectl on a real API server."""

import json

import pytest

from slimgate.core.policies import ways
from slimgate.core.wording.ways import DOCS, way_text
from tests.lab.kubectl import Kubectl
from tests.live.programs import Program
from tests.live.room import Room
from tests.live.shelf import FAT, SMALL, TINY, noise, noisy, stacked

pytestmark = pytest.mark.lab

EXEMPT = f"To exempt it, ask your platform team for a SlimException ({DOCS}#exception)."


def test_a_denial_is_complete(room: Room, kubectl: Kubectl) -> None:
    """Image, platform, value, limit, policy, largest layer, base, way out, and the own message."""
    base = noisy(SMALL)
    reference = room.shelf.push(base, repository="golden/go")
    fat = stacked(base, noise(FAT), instructions=["RUN go build ./..."])
    image = room.shelf.push(fat)
    room.base_image(reference, tier="Builder")
    policy = room.policy(
        limits={"pullSize": {"deny": "300k"}},
        bases={"maxTier": {"warn": "Builder"}},
        message="See https://wiki.example.com/slim.",
    )

    refused = kubectl.attempt("create", "-f", "-", stdin=json.dumps(room.workload(image)))

    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.strip() == (
        'Error from server (Forbidden): error when creating "STDIN": admission webhook '
        '"workloads.slimgate.dev" denied the request: slimgate: '
        f'container "main": {image} pulls 440 KiB (linux/amd64), limit 293 KiB '
        f"[policy {policy}, pullSize]; its largest layer pulls 391 KiB (RUN go build ./...); "
        f"base {reference} (Builder, Proven); it still contains go. "
        f"{way_text(ways.TOOLCHAIN, DOCS)}. "
        f"{EXEMPT} See https://wiki.example.com/slim."
    )
    assert room.api.find(room.workload(image)) is None


def test_a_warning_is_shown(room: Room, kubectl: Kubectl) -> None:
    """Above the soft line the workload is made, and kubectl prints one short line."""
    image = room.shelf.noise(SMALL, TINY)
    policy = room.policy(limits={"pullSize": {"warn": "30k", "deny": "300k"}})

    made = kubectl.attempt("create", "-f", "-", stdin=json.dumps(room.workload(image)))

    assert made.returncode == 0
    assert made.stdout.strip() == "deployment.apps/web created"
    assert made.stderr.strip() == (
        f'Warning: slimgate: container "main": {image} pulls 51.2 KiB (linux/amd64), '
        f"limit 29.3 KiB [policy {policy}, pullSize]; its largest layer pulls 49.1 KiB"
    )


def test_a_warning_stays_short(room: Room, kubectl: Kubectl) -> None:
    """However long the reference is, and whatever its alphabet, one line tells what is wrong."""
    image = room.shelf.noise(SMALL, repository="a/" + "long/" * 20 + "app")
    room.policy(limits={"pullSize": {"deny": "10k"}}, mode="Warn")

    made = kubectl.attempt("create", "-f", "-", stdin=json.dumps(room.workload(image)))

    (line,) = made.stderr.splitlines()
    assert line.startswith(f'Warning: slimgate: container "main": {room.shelf.registry}/')
    assert "…" in line
    assert "/long/app:v1 pulls 49.1 KiB (linux/amd64), limit 9.8 KiB [policy " in line
    assert len(line) <= len("Warning: ") + 200


def test_many_violations_are_cut_to_ten(room: Room) -> None:
    """A pod of a dozen fat images gets the worst ten, and how many more there are."""
    images = [room.shelf.noise(SMALL, repository=f"app-{number}") for number in range(12)]
    policy = room.policy(limits={"pullSize": {"deny": "10k"}})

    refused = room.ask(*images)
    room.edit(policy, mode="Warn")
    warned = room.ask(*images)

    assert refused.message.count(" pulls 49.1 KiB") == 10
    assert "And 2 more. " in refused.message
    assert len(warned.warnings) == 11
    assert warned.warnings[-1] == "slimgate: and 2 more"


def test_an_allow_is_silent(room: Room, kubectl: Kubectl) -> None:
    """Within the limits, nothing is said."""
    image = room.shelf.noise(TINY)
    room.policy(limits={"pullSize": {"warn": "30k", "deny": "300k"}})

    made = kubectl.attempt("create", "-f", "-", stdin=json.dumps(room.workload(image)))

    assert (made.returncode, made.stderr) == (0, "")


def test_mode_warn_admits_what_is_denied(room: Room, kubectl: Kubectl) -> None:
    """A violation of a policy that warns is admitted, and said."""
    image = room.shelf.noise(FAT)
    policy = room.policy(limits={"pullSize": {"deny": "300k"}}, mode="Warn")

    made = kubectl.attempt("create", "-f", "-", stdin=json.dumps(room.workload(image)))

    assert made.returncode == 0
    assert f"limit 293 KiB [policy {policy}, pullSize]" in made.stderr


def test_a_dry_run_is_judged_and_leaves_nothing(
    room: Room, kubectl: Kubectl, controller: Program
) -> None:
    """A server-side dry run is denied or warned of as the real thing; nothing is written."""
    fat, semi = room.shelf.noise(FAT, repository="fat"), room.shelf.noise(SMALL)
    room.policy(limits={"pullSize": {"warn": "30k", "deny": "300k"}})
    dry = ("create", "--dry-run=server", "-f", "-")

    refused = kubectl.attempt(*dry, stdin=json.dumps(room.workload(fat)))
    warned = kubectl.attempt(*dry, stdin=json.dumps(room.workload(semi)))

    assert "denied the request: slimgate: " in refused.stderr
    assert warned.stdout.strip() == "deployment.apps/web created (server dry run)"
    assert warned.stderr.startswith("Warning: slimgate: ")
    # The controller has caught up with all that came before once it has judged one more.
    room.await_verdict(room.deploy(room.shelf.noise(TINY, tag="v2"), name="later"), "allow")
    assert [d["metadata"]["name"] for d in room.api.list("Deployment", room.namespace)] == ["later"]
    assert (
        room.api.list("Event", room.namespace, {"fieldSelector": "reportingController=slimgate"})
        == []
    )
    assert controller.runs()


def test_audit_says_nothing_and_records(room: Room, kubectl: Kubectl, controller: Program) -> None:
    """In mode Audit kubectl prints nothing; annotations, Event and status tell the truth."""
    image = room.shelf.noise(FAT)
    policy = room.policy(limits={"pullSize": {"deny": "300k"}}, mode="Audit")

    made = kubectl.attempt(
        "create", "-f", "-", "-o", "json", stdin=json.dumps(room.workload(image))
    )

    assert (made.returncode, made.stderr) == (0, "")
    deployment = json.loads(made.stdout)
    summary = room.await_verdict(deployment, "deny")
    assert summary == "main: pulls 391 KiB (linux/amd64), limit 293 KiB"
    (event,) = room.events(deployment)
    assert (event["type"], event["reason"]) == ("Warning", "SlimPolicyViolation")
    assert event["note"] == (
        f'container "main": {image} pulls 391 KiB (linux/amd64), limit 293 KiB '
        f"[policy {policy}, pullSize]. {way_text(ways.LARGE_IMAGE, DOCS)}. {EXEMPT}"
    )
    assert controller.runs()
