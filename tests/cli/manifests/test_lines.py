"""The lines of fields, by the paths that error messages name."""

import pytest

from slimgate.cli.manifests.lines import field_line
from slimgate.cli.manifests.read import read_documents

TEXT = """\
kind: SlimPolicy
spec:
  limits:
    pullSize:
      warn: 1Mi
  bases:
    known:
      - reference: a
      - reference: b
        tier: odd
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("kind", 1),
        ("spec", 2),
        ("spec.limits.pullSize.warn", 5),
        ("spec.limits.pullSize.deny", 4),
        ("spec.bases.known[1].tier", 10),
        ("spec.bases.known[7].tier", 7),
        ("metadata.name", None),
        ("", None),
    ],
)
def test_field_lines(path: str, expected: int | None) -> None:
    """A field has the line of its key, a missing one that of the last step that is there."""
    (document,) = read_documents(TEXT, "f.yaml")

    assert field_line(document.content, path) == expected


def test_plain_objects() -> None:
    """Objects that no file holds have no lines."""
    assert field_line({"spec": {"a": 1}}, "spec.a") is None
