"""A whole run: what the options must say, the notes, and a cluster's part in it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slimgate.cli.check.flags import Flags
from slimgate.cli.check.reports.report import Report
from slimgate.cli.check.request import CheckRequest
from slimgate.cli.check.run import run
from slimgate.core.errors import SettingsError, SlimgateError
from slimgate.core.images.facts import Platform
from slimgate.core.workloads.workload import ImageUse, Role, Workload
from tests.cli.clusters import Cluster
from tests.cli.facts import FAT, SOYA, inspection
from tests.cli.make import POLICY, SEEN, WEB, Known, check, outside, write

TEAM = POLICY.replace("spec:", "spec:\n  match: {namespaceSelector: {matchLabels: {team: a}}}")
NAMESPACE = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: a}}\n"
GOLDEN = """\
---
apiVersion: slimgate.dev/v1alpha1
kind: BaseImage
metadata: {name: golden}
spec: {references: ["golden:1"]}
"""
EXCUSE = """\
---
apiVersion: slimgate.dev/v1alpha1
kind: SlimException
metadata: {name: e}
spec: {reason: x, expirationTime: "2999-01-31T00:00:00Z", policyRefs: [default]}
"""
GROWTH = POLICY.replace("pullSize: {deny: 100Mi}", "growth: {deny: 50%}")


def _policy(name: str = "default", mode: str = "Enforce", **limits: object) -> dict[str, Any]:
    return {
        "apiVersion": "slimgate.dev/v1alpha1",
        "kind": "SlimPolicy",
        "metadata": {"name": name},
        "spec": {"mode": mode, "limits": limits or {"pullSize": {"deny": "100Mi"}}},
    }


def _running(
    reference: str, name: str = "web", volume: str | None = None, side: str | None = None
) -> Workload:
    uses = [ImageUse(role=Role.CONTAINER, name="web", reference=reference)]
    if volume is not None:
        uses.append(ImageUse(role=Role.VOLUME, name="web", reference=volume))
    if side is not None:
        uses.append(ImageUse(role=Role.CONTAINER, name="side", reference=side))
    return Workload(group="apps", kind="Deployment", namespace="shop", name=name, images=(*uses,))


async def _run(
    folder: Path, cluster: Cluster, known: Known | None = None, manifests: str = WEB, **more: Any
) -> Report:
    write(folder, deploy_yaml=manifests)
    request = CheckRequest(files=[str(folder / "deploy.yaml")], cluster=True, **more)
    return await run(request, outside(known or Known(), view=cluster))


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (CheckRequest(), "name what to check"),
        (
            CheckRequest(files=["a"]),
            "nothing to check against: give --policy FILE, --cluster, or limits",
        ),
        (
            CheckRequest(files=["a"], policies=["b"], cluster=True),
            "--policy and --cluster can't be used together",
        ),
        (CheckRequest(files=["-"], policies=["-"]), "standard input can be read only once"),
        (
            CheckRequest(targets=["-"], files=["-"], cluster=True),
            "standard input can be read only once",
        ),
        (
            CheckRequest(files=["a"], policies=["b"], clusters=["staging"]),
            "--kubeconfig and --context are for --cluster",
        ),
        (CheckRequest(files=["a"], flags=Flags(pull="x")), "--max-pull: 'x' is not a quantity"),
    ],
)
def test_usage(wrong: CheckRequest, expected: str) -> None:
    """Requests that contradict themselves are refused before anything is read."""
    with pytest.raises(SettingsError, match=expected):
        wrong.check()


KINDLESS = (
    "{{}}/policy.yaml:5: SlimPolicy default: spec.match.resources: there is no kind {} with a pod "
    "template in {}. Did you mean apps/Deployment?"
)


def _matching(match: str) -> str:
    return POLICY.replace("spec:", f"spec:\n  match: {{{match}}}")


@pytest.mark.parametrize(
    ("policies", "exceptions", "expected"),
    [
        (
            "a: 1",
            "",
            "--policy {}/policy.yaml: it holds no SlimPolicy, which has apiVersion: slimgate.dev",
        ),
        (POLICY, "a: 1", "--exceptions {}/except.yaml: it holds no SlimException"),
        (POLICY.replace("100Mi", "big"), "", "{}/policy.yaml:6: SlimPolicy default: spec.limits."),
        (
            _matching("resources: [{apiGroup: apps, kind: Deploymnt}]"),
            "",
            KINDLESS.format("Deploymnt", "apps"),
        ),
        (
            _matching("resources: [{apiGroup: batch, kind: Deployment}]"),
            "",
            KINDLESS.format("Deployment", "batch"),
        ),
        (
            _matching("kinds: [deployment]"),
            "",
            "{}/policy.yaml:5: SlimPolicy default: spec.match.kinds: is not a field. Did you mean",
        ),
    ],
)
async def test_files_that_rule_nothing(
    tmp_path: Path, policies: str, exceptions: str, expected: str
) -> None:
    """A file of rules without any is a mistake, and one with a fault is named by its line."""
    write(tmp_path, except_yaml=exceptions)
    more = [str(tmp_path / "except.yaml")] if exceptions else []
    with pytest.raises(SlimgateError) as caught:
        await check(tmp_path, policies=policies, exceptions=more)

    assert str(caught.value).startswith(expected.format(tmp_path))


@pytest.mark.parametrize(
    ("manifests", "policies", "expected"),
    [
        (WEB, POLICY, []),
        (
            "a: 1\n---\n" + WEB,
            POLICY,
            ["skipped documents that are not Kubernetes objects, in {}/deploy.yaml"],
        ),
        ("apiVersion: v1\nkind: Service\n", POLICY, ["there is no workload in these files"]),
        (
            WEB,
            _matching("namespaces: {include: [team]}"),
            ["no policy applies to any of these workloads: is --namespace right?"],
        ),
        (
            WEB + "---\n" + POLICY,
            POLICY,
            ["SlimPolicy default in {}/deploy.yaml is not applied: name its file by --policy too"],
        ),
        (
            WEB + GOLDEN,
            POLICY,
            ["BaseImage golden in {}/deploy.yaml is not applied: name its file by --policy too"],
        ),
        (
            WEB,
            POLICY + EXCUSE,
            [
                (
                    "SlimException e in {}/policy.yaml names no namespace, and is taken to be in "
                    "default: write the one that it excuses into it, or set --namespace"
                )
            ],
        ),
        (WEB + NAMESPACE, TEAM, []),
        (WEB, TEAM + NAMESPACE, []),
        (
            WEB,
            GROWTH,
            [
                (
                    "policy default limits growth, which only --cluster can judge: "
                    "it is compared with what runs"
                )
            ],
        ),
    ],
    ids=range(10),
)
async def test_notes(tmp_path: Path, manifests: str, policies: str, expected: list[str]) -> None:
    """What was left out is said, and nothing else."""
    report = await check(tmp_path, manifests, policies)

    assert report.notes == [note.format(tmp_path) for note in expected]


async def test_one_folder_for_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy among the manifests is no matter of note if it is applied anyway."""
    write(tmp_path, deploy_yaml=WEB, policy_yaml=POLICY)
    monkeypatch.chdir(tmp_path)
    report = await run(CheckRequest(files=["."], policies=["./policy.yaml"]), outside(Known()))

    assert (report.status, report.notes) == (1, [])


