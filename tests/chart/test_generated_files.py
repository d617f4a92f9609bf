"""What is written from the chart: values.yaml is explained, README has it, a release holds it."""

import base64
import gzip
import subprocess
from pathlib import Path

import pytest

from scripts.chart.readme import ReadmeError, replaced, rights_table
from scripts.chart.rights import read_rights
from scripts.chart.schema import values_schema
from scripts.chart.values import ValuesError, read_values
from tests.chart.helm import CHART, Helm

ROLE = """\
kind: ClusterRole
metadata: {name: a}
rules:
  # Reads them | all.
  - apiGroups: [""]
    resources: [secrets]
    resourceNames: [b]
    verbs: [get]
  - apiGroups: [apps]
    resources: [deployments]
    verbs: [list]
"""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\n", "a has no sentence"),
        ("# A sentence.\na:\n  b: 1\n", "a.b has no sentence"),
        ("# No end\na: 1\n", "a has no sentence"),
        ("# About something else.\n\na: 1\n", "a has no sentence"),
        ("[]", "is not an object"),
    ],
)
def test_a_value_without_a_sentence_is_refused(text: str, says: str) -> None:
    """Nothing is installed by a value that nobody has explained."""
    with pytest.raises(ValuesError, match=says):
        read_values(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("# A list.\na: []\n", "a needs a type"),
        ("# S.\nconfig:\n  # A port.\n  httpPort: 8080\n", "config.httpPort must begin with"),
        ("# S.\nconfig:\n  # A port.\n  httpPrt: 1\n", "has no such key"),
    ],
)
def test_a_value_without_a_type_is_refused(text: str, says: str) -> None:
    """A list says of what; a setting is the configuration file's own."""
    with pytest.raises(ValuesError, match=says):
        values_schema(read_values(text))


def test_the_table_of_rights_has_names_and_reasons() -> None:
    """A rule without a comment above it has an empty reason, which another test refuses."""
    table = rights_table(read_rights(ROLE))

    assert "| a | cluster | get `secrets` named `b` | Reads them \\| all. |" in table
    assert "| a | cluster | list `deployments.apps` |  |" in table


def test_a_readme_without_marks_is_refused() -> None:
    """What is made would be lost."""
    assert (
        replaced("<!-- a -->\nold\n<!-- /a -->\n", "a", "new\n") == "<!-- a -->\nnew\n<!-- /a -->\n"
    )
    with pytest.raises(ReadmeError, match="a -->"):
        replaced("nothing", "a", "new\n")


def test_a_release_fits_its_secret(helm4: Helm, case: Path, tmp_path: Path) -> None:
    """A release is kept in a Secret, which holds 1 MiB: chart, manifest and values, compressed."""
    done = subprocess.run(
        [helm4.path, "package", CHART, "--destination", tmp_path], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (package,) = tmp_path.iterdir()

    rendered = gzip.compress(helm4.render("--values", case).encode())
    assert len(base64.b64encode(package.read_bytes() + rendered)) < 256 * 1024
