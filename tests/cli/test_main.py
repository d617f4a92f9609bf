"""The program itself: quick help, exit statuses, one line for every expected error."""

import json
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from slimgate.cli.main import KUBECTL, as_kubectl, build
from slimgate.core.policies.checks import CHECKS
from tests.cli.make import PROGRAM, here

HEAVY = {
    "aiohttp", "asyncio", "backports", "cryptography", "docker", "kopf", "kubernetes",
    "prometheus_client", "requests", "rich", "slimgate.core.images.facts", "yaml",
}  # fmt: skip
COMMANDS = [
    "inspect", "check", "checks", "preview", "top", "nodes", "cleanup", "controller", "webhook",
    "config", "version",
]  # fmt: skip


def _loaded(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", f"{program}; print(sorted({HEAVY!r} & set(sys.modules)))"],
        capture_output=True, text=True, check=True, timeout=60,
        env={"PATH": "/usr/bin:/bin", "_SLIMGATE_COMPLETE": "complete_bash",
             "COMP_WORDS": "slimgate check -o s", "COMP_CWORD": "3"},
    )  # fmt: skip
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help_is_quick(arguments: list[str]) -> None:
    """Help loads none of the libraries that commands need."""
    program = (
        "import sys, os; os.environ.clear(); from slimgate.cli.main import build; "
        f"build()({arguments!r}, standalone_mode=False)"
    )

    assert _loaded(program) == "[]"


def test_completion_is_quick() -> None:
    """Completing a word loads none of them either, and knows the words of an option."""
    program = (
        "import sys; from slimgate.cli.main import build\n"
        "try: build()([], prog_name='slimgate')\n"
        "except SystemExit: pass\n"
        "0"
    )
    done = subprocess.run(
        [PROGRAM], capture_output=True, text=True, check=True, timeout=60,
        env={"PATH": "/usr/bin:/bin", "_SLIMGATE_COMPLETE": "complete_bash",
             "COMP_WORDS": "slimgate check -o s", "COMP_CWORD": "3"},
    )  # fmt: skip

    assert done.stdout.split() == ["sarif"]
    assert _loaded(program) == "[]"


def _commands(name: str = "slimgate") -> Iterator[tuple[str, TyperCommand]]:
    program = get_command(build(name))
    assert isinstance(program, TyperGroup)
    for command, found in program.commands.items():
        if isinstance(found, TyperCommand):
            yield command, found


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)], ids=" ".join)
def test_help_fits(command: list[str]) -> None:
    """Help is at most 80 columns wide, and cuts no sentence."""
    shown = here(*command, "--help").stdout

    assert max(map(len, shown.splitlines())) <= 80
    assert "..." not in shown.replace("]...", "").replace("IMAGE...", "").replace("TARGET...", "")


@pytest.mark.parametrize("name", ["inspect", "check", "checks", "preview", "top", "nodes"])
def test_help_has_examples_that_work(name: str) -> None:
    """The help of each command has examples, whose options the command has."""
    command = dict(_commands())[name]
    options = {option for parameter in command.params for option in parameter.opts}
    lines = (command.epilog or "").splitlines()

    assert lines
    for line in lines:
        assert f"slimgate {name} " in f"{line} "
        words = line.partition(f"slimgate {name}")[2].split()
        assert {word for word in words if re.match(r"-\w|--\w", word)} <= options


@pytest.mark.parametrize(
    ("name", "expected"),
    [("inspect", "IMAGE..."), ("check", "[TARGET]..."), ("preview", "POLICY"), ("top", "")],
)
def test_usage_lines(name: str, expected: str) -> None:
    """The first line of help has the arguments, and which may be repeated or left out."""
    first = here(name, "--help").stdout.splitlines()[0]

    assert first == f"Usage: slimgate {name} [OPTIONS] {expected}".rstrip()


def test_options_stand_in_sections() -> None:
    """Options of check are grouped, arguments come first, and what is left comes last."""
    sections = re.findall(r"^(\w[\w ,]*):$", here("check", "--help").stdout, re.MULTILINE)

    assert sections == [
        "Arguments", "What is judged", "What judges",
        "Limits, with or without a policy", "Images", "Output", "Cluster",
        "Other options", "Examples",
    ]  # fmt: skip


def test_a_plugin_of_kubectl() -> None:
    """As `kubectl slim` it calls itself so, and hides the operator's roles, which still run."""
    shown = here("--help", name="kubectl-slim").stdout

    assert shown.startswith("Usage: kubectl slim [OPTIONS] COMMAND")
    assert "controller" not in shown
    assert "controller" in here("--help").stdout
    assert "kubectl slim top -A" in here("top", "--help", name="kubectl-slim").stdout
    assert {command for command, found in _commands(KUBECTL) if found.hidden} == {
        "controller", "webhook", "probe"
    }  # fmt: skip


def test_checks() -> None:
    """Every check is listed with its field, what it finds and what to do, on a line and as JSON."""
    said = json.loads(here("checks", "-o", "json").stdout)
    lines = here("checks").stdout.splitlines()[1:]

    assert said["schema"] == 1
    assert [one["name"] for one in said["checks"]] == list(CHECKS)
    for line, one in zip(lines, said["checks"], strict=True):
        assert re.split(r" {2,}", line) == [
            one[key] for key in ("name", "field", "finds", "advice")
        ]


