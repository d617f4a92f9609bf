"""`slimgate check` as installed, offline: real layouts and archives, every output, exit codes."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.cli.make import POLICY, PROGRAM, here, write
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
        (["deploy/web.yaml", MAP.format("none")], 3),
        (["-f", "deploy", "-f", "deploy/web.yaml", MAP.format("slim")], 0),
    ],
    ids=["within", "denied", "OCI archive", "docker archive", "not looked up", "-f"],
)
def test_exit_codes(folder: Path, arguments: list[str], expected: int) -> None:
    """0 is within policy, 1 denied, 3 not looked up; nothing is on standard error."""
    done = here("check", "--policy", "policy.yaml", *arguments, cwd=folder)

    assert (done.returncode, done.stderr) == (expected, "")
    assert done.stdout.splitlines()[-1].startswith("1 workload, 2 images")


def test_table(folder: Path) -> None:
    """A denial is complete: image, line, value, limit, policy, the way out, the policy's words."""
    done = here("check", "deploy", "--policy", "policy.yaml", MAP.format("fat"), cwd=folder)
    lines = done.stdout.splitlines()

    assert [line.split()[0] for line in lines[:3]] == ["EFFECT", "deny", "allow"]
    assert lines[4].startswith(
        'deploy/web.yaml:9: deny: container "web": registry.example.com/shop/web:1.2 unpacks to '
    )
    assert "(measured, linux/amd64), limit 100 KiB [policy default, unpackedSize]" in lines[4]
    assert lines[-2] == "policy default: see https://wiki.example.com/slim"
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("output", ["wide", "json", "yaml", "sarif", "github", "junit"])
def test_outputs(folder: Path, output: str) -> None:
    """Every form comes whole on standard output, and has the table's exit status."""
    arguments = ["deploy", "--policy", "policy.yaml", MAP.format("fat"), "-o", output]
    done = here("check", *arguments, cwd=folder)

    assert (done.returncode, done.stderr) == (1, "")
    assert {
        "wide": "UNPACKED",
        "json": '"status": 1',
        "yaml": "status: 1\n",
        "sarif": '"startLine": 9',
        "github": "::error file=deploy/web.yaml,line=9,",
        "junit": 'failures="1"',
    }[output] in done.stdout


def test_reports(folder: Path) -> None:
    """Files with other forms are written beside what is printed, with the same content."""
    arguments = ["deploy", "--policy", "policy.yaml", MAP.format("fat")]
    files = [
        "--report=sarif=a.sarif",
        "--report=junit=b=c.xml",
        "--report=json=a.json",
        "--report=yaml=a.yaml",
    ]
    done = here("check", *arguments, *files, "-o", "json", cwd=folder)

    assert (done.returncode, done.stderr) == (1, "")
    assert (folder / "a.json").read_text() == done.stdout
    assert yaml.safe_load((folder / "a.yaml").read_text()) == json.loads(done.stdout)
    assert '"startLine": 9' in (folder / "a.sarif").read_text()
    assert 'failures="1"' in (folder / "b=c.xml").read_text()


