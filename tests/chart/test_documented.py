"""What documents say of `helm template` installs slimgate, and does not take it down again."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.chart.helm import ROOT, Helm, parse

_TOLD: Final = re.compile(r"helm template(?P<options>[^`|\n]*)")
_APPLIES: Final = "kubectl apply"
_HOOK: Final = "helm.sh/hook"
_NO_OPTIONS: Final = {"slimgate", "charts/slimgate", "…"}


def lines() -> Iterator[tuple[str, str]]:
    """Yield each documented command that may install slimgate: where it stands, its options."""
    texts = [ROOT / "README.md", ROOT / "charts/slimgate/values.yaml"]
    for folder in ("charts/slimgate", "docs", "examples", "manifests"):
        texts += sorted((ROOT / folder).rglob("*.md"))
    for path in texts:
        for line in path.read_text(encoding="utf-8").splitlines():
            if _APPLIES in line or "charts/slimgate" in line:
                found = _TOLD.finditer(line)
                yield from ((str(path.relative_to(ROOT)), one["options"]) for one in found)


_LINES: Final = list(lines())


def test_commands_are_found() -> None:
    """The one of manifests/, the value that is for it, and the warning."""
    files = {Path(path).name for path, _ in _LINES}

    assert {"README.md", "values.yaml"} <= files
    assert any("charts/slimgate" in options for _, options in _LINES)


@pytest.mark.parametrize(("path", "options"), _LINES, ids=[path for path, _ in _LINES])
def test_no_documented_command_renders_a_hook(helm: Helm, path: str, options: str) -> None:
    """Applied, the Job that is for an uninstall would run at once."""
    given = [one for one in shlex.split(options) if one not in _NO_OPTIONS]
    rendered = helm.render(*given)

    assert "--no-hooks" in given, path
    assert [one for one in parse(rendered) if _HOOK in one["metadata"].get("annotations", {})] == []
