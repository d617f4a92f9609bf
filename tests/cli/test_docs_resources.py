"""Resources in README and docs are what slimgate reads, whole ones and parts of a spec."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
import yaml

from slimgate.core.policies.base_image import parse_base_image
from slimgate.core.policies.exception_parser import parse_exception
from slimgate.core.policies.policy_parser import parse_policy

_PAGES: Final = [Path("README.md"), *sorted(Path("docs").rglob("*.md"))]
_BLOCK: Final = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_PARSERS: Final[Mapping[str, Callable[[Mapping[str, object]], object]]] = {
    "SlimPolicy": parse_policy,
    "SlimException": parse_exception,
    "BaseImage": parse_base_image,
}
_LIMIT: Final = {"limits": {"layers": {"deny": 1}}}


def _documents() -> Iterator[tuple[str, Mapping[str, object]]]:
    for page in _PAGES:
        for block in _BLOCK.findall(page.read_text(encoding="utf-8")):
            for document in yaml.safe_load_all(block):
                if isinstance(document, dict):
                    yield str(page), document


_WHOLE: Final = [pair for pair in _documents() if pair[1].get("kind") in _PARSERS]
_PARTS: Final = [pair for pair in _documents() if pair[1].keys() == {"spec"}]


@pytest.mark.parametrize(("page", "document"), _WHOLE, ids=[page for page, _ in _WHOLE])
def test_resources(page: str, document: Mapping[str, object]) -> None:
    """Whoever copies one gets no error."""
    assert page
    _PARSERS[str(document["kind"])](document)


@pytest.mark.parametrize(("page", "document"), _PARTS, ids=[page for page, _ in _PARTS])
def test_parts(page: str, document: Mapping[str, object]) -> None:
    """What shows some fields of a policy is right beside its limits."""
    spec = document["spec"]
    assert isinstance(spec, dict), page
    parse_policy({"metadata": {"name": "p"}, "spec": {**_LIMIT, **spec}})


def test_there_are_some() -> None:
    """Each kind is shown somewhere."""
    assert {document["kind"] for _, document in _WHOLE} == set(_PARSERS)
    assert _PARTS