def test_standard_input(folder: Path) -> None:
    """What Helm and Kustomize write is read from standard input, under a name of one's choice."""
    arguments = ["-f", "-", "--policy", "policy.yaml", MAP.format("fat"), "-o", "json"]
    stream = f"---\n# Source: shop/web.yaml\n{WEB}---\n---\napiVersion: v1\nkind: Service\n"
    done = here("check", *arguments, "--stdin-name=charts/shop", cwd=folder, stdin=stream)
    (workload,) = json.loads(done.stdout)["workloads"]

    assert (workload["file"], workload["line"], workload["findings"][0]["line"]) == (
        "charts/shop", 3, 11
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["deploy"], "nothing to check against: give --policy FILE, --cluster, or limits such as"),
        (["--policy", "policy.yaml"], "name what to check: a manifest, a folder of manifests, -"),
        (["nope.yaml", "--policy", "policy.yaml"], "nope.yaml: there is no such file or folder"),
        (["deploy", "--policy", "nope.yaml"], "nope.yaml: there is no such file or folder"),
        (["deploy", "--policy", "bad.yaml"], "bad.yaml:6: SlimPolicy default: spec.limits.pul"),
        (["broken.yaml", "--policy", "policy.yaml"], "broken.yaml:2: it is not YAML: "),
        (["-", "--policy", "policy.yaml"], "<stdin>: it is empty: did the command before fail?"),
        (
            ["https://example.com/x.yaml", "--policy", "policy.yaml"],
            "https://example.com/x.yaml is a URL: write an image without https://, and pipe a man",
        ),
        (
            ["-f", "https://example.com/x.yaml", "--policy", "policy.yaml"],
            "https://example.com/x.yaml: slimgate does not fetch URLs: curl -fsSL URL",
        ),
        (
            ["depoly", "--policy", "policy.yaml"],
            "depoly: there is no such file or folder; if it is an image, write its tag too, as",
        ),
        (["", "--policy", "policy.yaml"], "'': there is no such file or folder, and the"),
        (
            ["deploy", "--cluster", "--kubeconfig", "deploy"],
            "there is no kubeconfig at deploy, which is a folder",
        ),
        (
            ["podman://x", "--max-pull", "1Mi"],
            "podman://x: there is no such file or folder, and 'podman://x' names no image: slim",
        ),
        (["oci://build", "--max-pull", "1Mi"], "oci://build is a URL"),
        (["A:B:C", "--policy", "policy.yaml"], "A:B:C: there is no such file or folder, and 'A"),
        (
            ["build.tar", "--policy", "policy.yaml"],
            "build.tar: it is an archive: write docker-archive:build.tar or oci-archive:build.tar",
        ),
        (["/dev/null", "--policy", "policy.yaml"], "/dev/null: it is a device, not a file"),
        (["oci:build:slim", "--max-pull", "big"], "--max-pull: 'big' is not a quantity"),
        (["oci:build:slim", "--max-layers", "0"], "--max-layers: must be a whole number from 1"),
        (["deploy", "--cluster", "--kubeconfig", "/nowhere"], "there is no kubeconfig at /nowhere"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage(folder: Path, arguments: list[str], expected: str) -> None:
    """Everything that a user can put right is one line on standard error, and exit status 2."""
    assert _complaint(folder, *arguments).startswith(expected)


def _complaint(folder: Path, *arguments: str) -> str:
    """Return the one line that a call of wrong usage is answered with."""
    write(folder, bad_yaml=POLICY.replace("pullSize", "pullSise"), broken_yaml="a: b\nc: d: e\n")
    done = here("check", *arguments, cwd=folder)
    (line,) = done.stderr.splitlines()

    assert (done.returncode, done.stdout) == (2, "")
    assert line.startswith("error: ")
    return line.removeprefix("error: ")


READ = [
    (["deploy", "--policy=policy.yaml", "--report=json=./policy.yaml"], "./policy.yaml"),
    (["bad.yaml", "--policy=policy.yaml", "--report=sarif=bad.yaml"], "bad.yaml"),
    (["deploy", "--policy=policy.yaml", "--report=sarif=deploy/web.yaml"], "deploy/web.yaml"),
    (["deploy", "--policy=policy.yaml", "--report=junit=hard.yaml"], "hard.yaml"),
    (["deploy", "--policy=policy.yaml", "--report=junit=soft.yaml"], "soft.yaml"),
    (["deploy", "--policy=.", "--report=json=bad.yaml"], "bad.yaml"),
    (["oci:build:slim", "--max-pull=1Mi", "--report=json=build/index.json"], "build/index.json"),
    (
        ["a:1", "--max-pull=1Mi", "--map=a:1=oci:build:slim", "--report=json=build/index.json"],
        "build/index.json",
    ),
    (["deploy", "--cluster", "--kubeconfig=bad.yaml", "--report=json=bad.yaml"], "bad.yaml"),
]


@pytest.mark.parametrize(("arguments", "name"), READ, ids=str)
def test_reports_over_what_is_read(folder: Path, arguments: list[str], name: str) -> None:
    """No report is written over a file that the run reads, whatever it is called there."""
    (folder / "hard.yaml").hardlink_to(folder / "deploy/web.yaml")
    (folder / "soft.yaml").symlink_to("deploy/web.yaml")

    expected = f"--report {name}: it is read, and would be overwritten: name another"
    assert _complaint(folder, *arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-o", "text"], "-o takes table, wide, json, yaml, sarif, github or junit, not 'text'"),
        (["-o", "sarf"], "-o takes table, wide, json, yaml, sarif, github or junit, not 'sarf': "),
        (["--source", "podman"], "--source takes registry or docker, not 'podman'"),
        (["--timeout", "x"], "--timeout: 'x' is not a duration"),
        (["--nope"], "no such option: --nope; see slimgate check --help"),
        (["--platform", "x"], "'x' is not a platform: write"),
        (["--map", "x"], "--map 'x': write REF=SOURCE"),
        (["--timeout", "-1"], "--timeout: '-1' is not a dura"),
        (["--report=text=x"], "--report takes json, yaml, sarif, github or junit, not 'text'"),
        (["--report=sarif"], "--report 'sarif': write FORM=FILE, as in junit=slimgate.xml"),
        (["--report=json=-"], "--report json=-: name a file; -o json prints it"),
        (["--report=json=a", "--report=yaml=./a"], "--report ./a: two reports can't go to one fi"),
        (
            ["--fail-on", "warn,denny"],
            "--fail-on takes warn, deny or unknown, not 'denny': did you",
        ),
        (["--context", "x"], "--kubeconfig and --context are for --cluster: add it, or drop them"),
        (["-n", "Bad Name"], "--namespace 'Bad Name' is not the name of a namespace"),
    ],
)
def test_wrong_values(folder: Path, arguments: list[str], expected: str) -> None:
    """A value that an option does not know is one line that says which it knows."""
    complaint = _complaint(folder, "deploy", "--policy", "policy.yaml", *arguments)

    assert complaint.startswith(expected)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--max-unpacked=3Mi"], 0),
        (["--max-unpacked=100Ki"], 1),
        (["--max-layers=1", "--max-pull=1Mi"], 0),
        (["--max-tier=Scratch"], 0),
    ],
)
def test_images(folder: Path, options: list[str], expected: int) -> None:
    """Images are judged without a manifest or a policy, by limits on the command line."""
    done = here("check", "oci:build:fat", "oci-archive:build.tar:slim", *options, cwd=folder)
    rows = [line.split()[:2] for line in done.stdout.splitlines()[1:3]]

    assert (done.returncode, done.stderr) == (expected, "")
    assert rows == [
        ["deny" if expected else "allow", "oci:build:fat"],
        ["allow", "oci-archive:build.tar:slim"],
    ]