async def test_labels_that_are_not_known(tmp_path: Path) -> None:
    """A policy that asks for a namespace's labels is left out where they are not known."""
    report = await check(tmp_path, policies=TEAM)

    assert report.status == 0
    assert report.notes[0] == (
        "policy default chooses namespaces by label, and the labels of shop are unknown, "
        "so it takes them to have none: add the Namespace to the files, or use --cluster"
    )


async def test_unused_maps(tmp_path: Path) -> None:
    """A map that no workload asked for is said, and one that replaces an image is used."""
    known = Known({**SEEN, "oci:build:1": inspection("oci:build:1", SOYA)})
    maps = ["shop:fat=oci:build:1", "shop:fet=oci:build:1"]
    report = await check(tmp_path, known=known, maps=maps)

    assert report.status == 0
    assert report.notes == ["--map shop:fet: no workload has this image"]


async def test_by_the_cluster(tmp_path: Path) -> None:
    """A cluster gives policies, labels and platforms; what it can't use itself is said."""
    wanted = _policy()
    wanted["spec"]["match"] = {"namespaceSelector": {"matchLabels": {"team": "a"}}}
    cluster = Cluster(
        policy_objects=[wanted, _policy("broken", "Sometimes")],
        exception_objects=[{"kind": "SlimException", "metadata": {"name": "e"}, "spec": {}}],
        labels={"shop": {"team": "a"}},
        node_platforms=(Platform("linux", "arm64"),),
    )
    known = Known()
    report = await _run(tmp_path, cluster, known)

    assert report.status == 1
    assert {platforms for _, platforms, _ in known.asked} == {(Platform("linux", "arm64"),)}
    assert cluster.listed == [
        "policies", "exceptions", "namespaces", "platforms", "deployment shop/web"
    ]  # fmt: skip
    assert report.notes == [
        (
            "SlimPolicy broken of the cluster is not applied: "
            "spec.mode: must be one of Enforce, Warn, Audit."
        ),
        (
            "SlimException e of the cluster is not applied: "
            "spec.policyRefs: is required: name the policies."
        ),
    ]


