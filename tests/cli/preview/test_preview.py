"""What a policy would do: found by name or file, judged as if enforced, in words and JSON."""

from dataclasses import replace
from pathlib import Path

import pytest

from slimgate.cli.preview.document import preview_document
from slimgate.cli.preview.preview import Fate, Preview
from slimgate.cli.preview.table import preview_table
from slimgate.cli.shared.documents import json_text
from slimgate.core.errors import SlimgateError
from slimgate.core.images.facts import Size
from slimgate.core.workloads.workload import Owner
from tests.cli.facts import FAT, HOSTILE_TEXT, SOYA, inspection
from tests.cli.make import POLICY, printed, read, write
from tests.cli.preview.cases import cluster, policy, preview_of, workload

BASE_IMAGE = """\
apiVersion: slimgate.dev/v1alpha1
kind: BaseImage
metadata: {name: golden}
spec: {references: [registry.example.com/golden:1], tier: Slim}
"""
BAD_BASE = BASE_IMAGE.replace("Slim", "Thin")


def _printed(found: Preview, *, wide: bool = False) -> str:
    return printed(preview_table(found, wide=wide))


def _fates(found: Preview) -> list[tuple[str, Fate]]:
    return [(entry.workload.name, entry.fate) for entry in found.foreseen]


@pytest.mark.parametrize("mode", ["Enforce", "Warn", "Audit"])
async def test_as_if_enforced(mode: str) -> None:
    """Whatever the mode is now, workloads are judged as if it were Enforce, the worst first."""
    found = await preview_of(cluster(policy(mode=mode)))

    assert _fates(found) == [
        ("fat", Fate.DENIED),
        ("gone", Fate.UNKNOWN),
        ("saved", Fate.UNKNOWN),
        ("soya", Fate.WARNED),
        ("old", Fate.WITHIN),
    ]


async def test_patience() -> None:
    """Each workload is judged within the time that one image may take."""
    there = cluster()
    await preview_of(there)

    assert there.listed.count("judged within 7 s") == len(there.running)


async def test_unknown_may_be_denied() -> None:
    """With onUnknown: Deny, what can't be judged would be denied."""
    found = await preview_of(cluster(policy(onUnknown="Deny")))

    assert _fates(found)[:3] == [
        ("fat", Fate.DENIED),
        ("gone", Fate.DENIED),
        ("saved", Fate.DENIED),
    ]


async def test_that_policy_alone() -> None:
    """Other policies have no part in it, and what it does not speak of is counted apart."""
    wanted = policy(match={"namespaces": {"include": ["team"]}})
    found = await preview_of(cluster(wanted, policy("other")))

    assert {fate for _, fate in _fates(found)} == {Fate.UNTOUCHED}
    assert _printed(found) == (
        "policy slim (in mode Audit now), as if enforced: 5 workloads, "
        "5 that it does not apply to\n"
    )


async def test_owned_workloads() -> None:
    """A Deployment speaks for its ReplicaSets, an orphan for itself."""
    owned = replace(
        workload("fat-1", "fat:1"), owner=Owner(group="apps", kind="Deployment", name="fat")
    )
    orphan = replace(
        workload("o", "fat:1"), owner=Owner(group="apps", kind="Deployment", name="gone")
    )
    found = await preview_of(cluster(running=[owned, workload("fat", "fat:1"), orphan]))

    assert _fates(found) == [("fat", Fate.DENIED), ("o", Fate.DENIED)]


async def test_from_a_file(tmp_path: Path) -> None:
    """A policy that the cluster does not have yet is tried from its file."""
    write(tmp_path, policy_yaml=POLICY)
    found = await preview_of(cluster(), str(tmp_path / "policy.yaml"))

    assert found.policy.name == "default"
    assert _fates(found)[0] == ("fat", Fate.DENIED)


async def test_bases_in_the_file(tmp_path: Path) -> None:
    """BaseImages beside the policy are judged by, too, and those that can't be used are refused."""
    write(tmp_path, policy_yaml=f"{POLICY}---\n{BASE_IMAGE}", bad_yaml=f"{POLICY}---\n{BAD_BASE}")
    there = cluster()
    await preview_of(there, str(tmp_path / "policy.yaml"))

    assert "judge by golden" in there.listed
    with pytest.raises(SlimgateError, match=r"bad.yaml:\d+: BaseImage golden: spec.tier: "):
        await preview_of(there, str(tmp_path / "bad.yaml"))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("nope", "there is no SlimPolicy nope; the cluster has broken, slim"),
        ("broken", "SlimPolicy broken can't be used: spec.mode: must be one of"),
        ("{}/none.yaml", "{}/none.yaml: there is no such file or folder"),
        ("{}/two.yaml", "{}/two.yaml: it must hold one SlimPolicy, not 2"),
        ("{}/other.yaml", "{}/other.yaml: it must hold one SlimPolicy, not 0"),
        ("{}/bad.yaml", "{}/bad.yaml:6: SlimPolicy default: spec.limits.pullSize."),
    ],
)
async def test_no_policy(tmp_path: Path, wanted: str, expected: str) -> None:
    """A name or file without a policy that can be used is told as such."""
    two = f"{POLICY}---\n{POLICY.replace('default', 'b')}"
    write(tmp_path, two_yaml=two, other_yaml="a: 1", bad_yaml=POLICY.replace("100Mi", "big"))
    with pytest.raises(SlimgateError) as caught:
        await preview_of(cluster(policy(), policy("broken", "Never")), wanted.format(tmp_path))

    assert str(caught.value).startswith(expected.format(tmp_path))


