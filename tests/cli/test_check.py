"""`slimgate check` as installed, offline: real layouts and archives, every output, exit codes."""

import json
from pathlib import Path

import pytest

from tests.cli.make import POLICY, slimgate, write
from tests.sources.images import REF_NAME, add_image, config_of, set_index, tar_of, write_folder

FAT = tar_of({f"bin/{i}": bytes(range(256)) * 40 * (i + 1) for i in range(20)})
SLIM = tar_of({"app": b"x" * 100})
WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    spec:
      containers:
        - name: web
          image: registry.example.com/shop/web:1.2
        - name: side
          image: oci:build:slim
"""
LIMITS = POLICY.replace("100Mi", "1Ki").replace("pullSize", "unpackedSize").replace("1Ki", "100Ki")
MAP = "--map=registry.example.com/shop/web:1.2=oci:build:{}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a project: manifests, a policy, and what a build has left in layouts and archives."""
    layout: dict[str, bytes] = {}
    manifests = [
        add_image(layout, [tar], more={"annotations": {REF_NAME: name}})
        for name, tar in (("fat", FAT), ("slim", SLIM))
    ]
    set_index(layout, *manifests)
    write_folder(layout, tmp_path / "build")
    (tmp_path / "build.tar").write_bytes(tar_of(layout))
    saved = {
        "manifest.json": json.dumps(
            [{"Config": "c.json", "RepoTags": ["shop:slim"], "Layers": ["0.tar"]}]
        ).encode(),
        "c.json": config_of([SLIM]),
        "0.tar": SLIM,
    }
    (tmp_path / "saved.tar").write_bytes(tar_of(saved))
    return write(tmp_path, deploy_web_yaml=WEB, policy_yaml=LIMITS)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["deploy", MAP.format("slim")], 0),
        (["deploy", MAP.format("fat")], 1),
        (["deploy", "--map=registry.example.com/shop/web:1.2=oci-archive:build.tar:slim"], 0),
        (["deploy", "--map=registry.example.com/shop/web:1.2=docker-archive:saved.tar"], 0),
        (["deploy/web.yaml", MAP.format("none")], 2),
        (["-f", "deploy", "-f", "deploy/web.yaml", MAP.format("slim")], 0),
    ],
    ids=["within", "denied", "OCI archive", "docker archive", "not looked up", "-f"],
)
def test_exit_codes(folder: Path, arguments: list[str], expected: int) -> None:
    """0 is within policy, 1 denied, 2 not looked up; nothing is on standard error."""
    done = slimgate("check", "--policy", "policy.yaml", *arguments, cwd=folder)

    assert (done.returncode, done.stderr) == (expected, "")
    assert done.stdout.splitlines()[-1].startswith("1 workload, 2 images")


def test_text(folder: Path) -> None:
    """A denial is complete: image, line, value, limit, policy, the way out, the policy's words."""
    done = slimgate("check", "deploy", "--policy", "policy.yaml", MAP.format("fat"), cwd=folder)
    lines = done.stdout.splitlines()

    assert lines[:2] == ["deploy/web.yaml", "  deny     deployment shop/web"]
    assert lines[2].startswith(
        '           line 9: container "web": registry.example.com/shop/web:1.2 unpacks to '
    )
    assert "(linux/amd64), limit 100 KiB [policy default, unpackedSize]" in lines[2]
    assert lines[-2] == "policy default: see https://wiki.example.com/slim"
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("output", ["json", "sarif", "github", "junit"])
def test_outputs(folder: Path, output: str) -> None:
    """Every form comes whole on standard output, and has the text's exit status."""
    arguments = ["deploy", "--policy", "policy.yaml", MAP.format("fat"), "-o", output]
    done = slimgate("check", *arguments, cwd=folder)

    assert (done.returncode, done.stderr) == (1, "")
    assert {
        "json": '"status": 1',
        "sarif": '"startLine": 9',
        "github": "::error file=deploy/web.yaml,line=9,",
        "junit": 'failures="1"',
    }[output] in done.stdout


def test_reports(folder: Path) -> None:
    """Files with other forms are written beside what is printed, with the same content."""
    arguments = ["deploy", "--policy", "policy.yaml", MAP.format("fat")]
    files = ["--report=sarif=a.sarif", "--report=junit=b=c.xml", "--report=json=a.json"]
    done = slimgate("check", *arguments, *files, "-o", "json", cwd=folder)

    assert (done.returncode, done.stderr) == (1, "")
    assert (folder / "a.json").read_text() == done.stdout
    assert '"startLine": 9' in (folder / "a.sarif").read_text()
    assert 'failures="1"' in (folder / "b=c.xml").read_text()