def test_images_by_a_policy(folder: Path) -> None:
    """Images may be judged by policies, beside manifests, and manifests by limits too."""
    arguments = ["deploy", "oci:build:fat", "--policy=policy.yaml", MAP.format("slim")]
    done = here("check", *arguments, "--max-layers=1", "-o=json", cwd=folder)
    found = json.loads(done.stdout)

    assert done.returncode == 1
    assert [(one["file"], one["effect"], one["policies"]) for one in found["workloads"]] == [
        ("deploy/web.yaml", "allow", ["default", "flags"]),
        (None, "deny", ["default", "flags"]),
    ]


def test_sizes_that_are_not_known_do_not_pass(folder: Path) -> None:
    """A limit on the command line that can't be held against the image is no pass."""
    done = here("check", "docker-archive:saved.tar", "--max-pull=1Gi", cwd=folder)

    assert done.returncode == 3
    assert done.stdout.splitlines()[1].split()[:2] == ["unknown", "docker-archive:saved.tar"]


def test_names_of_files_and_images(folder: Path) -> None:
    """What exists is a file or folder, and what does not is an image, which is said if it fails."""
    done = here("check", "registry.invalid/x", "deploy/web.yaml", "--max-pull=1Gi", cwd=folder)
    lines = done.stdout.splitlines()

    assert done.returncode == 3
    assert "note: registry.invalid/x: there is no file or folder of that name either" in lines


