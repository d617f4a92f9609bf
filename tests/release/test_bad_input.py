"""What users get wrong is refused before anything is installed, in words that name it.

tests/chart/test_refused_values.py holds it of all values.
"""

from pathlib import Path

import pytest

from tests.chart.helm import CHART, Helm
from tests.lab.kubectl import Kubectl
from tests.release.cluster import left
from tests.release.release import Release

pytestmark = [
    pytest.mark.lab,
    pytest.mark.node,
    pytest.mark.helm,
    pytest.mark.slow,
    pytest.mark.timeout(600),
]


def test_a_wrong_value_is_named(
    helm4: Helm, kubectl: Kubectl, namespace: str, tmp_path: Path
) -> None:
    """`helm install` fails with the name of the value, and leaves nothing."""
    release = Release(
        helm=helm4,
        lab=kubectl.lab,
        kubectl=kubectl,
        namespace=namespace,
        folder=tmp_path,
        values={"webhook": {"replicas": "two"}, "certificates": {"sauce": "Own"}},
    )

    done = release.attempt("install", release.name, CHART, *release.given({}))

    assert done.returncode
    assert "at '/webhook/replicas': got string, want integer" in done.stderr
    assert "at '/certificates': additional properties 'sauce' not allowed" in done.stderr
    assert not [one for one in left(kubectl, namespace) if not one.startswith("ImageProfile/")]
