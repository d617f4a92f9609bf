"""Workflow commands, escaped as the runner's own toolkit escapes them."""

from slimgate.cli.check.reports.github import report_github
from tests.cli.check.reports.cases import BROKEN, EVIL, GONE, REMEDY, TOOLCHAIN, report_of


async def test_commands() -> None:
    """Errors come first, each at the line of its image; denials and failed look-ups are errors."""
    lines = report_github(await report_of(notes=("a note",))).splitlines()
    heads = [line.split("::")[1] for line in lines if line.startswith("::")]

    assert heads == [
        "error file=deploy/web.yaml,line=6,title=slimgate%3A deny",
        "error file=deploy/web.yaml,line=7,title=slimgate%3A unknown",
        "error file=deploy/web.yaml,line=1,title=slimgate%3A unknown",
        "warning file=deploy/web.yaml,line=14,title=slimgate%3A warn",
        "notice file=deploy/web.yaml,line=6,title=slimgate%3A audit",
        "notice title=slimgate",
    ]
    assert lines[0].split("::")[2].startswith('container "web": shop:fat pulls 120 MiB')
    assert lines[0].endswith(f"; it still contains go. {TOOLCHAIN}")
    assert lines[1].endswith(f"there is no such image. {GONE}")
    assert lines[-3:] == [
        REMEDY,
        "policy default: see https://wiki.example.com/100%",
        "4 workloads, 3 images (1 not looked up): 1 denied, 1 warned, 2 within policy",
    ]


async def test_escapes() -> None:
    """No text can end its command or start another, nor can a file's name."""
    files = {"a:b,c\n::set-env::%.yaml": EVIL.replace("\\uffff", "")}
    shown = report_github(await report_of(files, notes=("100%\nx",)))
    lines = shown.splitlines()

    assert "::notice title=slimgate::100%25\\nx" in lines
    assert all(line.isprintable() for line in lines)
    assert all(
        "file=a%3Ab%2Cc\\n%3A%3Aset-env%3A%3A%25.yaml," in ln for ln in lines if "line" in ln
    )
    assert not any(line.startswith("::set-env") for line in lines)


async def test_images() -> None:
    """Images that the command line names have no place."""
    lines = report_github(await report_of({}, images=["shop:fat"])).splitlines()

    assert lines[0].startswith("::error title=slimgate%3A deny::shop:fat pulls 120 MiB")


def test_errors() -> None:
    """Where nothing was judged, each reason is an error at its place."""
    assert report_github(BROKEN).splitlines() == [
        "::error file=a%25.yaml,line=2,title=slimgate::it is not YAML: ]]>\\x1b",
        "::error file=b,title=slimgate::it is empty",
        "nothing was judged",
    ]