async def test_table() -> None:
    """The table has sizes and limits, why something is unknown, and counts."""
    lines = _printed(await preview_of(cluster())).splitlines()

    assert [line.split("  ")[0] for line in lines[:5]] == [
        "OUTCOME", "denied", "unknown", "unknown", "warned"
    ]  # fmt: skip
    assert lines[1].split() == [
        "denied", "deployment", "shop/fat", "container", "c:", "fat:1", "pullSize", "120", "MiB",
        "100", "MiB",
    ]  # fmt: skip
    assert lines[2].split()[-2:] == ["unknown", "-"]
    assert lines[6:] == [
        "deployment shop/gone: there is no such image",
        "deployment shop/saved: it was saved",
        "SlimExceptions excuse something in 1 of the workloads.",
        "What runs is left alone: only a new or changed image would be refused.",
        (
            "policy slim (in mode Audit now), as if enforced: 5 workloads, 1 would be denied, "
            "1 would be warned of, 2 could not be judged, 1 within policy"
        ),
    ]


async def test_wide_table() -> None:
    """The wide table has what the image is made of beside each finding."""
    lines = _printed(await preview_of(cluster()), wide=True).splitlines()

    assert lines[1].split()[-8:] == [
        "MiB", "linux/amd64", "2", "90", "MiB", "go:1.26", "(Builder,", "Proven)"
    ]  # fmt: skip
    assert lines[2].split()[-4:] == ["-"] * 4


async def test_lower_bounds() -> None:
    """A value that may be larger is shown as such, and what that leaves open beside its limit."""
    lost = replace(FAT.layers[0], pull=Size.unknown("it was saved"))
    there = cluster(running=[workload("a", "a"), workload("b", "b")])
    there.seen = {
        name: inspection(name, replace(facts, layers=(lost, *facts.layers)))
        for name, facts in (("a", FAT), ("b", SOYA))
    }
    lines = _printed(await preview_of(there)).splitlines()

    assert [line.split()[7:] for line in lines[1:4]] == [
        ["at", "least", "120", "MiB", "100", "MiB"],
        ["unknown", "100", "MiB"],
        ["at", "least", "6", "MiB", "5", "MiB"],
    ]
    assert [line.split()[0] for line in lines[1:4]] == ["denied", "unknown", "warned"]


async def test_figures_of_all_kinds() -> None:
    """Counts, tiers and bases are shown as what they are."""
    bases = {"allow": ["alpine"], "maxTier": {"warn": "Minimal", "deny": "Full"}}
    limits = {"layers": {"deny": 1}, "growth": {"deny": "10%"}, "workloadPullSize": {"deny": "1Mi"}}
    wanted = policy(mode="Enforce", limits=limits, bases=bases)
    found = await preview_of(cluster(wanted, running=[workload("fat", "fat:1")]))
    lines = _printed(found).splitlines()

    assert any(line.split()[-3:] == ["layers", "2", "1"] for line in lines)
    assert any(line.split()[-3:] == ["maxTier", "Builder", "Full"] for line in lines)
    assert any("go:1.26 (Builder, Proven)" in line for line in lines)
    together = next(line for line in lines if "all together" in line)
    assert together.split()[-5:] == ["workloadPullSize", "120", "MiB", "1", "MiB"]
    assert "Growth is not shown: it is judged when an image changes." in lines
    assert lines[-1].startswith("policy slim (enforced), as if enforced: 1 workload, ")


async def test_document() -> None:
    """The form for programs holds every workload, the worst first, with figures as numbers."""
    found = read(preview_document(await preview_of(cluster())))
    first = found["workloads"][0]

    assert (found["schema"], found["policy"], found["mode"]) == (1, "slim", "Audit")
    assert found["counts"] == {
        "denied": 1, "unknown": 2, "warned": 1, "within": 1, "untouched": 0
    }  # fmt: skip
    assert (first["name"], first["outcome"]) == ("fat", "denied")
    assert (first["findings"][0]["wouldBe"], first["findings"][0]["value"]) == (
        "denied",
        120 * 2**20,
    )
    assert found["workloads"][-1]["excused"][0]["exception"] == "shop/e"


async def test_hostile_texts() -> None:
    """Texts from images and objects are shown, not obeyed."""
    running = [workload(HOSTILE_TEXT, "evil:1", HOSTILE_TEXT, namespace=HOSTILE_TEXT)]
    found = await preview_of(cluster(running=running))

    assert all(line.isprintable() for line in _printed(found).splitlines())
    assert json_text(preview_document(found)).isascii()