async def test_base_images_of_the_cluster(tmp_path: Path) -> None:
    """They are read where a policy is about bases; one that can't be used is named."""
    wanted = {**_policy(), "spec": {"mode": "Enforce", "bases": {"allow": ["golden"]}}}
    golden = {"references": ["golden:1"], "tier": "Minimal"}
    cluster = Cluster(
        policy_objects=[wanted],
        base_image_objects=[
            {"kind": "BaseImage", "metadata": {"name": "golden"}, "spec": golden},
            {"kind": "BaseImage", "metadata": {"name": "odd"}, "spec": {}},
        ],
    )
    report = await _run(tmp_path, cluster)

    assert report.notes == [
        (
            "BaseImage odd of the cluster is not applied: "
            "spec.references: must be 1 to 32 references."
        ),
        "the base docker.io/library/golden:1 of a BaseImage: there is no such image",
    ]


async def test_platforms_of_the_user(tmp_path: Path) -> None:
    """Platforms that the user names count more than the nodes'."""
    cluster = Cluster(policy_objects=[_policy()], node_platforms=(Platform("linux", "arm64"),))
    known = Known()
    await _run(tmp_path, cluster, known, platforms=["all"])

    assert {platforms for _, platforms, _ in known.asked} == {()}
    assert cluster.listed == ["policies", "exceptions", "deployment shop/web"]


@pytest.mark.parametrize(
    ("running", "expected"),
    [
        ([_running("shop:soya")], 1),
        ([_running("shop:fat")], 0),
        ([_running("shop:soya", "other")], 0),
        ([], 0),
        ([_running("shop:soya", volume="shop:fat")], 1),
        ([_running("shop:fat", volume="shop:soya")], 0),
    ],
    ids=["grown", "the same", "another workload", "new", "above a volume", "below a volume"],
)
async def test_growth(tmp_path: Path, running: list[Workload], expected: int) -> None:
    """Growth is measured against what the same workload runs in the cluster."""
    cluster = Cluster(policy_objects=[_policy(growth={"deny": "50%"})], running=running)
    report = await _run(tmp_path, cluster)

    assert report.status == expected
    assert report.notes == []
    assert [f.value for j in report.judged for f, _ in j.findings] == [1900] * expected


@pytest.mark.parametrize(
    ("running", "effect", "allowed"),
    [
        (_running("shop:fat"), "warn", True),
        (_running("shop:soya"), "deny", False),
        (_running("shop:soya", volume="shop:fat"), "deny", False),
        (replace(_running("shop:fat"), kind="StatefulSet"), "deny", False),
        (_running("shop:fat", side="shop:soya"), "audit", True),
    ],
    ids=["runs", "does not run", "is mounted", "another kind", "brings no image"],
)
async def test_what_runs(tmp_path: Path, running: Workload, effect: str, *, allowed: bool) -> None:
    """An image that the workload runs is warned of, and what brings none is not judged.

    Only what would be denied is asked for what it ran before, as the webhook does.
    """
    cluster = Cluster(policy_objects=[_policy()], running=[running])
    report = await _run(tmp_path, cluster)
    (judged,) = report.judged
    asks = not allowed and running.kind == "Deployment"

    assert cluster.listed[3:] == [
        "deployment shop/web", *["revisions of deployment shop/web"] * asks
    ]  # fmt: skip

    assert (judged.worst and judged.worst.label, judged.decision.allowed) == (effect, allowed)
    assert report.status == (0 if allowed else 1)


async def test_an_image_updates_nothing() -> None:
    """Also where a Pod is called as it is by chance, and runs it."""
    pod = replace(_running("shop:fat", name="shop"), group="", kind="Pod")
    cluster = Cluster(policy_objects=[_policy(workloadPullSize={"deny": "100Mi"})], running=[pod])
    request = CheckRequest(targets=["shop:fat"], cluster=True, namespace="shop")
    report = await run(request, outside(Known(), view=cluster))

    assert report.status == 1
    assert str(pod) not in cluster.listed


