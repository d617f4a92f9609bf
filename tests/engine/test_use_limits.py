"""Which limits apply to uses of images, and that what has changed is looked for anew."""

from slimgate.core.nodes.over_limits import SizeLimit
from slimgate.core.workloads.workload import Workload
from slimgate.engine.catalog import Catalog
from slimgate.engine.use_limits import UseLimits
from tests.engine.cluster import policy

NAME = ("shop", "Deployment", "web")
WEB = (NAME, "r.io/web:1")
ONE_GIB = SizeLimit(policy="default", pull=2**30)
LABELLED = {"objectSelector": {"matchLabels": {"tier": "web"}}}


def workload(**labels: str) -> Workload:
    """Make the workload that uses it."""
    return Workload(kind="Deployment", namespace="shop", name="web", labels=labels)


def test_limits() -> None:
    """Uses that no policy speaks of are left out; a change of policies counts at once."""
    catalog = Catalog(excluded=["system"])
    limits = UseLimits(catalog)
    other = ("system", "Deployment", "web"), "r.io/web:1"
    before = limits.of([WEB], {})
    catalog.put_policy(policy())

    assert before == {}
    assert limits.of([WEB, other], {}) == {WEB: (ONE_GIB,)}


def test_workloads_change() -> None:
    """A workload is known by its labels, and has other limits with others."""
    catalog = Catalog()
    catalog.put_policy(policy(match=LABELLED))
    limits = UseLimits(catalog)

    assert limits.of([WEB], {}) == {}
    assert limits.of([WEB], {NAME: workload(tier="web")}) == {WEB: (ONE_GIB,)}
    assert limits.of([WEB], {NAME: workload()}) == {}
