"""Files, facts and runs for the tests of `slimgate check`."""

import asyncio
import io
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    redirect_stderr,
    redirect_stdout,
)
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console, RenderableType

from slimgate.cli.check.reports.report import Report
from slimgate.cli.check.request import CheckRequest
from slimgate.cli.check.run import run
from slimgate.cli.main import run as main
from slimgate.cli.shared.documents import Document, json_text
from slimgate.cli.shared.outside import LocateBase, Outside
from slimgate.cli.shared.ports import ClusterView, ComparingInspector
from slimgate.core.errors import ImageError, NotFoundError
from slimgate.core.images.facts import Inspection, Platform, Wants
from slimgate.core.images.source import SourcedReference
from slimgate.engine.bases import Bases
from slimgate.engine.inspector import Inspector
from slimgate.settings import Settings
from slimgate.sources.docker_archive import HeldImages
from slimgate.sources.held import HeldSource
from slimgate.sources.once import Once
from slimgate.sources.stream import Progress
from tests.cli.facts import FAT, SOYA, inspection

PROGRAM = Path(sys.executable).with_name("slimgate")
POLICY = """\
apiVersion: slimgate.dev/v1alpha1
kind: SlimPolicy
metadata: {name: default}
spec:
  mode: Enforce
  limits: {pullSize: {deny: 100Mi}}
  message: see https://wiki.example.com/slim
"""
WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    spec:
      containers:
        - name: web
          image: shop:fat
        - name: side
          image: shop:soya
"""
SEEN = {"shop:fat": inspection("shop:fat", FAT), "shop:soya": inspection("shop:soya", SOYA)}


def no_bases() -> Bases:
    """Make the bases of a cluster whose BaseImages can't be found."""
    return Inspector(HeldSource(Once(lambda _: _fail()))).bases


def _fail() -> HeldImages:
    raise NotFoundError("there is no such image")


@dataclass
class Known:
    """An inspector that knows some references, by their sourced text, and keeps what is asked."""

    bases: Bases = field(default_factory=no_bases, kw_only=True)
    seen: Mapping[str, Inspection | ImageError] = field(default_factory=lambda: SEEN)
    asked: list[tuple[str, tuple[Platform, ...], Wants]] = field(default_factory=list)

    async def inspect(
        self,
        sourced: SourcedReference,
        *,
        platforms: tuple[Platform, ...],
        want: Wants,
        progress: Progress | None,
    ) -> Inspection:
        """Answer, or say that there is no such image."""
        assert progress is None
        await self.wait(sourced.text)
        self.asked.append((sourced.text, platforms, want))
        answer = self.seen.get(sourced.text, NotFoundError("there is no such image"))
        if isinstance(answer, ImageError):
            raise answer
        return answer

    async def wait(self, text: str) -> None:
        """Answer at once."""


class Meeting(Known):
    """Answers once so many have come at the same time; `late` never gets an answer."""

    def __init__(self, count: int, seen: Mapping[str, Inspection | ImageError]) -> None:
        super().__init__(seen)
        self.barrier = asyncio.Barrier(count)

    async def wait(self, text: str) -> None:
        """Wait for the others."""
        if text == "late":
            await asyncio.Event().wait()
        await self.barrier.wait()


def outside(
    inspector: ComparingInspector, settings: Settings | None = None, view: ClusterView | None = None
) -> Outside:
    """Make the outside of a run."""

    @asynccontextmanager
    async def inspecting(_: LocateBase) -> AsyncIterator[ComparingInspector]:
        yield inspector

    def cluster() -> AbstractAsyncContextManager[ClusterView]:
        @asynccontextmanager
        async def viewing() -> AsyncIterator[ClusterView]:
            assert view is not None
            yield view

        return viewing()

    return Outside(settings=settings or Settings(), inspector=inspecting, cluster=cluster)


def write(folder: Path, **files: str) -> Path:
    """Write files; a name's last underscore stands for its dot, each other one for a slash."""
    for name, text in files.items():
        stem, _, suffix = name.rpartition("_")
        path = folder / f"{stem.replace('_', '/')}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


async def check(
    folder: Path,
    manifests: str = WEB,
    policies: str = POLICY,
    *,
    known: Known | None = None,
    settings: Settings | None = None,
    **more: Any,
) -> Report:
    """Check manifests by policies, with whatever more is requested."""
    write(folder, deploy_yaml=manifests, policy_yaml=policies)
    files, rules = [str(folder / "deploy.yaml")], [str(folder / "policy.yaml")]
    return await run(
        CheckRequest(files=files, policies=rules, **more), outside(known or Known(), settings)
    )


def slimgate(*arguments: str, cwd: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run the real program, as installed."""
    command = [str(PROGRAM), *arguments]
    return subprocess.run(
        command, cwd=cwd, input=stdin, capture_output=True, text=True, check=False, timeout=60
    )


def here(
    *arguments: str, cwd: Path | None = None, stdin: str = "", name: str = "slimgate"
) -> subprocess.CompletedProcess[str]:
    """Run the program in this process, since another takes a second to start; roles end theirs."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2)]
    status: object = None
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(streams[0]),
        redirect_stderr(streams[1]),
    ):
        if cwd is not None:
            patch.chdir(cwd)
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        patch.setattr(sys, "argv", [name, *arguments])
        try:
            main()
        except SystemExit as end:
            status = end.code
    for stream in streams:
        stream.seek(0)
    assert isinstance(status, int)
    return subprocess.CompletedProcess(arguments, status, streams[0].read(), streams[1].read())


def printed(what: RenderableType, *, width: int = 400, terminal: bool = False) -> str:
    """Print something for people, on a wide terminal or into a file."""
    file = io.StringIO()
    console = Console(
        file=file,
        width=width,
        force_terminal=terminal,
        markup=False,
        highlight=False,
        _environ={"TERM": "xterm"},
    )
    console.print(what)
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())


def read(document: Document) -> Any:
    """Read a document as other programs get it."""
    return json.loads(json_text(document))