async def test_limits_of_the_run(tmp_path: Path) -> None:
    """Limits on the command line hold for what runs too."""
    cluster = Cluster(policy_objects=[_policy(layers={"deny": 9})], running=[_running("shop:fat")])
    report = await _run(tmp_path, cluster, flags=Flags(pull="100Mi"))

    assert report.status == 1


@pytest.mark.parametrize(
    ("in_file", "expected"),
    [("", 1), (NAMESPACE.replace("team: a", "team: b"), 0), (NAMESPACE.replace("team", "x"), 1)],
    ids=["not in a file", "changed", "another label"],
)
async def test_labels_of_files_and_cluster(tmp_path: Path, in_file: str, expected: int) -> None:
    """A Namespace that is applied adds to the labels that there are, or changes them."""
    wanted = _policy()
    wanted["spec"]["match"] = {"namespaceSelector": {"matchLabels": {"team": "a"}}}
    cluster = Cluster(policy_objects=[wanted], labels={"shop": {"team": "a"}})

    assert (await _run(tmp_path, cluster, manifests=WEB + in_file)).status == expected


@pytest.mark.parametrize(
    ("flags", "effects", "status"),
    [
        (Flags(tier="Builder"), [None, None], 0),
        (Flags(tier="Slim"), ["deny", None], 1),
        (Flags(pull="100Mi"), ["deny", None], 1),
        (Flags(unpacked="1Gi", layers="2"), [None, None], 0),
        (Flags(layers="1"), ["deny", None], 1),
    ],
)
async def test_images_by_flags(flags: Flags, effects: list[str | None], status: int) -> None:
    """Images are judged by limits alone, and their layers are read where a tier is limited."""
    known = Known()
    request = CheckRequest(targets=["shop:fat", "shop:soya"], flags=flags)
    report = await run(request, outside(known))

    assert [one.worst.label if one.worst else None for one in report.judged] == effects
    assert report.status == status
    assert {want.layers for _, _, want in known.asked} == {
        flags.tier is not None or flags.unpacked is not None
    }


@pytest.mark.parametrize(
    ("namespace", "expected"), [(None, "team"), ("other", "other")], ids=["the context's", "-n"]
)
async def test_namespace_of_the_cluster(
    tmp_path: Path, namespace: str | None, expected: str
) -> None:
    """What names no namespace goes to -n, else to the kubeconfig's context's, as with kubectl."""
    view = Cluster(policy_objects=[_policy()], namespace="team")
    nowhere = WEB.replace(", namespace: shop", "")
    report = await _run(
        tmp_path, view, manifests=nowhere, targets=["shop:fat"], namespace=namespace
    )

    assert [one.placed.workload.namespace for one in report.judged] == [expected, expected]


async def test_growth_is_measured_from_the_registry(tmp_path: Path) -> None:
    """A map stands for what will run, never for what runs: the same tag may have grown."""
    cluster = Cluster(
        policy_objects=[_policy(growth={"deny": "50%"})], running=[_running("shop:fat")]
    )
    known = Known(
        {
            "shop:fat": inspection("shop:fat", SOYA),
            "shop:soya": inspection("shop:soya", SOYA),
            "oci:build": inspection("oci:build", FAT),
        }
    )
    report = await _run(tmp_path, cluster, known, maps=["shop:fat=oci:build"])

    assert report.status == 1


@pytest.mark.parametrize(("maps", "status"), [([], 0), (["shop:fat=oci:build"], 1)])
async def test_what_ran_before_under_a_name(tmp_path: Path, maps: list[str], status: int) -> None:
    """It excuses no build that will run under it."""
    cluster = Cluster(
        policy_objects=[_policy()], running=[_running("shop:soya")], ran=[_running("shop:fat")]
    )
    known = Known({**SEEN, "oci:build": inspection("oci:build", FAT)})
    report = await _run(tmp_path, cluster, known, maps=maps)

    assert report.status == status


async def test_exceptions_beside_a_cluster(tmp_path: Path) -> None:
    """--exceptions adds to those of the cluster, to try one before it is there."""
    write(tmp_path, excuse_yaml=EXCUSE.replace("{name: e}", "{name: e, namespace: shop}"))
    cluster = Cluster(policy_objects=[_policy()])
    report = await _run(tmp_path, cluster, exceptions=[str(tmp_path / "excuse.yaml")])

    assert report.status == 0
