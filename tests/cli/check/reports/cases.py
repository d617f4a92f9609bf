"""One report with everything in it, as every form of output is tested with."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from slimgate.cli.check.judge import Case, judge
from slimgate.cli.check.known import KnownObjects as Rules
from slimgate.cli.check.lookup import Lookup
from slimgate.cli.check.reports.report import Report
from slimgate.cli.check.sources import Sources
from slimgate.cli.check.targets import placed_image
from slimgate.cli.manifests.errors import InputError, InputsError
from slimgate.cli.manifests.read import read_documents
from slimgate.cli.manifests.sort import sort
from slimgate.cli.shared.progress import SilentBoard
from slimgate.core.images.facts import Size
from slimgate.core.wording.ways import DOCS
from slimgate.settings import Settings
from tests.cli.facts import FAT, HOSTILE, HOSTILE_TEXT, SOYA, inspection
from tests.cli.make import Known

TOOLCHAIN = f"Build in a first stage and copy only what runs into the final one ({DOCS}#toolchain)."
GONE = f"Check the image's name and tag, and that it has been pushed ({DOCS}#not-found)."
EXEMPT = f"To exempt it, ask your platform team for a SlimException ({DOCS}#exception)."
REMEDY = f"{TOOLCHAIN} {GONE} {EXEMPT}"
HEAD = "apiVersion: slimgate.dev/v1alpha1\nkind: {}\nmetadata: {{name: {}, namespace: default}}\n"
POLICIES = f"""\
{HEAD.format("SlimPolicy", "default")}
spec:
  mode: Enforce
  limits: {{pullSize: {{warn: 5Mi, deny: 100Mi}}, workloadPullSize: {{deny: 1Gi}}}}
  message: see https://wiki.example.com/100%
---
{HEAD.format("SlimPolicy", "later")}
spec:
  limits: {{layers: {{deny: 1}}}}
"""
EXCEPTIONS = f"""\
{HEAD.format("SlimException", "legacy")}
spec:
  policyRefs: [default, later]
  resources: [{{apiGroup: "", kind: Pod, name: old}}]
  reason: being replaced
  expirationTime: 2999-01-31T00:00:00Z
"""
MANIFESTS = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  containers:
    - {name: web, image: shop:fat}
    - {name: gone, image: gone:1}
---
apiVersion: v1
kind: Pod
metadata: {name: small, namespace: shop}
spec:
  containers:
    - {name: web, image: shop:soya}
---
apiVersion: v1
kind: Pod
metadata: {name: old}
spec:
  containers:
    - {name: web, image: shop:fat}
"""
OTHER = """\
apiVersion: v1
kind: Pod
metadata: {name: left, namespace: kube-system}
spec:
  containers:
    - {name: web, image: shop:fat}
"""
EVIL = """\
apiVersion: v1
kind: Pod
metadata: {name: "TEXT", namespace: "TEXT"}
spec:
  containers:
    - {name: "TEXT", image: evil:1}
    - {name: "TEXT", image: "TEXT"}
""".replace("TEXT", r"[red]\e[2J\u202e\n::error::]]>&<\uffff")
LOST = replace(FAT.layers[0], pull=Size.unknown("it was saved"))
PART = """\
apiVersion: v1
kind: Pod
metadata: {name: part}
spec:
  containers:
    - {name: fat, image: part:fat}
    - {name: soya, image: part:soya}
"""
"""Of images of which a part is known: more than the hard limit, and more than the soft one."""
SEEN = {
    "part:fat": inspection("part:fat", replace(FAT, layers=(LOST, *FAT.layers))),
    "part:soya": inspection("part:soya", replace(SOYA, layers=(LOST, *SOYA.layers))),
    "shop:fat": inspection("shop:fat", FAT),
    "shop:soya": inspection("shop:soya", SOYA),
    "evil:1": inspection(HOSTILE_TEXT, HOSTILE),
}


BROKEN = Report.of_error(
    InputsError(
        [InputError("a%.yaml", 2, "it is not YAML: ]]>\x1b"), InputError("b", None, "it is empty")]
    )
)
"""Of a run that ended before anything was judged."""


async def report_of(
    files: dict[str, str] | None = None,
    *,
    images: Sequence[str] = (),
    notes: tuple[str, ...] = (),
    strict: bool = False,
) -> Report:
    """Judge manifests, and images that the command line names, by the policies above."""
    files = {"deploy/web.yaml": MANIFESTS, "left.yaml": OTHER} if files is None else files
    documents = [d for name, text in files.items() for d in read_documents(text, name)]
    rules = Rules(
        policies=[one.content for one in read_documents(POLICIES, "policy.yaml")],
        exceptions=[one.content for one in read_documents(EXCEPTIONS, "exceptions.yaml")],
    )
    catalog = rules.catalog(Settings(), strict=strict)
    case = Case(
        workloads=[
            *sort(documents, namespace="default").workloads,
            *(placed_image(text, "default") for text in images),
        ],
        catalog=catalog,
        sources=Sources(),
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )
    lookup = Lookup(Known(SEEN), seconds=60, shown=SilentBoard())
    judged, _ = await judge(case, lookup)
    policies = list(catalog.policies.values())
    return Report(judged=judged, policies=policies, notes=notes, strict=strict)