def test_reports_that_cannot_be_written(folder: Path) -> None:
    """A file that can't be written is said at once, and the verdict is printed all the same."""
    for image, expected in (("slim", 2), ("fat", 1), ("none", 3)):
        arguments = ["deploy", "--policy=policy.yaml", MAP.format(image)]
        done = here("check", *arguments, "--report=json=no/x", cwd=folder)

        assert done.returncode == expected
        assert done.stderr == "error: --report no/x: No such file or directory\n"
        assert done.stdout.splitlines()[-1].startswith("1 workload, 2 images")


@pytest.mark.parametrize(
    ("output", "expected"),
    [("json", '"status": 2'), ("yaml", "status: 2"), ("junit", 'errors="1"'),
     ("sarif", '"exitCode": 2'), ("github", "::error file=nope.yaml,")],
)  # fmt: skip
def test_errors_leave_documents(folder: Path, output: str, expected: str) -> None:
    """Where a form for programs was asked for, an error of the input comes in that form too."""
    file = folder / "report"
    arguments = ["nope.yaml", "--policy=policy.yaml", "-o", output, f"--report={output}=report"]
    done = here("check", *arguments, cwd=folder)

    assert (done.returncode, done.stdout) == (2, file.read_text())
    assert done.stderr == "error: nope.yaml: there is no such file or folder\n"
    assert expected in done.stdout


@pytest.mark.parametrize("option", ["--namespace=Bad Name", "--fail-on=wran", "--max-tier=slimm"])
def test_wrong_values_leave_documents(folder: Path, option: str) -> None:
    """So does a wrong value of an option."""
    done = here("check", "deploy", "--policy=policy.yaml", option, "-o=json", cwd=folder)
    (error,) = json.loads(done.stdout)["errors"]

    assert (done.returncode, done.stderr) == (2, f"error: {error['message']}\n")


def test_a_shells_pipe(folder: Path) -> None:
    """What a shell's <(…) gives is read, also once its writer has gone."""
    program = f"sleep 0.1; {PROGRAM} check <(cat deploy/web.yaml) --policy=<(cat policy.yaml)"
    command = ["bash", "-c", f"{program} {MAP.format('fat')}"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )

    assert (done.returncode, done.stderr) == (1, "")


def test_several_faults(folder: Path) -> None:
    """Of several files with faults each is a line."""
    write(folder, a_yaml="a: b: c", b_yaml="a: b: c")
    done = here("check", "a.yaml", "b.yaml", "--policy", "policy.yaml", cwd=folder)

    assert [line.split(":")[:2] for line in done.stderr.splitlines()] == [
        ["error", " a.yaml"],
        ["error", " b.yaml"],
    ]


def test_unreachable_registry(folder: Path) -> None:
    """A registry that can't be reached is told in the report, in one line, with exit status 3."""
    web = WEB.replace("registry.example.com", "registry.invalid")
    write(folder, deploy_web_yaml=web)
    done = here("check", "deploy", "--policy", "policy.yaml", cwd=folder)

    assert (done.returncode, done.stderr) == (3, "")
    assert "registry.invalid can't be reached" in done.stdout.splitlines()[4]


def test_the_page_of_the_company(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every form leads to the page that a setting names, and to no other."""
    monkeypatch.setenv("SLIMGATE_DOCS_URL", "https://wiki.example.com/slim?id=1")
    said = {
        form: here(
            "check", "deploy", "--policy=policy.yaml", MAP.format("fat"), "-o", form, cwd=folder
        ).stdout
        for form in ("table", "json", "sarif", "github")
    }
    (rules,) = ([*one["tool"]["driver"]["rules"]] for one in json.loads(said["sarif"])["runs"])

    for form, text in said.items():
        assert "(https://wiki.example.com/slim?id=1#large-" in text, form
        assert "slimgate.dev" not in text.replace("slimgate.dev/v1alpha1", ""), form
    assert {rule["helpUri"].partition("#")[0] for rule in rules} == {
        "https://wiki.example.com/slim?id=1"
    }


def test_settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that can't be used is one line as well."""
    monkeypatch.setenv("SLIMGATE_HTTP_PORT", "http")
    done = here("check", "deploy", "--policy", "policy.yaml", cwd=folder)

    assert done.returncode == 2
    assert done.stderr.startswith("error: SLIMGATE_HTTP_PORT: must be a port from 1 to 65535, not")