def test_standard_input(folder: Path) -> None:
    """What Helm and Kustomize write is read from standard input, under a name of one's choice."""
    arguments = ["-f", "-", "--policy", "policy.yaml", MAP.format("fat"), "-o", "json"]
    stream = f"---\n# Source: shop/web.yaml\n{WEB}---\n---\napiVersion: v1\nkind: Service\n"
    done = slimgate("check", *arguments, "--stdin-name=charts/shop", cwd=folder, stdin=stream)
    (workload,) = json.loads(done.stdout)["workloads"]

    assert (workload["file"], workload["line"], workload["findings"][0]["line"]) == (
        "charts/shop", 3, 11
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["deploy"], "say what to check by: either --policy FILE or --cluster"),
        (["--policy", "policy.yaml"], "name what to check: FILE, a folder, or - for standard"),
        (["nope.yaml", "--policy", "policy.yaml"], "nope.yaml: there is no such file or folder"),
        (["deploy", "--policy", "nope.yaml"], "nope.yaml: there is no such file or folder"),
        (["deploy", "--policy", "bad.yaml"], "bad.yaml:6: SlimPolicy default: spec.limits.pul"),
        (["broken.yaml", "--policy", "policy.yaml"], "broken.yaml:2: it is not YAML: "),
        (["-", "--policy", "policy.yaml"], "<stdin>: it is empty: did the command before fail?"),
        (["deploy", "--policy", "policy.yaml", "--platform", "x"], "'x' is not a platform: write"),
        (["deploy", "--policy", "policy.yaml", "--map", "x"], "--map 'x': write REF=SOURCE"),
        (["deploy", "--policy", "policy.yaml", "--timeout", "-1"], "--timeout must be above zero"),
        (
            ["deploy", "--policy", "policy.yaml", "--report", "text=x"],
            "--report text=x: write FORM=FILE, where FORM is one of json, sarif, github, junit",
        ),
        (
            ["deploy/web.yaml", "--policy=policy.yaml", "--report=json=no/x", MAP.format("slim")],
            "--report no/x: No such file or directory",
        ),
        (
            ["deploy", "--cluster", "--kubeconfig", "/nowhere"],
            "there is no kubeconfig at /nowhere",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage(folder: Path, arguments: list[str], expected: str) -> None:
    """Everything that a user can put right is one line on standard error, and exit status 2."""
    write(folder, bad_yaml=POLICY.replace("pullSize", "pullSise"), broken_yaml="a: b\nc: d: e\n")
    done = slimgate("check", *arguments, cwd=folder)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {expected}")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["-o", "xml"], ["--source", "podman"], ["--timeout", "x"]])
def test_wrong_values(folder: Path, arguments: list[str]) -> None:
    """Values that an option does not know exit with 2, and without a traceback."""
    done = slimgate("check", "deploy", "--policy", "policy.yaml", *arguments, cwd=folder)

    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


def test_several_faults(folder: Path) -> None:
    """Of several files with faults each is a line."""
    write(folder, a_yaml="a: b: c", b_yaml="a: b: c")
    done = slimgate("check", "a.yaml", "b.yaml", "--policy", "policy.yaml", cwd=folder)

    assert [line.split(":")[:2] for line in done.stderr.splitlines()] == [
        ["error", " a.yaml"],
        ["error", " b.yaml"],
    ]


def test_unreachable_registry(folder: Path) -> None:
    """A registry that can't be reached is told in the report, in one line, with exit status 2."""
    web = WEB.replace("registry.example.com", "registry.invalid")
    write(folder, deploy_web_yaml=web)
    done = slimgate("check", "deploy", "--policy", "policy.yaml", cwd=folder)

    assert (done.returncode, done.stderr) == (2, "")
    assert "registry.invalid can't be reached" in done.stdout.splitlines()[2]


def test_settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that can't be used is one line as well."""
    monkeypatch.setenv("SLIMGATE_HTTP_PORT", "http")
    done = slimgate("check", "deploy", "--policy", "policy.yaml", cwd=folder)

    assert done.returncode == 2
    assert done.stderr.startswith("error: SLIMGATE_HTTP_PORT: must be a port from 1 to 65535, not")