def test_version() -> None:
    """It is one line, or with what else a bug report needs, or a document."""
    said = here("version", "-o", "json")
    found = json.loads(said.stdout)
    lines = here("version").stdout.splitlines()

    assert here("--version").stdout == f"slimgate {version('slimgate')}\n"
    assert lines[0] == f"slimgate {version('slimgate')}"
    assert lines[2] == f"extras {', '.join(found['extras'])}"
    assert found == {
        "version": version("slimgate"),
        "python": platform.python_version(),
        "extras": ["cluster", "docker", "operator"],
    }


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nope"], "no such command 'nope', did you mean 'nodes'? See slimgate --help"),
        (["inspect"], "missing argument 'IMAGE'; see slimgate inspect --help"),
        (["inspect", "-o", "xml", "a"], "-o takes table, wide, json or yaml, not 'xml'"),
        (["inspect", "-o=jsn", "a"], "-o takes table, wide, json or yaml, not 'jsn': did you"),
        (["inspect", "--platform", "x", "a"], "'x' is not a platform: write os/architecture[/var"),
        (["inspect", "A B"], "'A B' is not an image reference"),
        (["top", "--timeout"], "option '--timeout' requires an argument"),
        (["top", "extra"], "got unexpected extra argument"),
        (["top", "-n", "Bad"], "--namespace 'Bad' is not the name of a namespace"),
        (["nodes", "-l", "a b"], "--selector 'a b' is not a label selector"),
        (["nodes", "--limit", "0"], "--limit takes a whole number from 1 to 999999999, not '0'"),
        (["cleanup", "--controllers", "a in ("], "--controllers 'a in (' is not a label selector"),
        (["cleanup", "--controllers", ""], "--controllers '': it chooses what has no labels, too"),
        (["cleanup", "--controllers", "!a,b!=c"], "--controllers '!a,b!=c': it chooses what has "),
        (["report", "--html", "/nowhere/x"], "--html /nowhere/x: No such file or directory"),
        (["report", "--html", "/dev"], "--html /dev: Is a directory"),
        (
            ["report", "--html", __file__, "--kubeconfig", __file__],
            f"--html {__file__}: it is read, and would be overwritten: name another",
        ),
        (["preview", "nope.yaml"], "nope.yaml: there is no such file or folder"),
        (["preview", "./nope"], "./nope: there is no such file or folder"),
        (["preview", "x", "--kubeconfig", "/nowhere"], "there is no kubeconfig at /nowhere"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage(arguments: list[str], expected: str) -> None:
    """Wrong usage exits with 2, and is one line on standard error."""
    done = here(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {expected}")
    assert len(done.stderr.splitlines()) == 1


def test_nothing_named() -> None:
    """Without a command its help is shown, and the status is that of wrong usage."""
    done = here()

    assert (done.returncode, done.stderr) == (2, "")
    assert "Images and manifests:" in done.stdout


def test_not_looked_up(tmp_path: Path) -> None:
    """An image that is not there exits with 3; the others are shown, each in its place."""
    done = here("inspect", "oci:none", "A B", "-o", "json", cwd=tmp_path)

    assert done.returncode == 3
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["error", "error"]
    assert done.stdout.splitlines()[0].startswith('{"reference": "oci:none", "error": "')


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-o=json"], ["-ojson"]),
        (["-n=a=b", "--map", "x=-y"], ["-na=b", "--map", "x=-y"]),
        (["--output=json", "-", "-=x"], ["--output=json", "-", "-=x"]),
        (["-o=json", "--", "-o=json"], ["-ojson", "--", "-o=json"]),
    ],
)
def test_short_options_with_an_equals_sign(arguments: list[str], expected: list[str]) -> None:
    """-o=json is -o json, as for kubectl, up to where options end."""
    assert as_kubectl(arguments) == expected


def test_a_reader_that_has_enough(tmp_path: Path) -> None:
    """Where the next program ends first, there is no complaint."""
    command = f"{PROGRAM} config schema | true; exit ${{PIPESTATUS[0]}}"
    for _ in range(3):
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
        )

        assert done.stderr == ""
        assert done.returncode in {0, 141}


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("{} checks >/dev/full", (2, "error: the output can't be written: No space left on")),
        ("{} checks -o json >/dev/full", (2, "error: the output can't be written: No space left")),
        ("{} config show >/dev/full", (2, "error: the output can't be written: No space left")),
        ("{} --help >/dev/full", (2, "error: the output can't be written: No space left")),
        ("{} version 1</dev/null", (2, "error: the output can't be written: Bad file descriptor")),
        ("{} checks >/dev/full 2>&1", (2, "")),
        ("{} nope 2>/dev/full", (2, "")),
        ("{} checks >&-", (0, "")),
        ("{} version >&- 2>&- <&-", (0, "")),
        ("{} nope 2>&-", (2, "")),
        ("{} check - --max-pull 1Mi <&-", (2, "error: <stdin>: it is empty")),
    ],
)
def test_streams_that_are_full_or_closed(
    command: str, expected: tuple[int, str], tmp_path: Path
) -> None:
    """Output that can't be written exits with 2, in a line; what was closed is not missed."""
    done = subprocess.run(
        ["bash", "-c", command.format(PROGRAM)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (expected[0], "")
    assert done.stderr.startswith(expected[1])
    assert len(done.stderr.splitlines()) == bool(expected[1])


def test_faults_are_no_violations(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fault of the program's own has a status that no verdict has, and asks to be reported."""
    app = typer.Typer()

    @app.command()
    def fail() -> None:
        raise ZeroDivisionError

    program = sys.modules["slimgate.cli.main"]
    monkeypatch.setattr(program, "build", lambda _: app)
    monkeypatch.setattr(sys, "argv", ["slimgate"])
    with pytest.raises(SystemExit) as caught:
        program.run()

    assert caught.value.code == 70
    assert "ZeroDivisionError" in capsys.readouterr().err
