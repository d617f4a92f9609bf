"""Every sentence that users read about a verdict, for all outlets alike.

Texts from images pass `printable`; texts are stable, without times or counters, so that
annotations and events change only when the verdict does.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from slimgate.core.finding import Finding, Outcome
from slimgate.core.image import Base, ImageFacts
from slimgate.core.policy import Policy
from slimgate.core.quantity import format_bytes
from slimgate.core.text import printable
from slimgate.core.tier import Tier
from slimgate.core.verdict import Verdict
from slimgate.core.workload import ImageUse

DOCS: Final = "https://slimgate.dev/docs/slimming"
REMEDY: Final = (
    "Build in a first stage and copy the binary onto distroless or scratch: "
    f"{DOCS}. Exempt: SlimException."
)
_MAX_LINES: Final = 10
_WARNING_LENGTH: Final = 200
_SUMMARY_LENGTH: Final = 256
_INSTRUCTION_LENGTH: Final = 60


def denial(findings: Iterable[Finding], policies: Iterable[Policy]) -> str:
    """Write a denial in full: each image, value, limit, largest layer, base, and the way out."""
    lines = [describe(use, group) for use, group in by_use(findings)]
    shown = [f"{line}." for line in lines[:_MAX_LINES]]
    if len(lines) > _MAX_LINES:
        shown.append(f"And {len(lines) - _MAX_LINES} more.")
    messages = [policy.message for policy in policies if policy.message]
    return " ".join([*shown, REMEDY, *messages])


def warnings(findings: Iterable[Finding]) -> list[str]:
    """Write one short line an image; all webhooks of a request share 4,096 characters.

    https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apiserver/pkg/endpoints/filters/warning.go
    """
    lines = [_cut(f"slimgate: {describe(use, group)}") for use, group in by_use(findings)]
    if len(lines) <= _MAX_LINES:
        return lines
    return [*lines[:_MAX_LINES], f"slimgate: and {len(lines) - _MAX_LINES} more"]


def summary(verdict: Verdict) -> str:
    """Write the workload's annotation: short, stable, without times."""
    if not verdict.findings:
        count = len(verdict.subject.images)
        text = f"{count} image{'s' if count != 1 else ''} within policy"
        return text + (f", {len(verdict.excused)} excused" if verdict.excused else "")
    parts = [
        f"{_subject(use)}: {', '.join(_fragment(f) for f in group)}"
        for use, group in by_use(verdict.findings)
    ]
    return printable("; ".join(parts), _SUMMARY_LENGTH)


def describe(use: ImageUse | None, findings: list[Finding]) -> str:
    """Write all findings on one image as one sentence, without its full stop."""
    head = f"{use.role.value} " if use else ""
    name = f'{head}"{printable(use.name, 63)}"' if use else "the workload"
    reference = f": {printable(use.reference)}" if use else ""
    clauses = [f"{_fragment(f)} [policy {f.policy}, {f.check}]" for f in findings]
    image = next((f.image for f in findings if f.image is not None), None)
    context = _context(image, findings) if image is not None else []
    return f"{name}{reference} {'; '.join([*clauses, *context])}"


def by_use(findings: Iterable[Finding]) -> list[tuple[ImageUse | None, list[Finding]]]:
    """Group findings by the image they speak of, the worst group and the worst finding first."""
    order: dict[ImageUse | None, list[Finding]] = {}
    for finding in findings:
        order.setdefault(finding.use, []).append(finding)
    groups = [(use, sorted(group, key=lambda f: -f.outcome)) for use, group in order.items()]
    return sorted(groups, key=lambda pair: -pair[1][0].outcome)


def base_text(base: Base) -> str:
    """Write a base with its tier and evidence: `golang:1.26 (builder, proven)`."""
    name = base.name or base.family or "unknown"
    marks = [m for m in (base.tier and base.tier.label, base.evidence and base.evidence.value) if m]
    if base.tier is Tier.SCRATCH:
        marks = marks[1:] if name == Tier.SCRATCH.label else marks
    return printable(name, 128) + (f" ({', '.join(marks)})" if marks else "")


def _context(image: ImageFacts, findings: list[Finding]) -> list[str]:
    if all(finding.outcome is Outcome.UNKNOWN for finding in findings):
        return []
    parts = []
    layer = image.largest_layer
    if layer is not None and layer.pull.bytes and len(image.layers) > 1:
        made = f" ({_instruction(layer.created_by)})" if layer.created_by else ""
        parts.append(f"{format_bytes(layer.pull.bytes)} of it is one layer{made}")
    if image.base.name or image.base.family or image.base.tier is not None:
        parts.append(f"base {base_text(image.base)}")
    if image.toolchains:
        parts.append(f"toolchains left in it: {printable(', '.join(image.toolchains), 80)}")
    return parts


def _instruction(created_by: str) -> str:
    text = created_by.removeprefix("/bin/sh -c #(nop) ").removesuffix("# buildkit").strip()
    if text.startswith("/bin/sh -c "):
        text = "RUN " + text.removeprefix("/bin/sh -c ")
    return printable(" ".join(text.split()), _INSTRUCTION_LENGTH)


def _fragment(finding: Finding) -> str:
    if finding.outcome is Outcome.UNKNOWN:
        return f"could not be judged: {printable(finding.reason or 'for no known reason', 300)}"
    return _FRAGMENTS[finding.check](finding)


def _on(finding: Finding) -> str:
    image = finding.image
    known = image is not None and image.platform.os != "unknown"
    return f" ({image.platform})" if image is not None and known else ""


def _bytes(value: object) -> str:
    return format_bytes(value) if isinstance(value, int) else "?"


def _tier(value: object) -> str:
    return value.label if isinstance(value, Tier) else "?"


def _base_name(finding: Finding) -> str:
    shown = base_text(finding.image.base) if finding.image else "its base"
    if isinstance(finding.limit, str):
        return f"stands on {shown}, but the policy wants that {finding.limit}"
    return f"stands on {shown}, which the policy does not allow"


_FRAGMENTS: Final[Mapping[str, Callable[[Finding], str]]] = {
    "pullSize": lambda f: f"pulls {_bytes(f.value)}{_on(f)}, limit {_bytes(f.limit)}",
    "unpackedSize": lambda f: f"unpacks to {_bytes(f.value)}{_on(f)}, limit {_bytes(f.limit)}",
    "layers": lambda f: f"has {f.value} layers{_on(f)}, limit {f.limit}",
    "layerSize": lambda f: (
        f"has a layer of {_bytes(f.value)} to pull{_on(f)}, limit {_bytes(f.limit)}"
    ),
    "workloadPullSize": lambda f: (
        f"pulls {_bytes(f.value)} for all its images together, limit {_bytes(f.limit)}"
    ),
    "growth": lambda f: (
        f"pulls {f.value}% more than the image that runs now{_on(f)}, limit {f.limit}%"
    ),
    "base": _base_name,
    "tier": lambda f: f"is of tier {_tier(f.value)}, and {_tier(f.limit)} is over the line",
    "baseClaim": lambda f: str(f.value),
}


def _subject(use: ImageUse | None) -> str:
    return printable(use.name, 63) if use else "workload"


def _cut(line: str) -> str:
    return line if len(line) <= _WARNING_LENGTH else line[: _WARNING_LENGTH - 1] + "…"
