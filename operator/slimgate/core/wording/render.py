"""Every sentence that users read about a verdict, for all outlets alike.

Texts from images pass `printable`; texts are stable, without times or counters, so that
annotations and events change only when the verdict does.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from slimgate.core.base.history import instruction_of
from slimgate.core.images.facts import Base, ImageFacts
from slimgate.core.images.tier import Evidence, Tier
from slimgate.core.policies.finding import Finding, Outcome
from slimgate.core.policies.policy import Policy
from slimgate.core.policies.verdict import Verdict
from slimgate.core.quantity import format_bytes
from slimgate.core.text import cut, printable
from slimgate.core.workloads.workload import ImageUse

DOCS: Final = "https://slimgate.dev/docs/slimming"
_EXEMPT: Final = (
    "To exempt it, ask your platform team for a SlimException "
    "(https://slimgate.dev/docs/policies#exceptions)."
)
REMEDY: Final = (
    f"Build in a first stage and copy the binary onto distroless or scratch: {DOCS}. {_EXEMPT}"
)
RETRY: Final = f"Try again once the cause is fixed. {_EXEMPT}"
ROLLBACK: Final = (
    "slimgate: this workload ran these images before, so the rollback is admitted: "
    "https://slimgate.dev/docs/policies#rollbacks"
)
_MAX_LINES: Final = 10
_WARNING_LENGTH: Final = 200
_MAX_WARNING_LENGTH: Final = 256
_MAX_MESSAGES: Final = 5
_SUMMARY_LENGTH: Final = 256
_REFERENCE_LENGTH: Final = 64
_INSTRUCTION_LENGTH: Final = 60
_SUMS: Final = ("pullSize", "unpackedSize")
"""Checks of an image's size as a whole, the one first whose largest layer is more worth to name."""


def denial(findings: Iterable[Finding], policies: Iterable[Policy]) -> str:
    """Write a denial in full: each image, value, limit, largest layer, base, and the way out."""
    groups = by_use(findings)
    lines = [f"{describe(use, group)}." for use, group in groups[:_MAX_LINES]]
    if len(groups) > _MAX_LINES:
        lines.append(f"And {len(groups) - _MAX_LINES} more.")
    way_out = RETRY if all(_is_unknown(group) for _, group in groups) else REMEDY
    messages = dict.fromkeys(policy.message for policy in policies if policy.message)
    return " ".join([*lines, way_out, *messages])


def warnings(findings: Iterable[Finding], policies: Iterable[Policy] = ()) -> list[str]:
    """Write one short line an image, and one for each policy's message.

    A line is cut at 256 characters, and all webhooks of a request share 4,096 of them. kubectl
    shows lines that are alike once.

    https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apiserver/pkg/endpoints/filters/warning.go
    """
    groups = by_use(findings)
    lines = [
        cut(f"slimgate: {describe(use, group, _REFERENCE_LENGTH)}", _WARNING_LENGTH)
        for use, group in groups[:_MAX_LINES]
    ]
    if len(groups) > _MAX_LINES:
        lines.append(f"slimgate: and {len(groups) - _MAX_LINES} more")
    messages = dict.fromkeys(policy.message for policy in policies if policy.message)
    return lines + [_message_line(message) for message in list(messages)[:_MAX_MESSAGES]]


def summary(verdict: Verdict) -> str:
    """Write the workload's annotation: short, stable, without times."""
    if not verdict.findings:
        count = len(verdict.subject.images)
        text = f"{count} image{'s' if count != 1 else ''} within policy"
        return text + (f", {len(verdict.excused)} excused" if verdict.excused else "")
    parts = [
        f"{_subject(use)}: {', '.join(dict.fromkeys(_fragment(f) for f in _reasons_last(group)))}"
        for use, group in by_use(verdict.findings)
    ]
    return printable("; ".join(parts), _SUMMARY_LENGTH)


def describe(use: ImageUse | None, findings: list[Finding], length: int = 256) -> str:
    """Write all findings on one image as one sentence, without its full stop.

    The reference is shortened to `length` characters, of its middle: its end says most.
    """
    who = "the workload"
    if use is not None:
        named = f'{use.role.value} "{printable(use.name, 63)}": ' if use.name else ""
        who = f"{named}{_shorten(use.reference, length)}"
    return f"{who} {'; '.join([*_clauses(findings), *_context(findings)])}"


def by_use(findings: Iterable[Finding]) -> list[tuple[ImageUse | None, list[Finding]]]:
    """Group findings by the image they are about, the worst group and the worst finding first."""
    order: dict[ImageUse | None, list[Finding]] = {}
    for finding in findings:
        order.setdefault(finding.use, []).append(finding)
    groups = [(use, sorted(group, key=lambda f: -f.outcome)) for use, group in order.items()]
    return sorted(groups, key=lambda pair: -pair[1][0].outcome)


def base_text(base: Base) -> str:
    """Write a base with its tier and evidence: `golang:1.26 (Builder, Proven)`.

    Of a proven base whose tier is not, each has its own: `debian:13 (Proven), Builder (Inferred)`.
    """
    if base.tier_inferred and base.tier is not None:
        shown = base_text(replace(base, tier=None, tier_inferred=False))
        return f"{shown}, {base.tier.label} ({Evidence.INFERRED.value})"
    name = base.name or base.family or "unknown"
    tier = None if base.tier is None else base.tier.label
    evidence = None if base.evidence is None else base.evidence.value
    marks = [mark for mark in (tier, evidence) if mark is not None and mark.lower() != name]
    return printable(name, 128) + (f" ({', '.join(marks)})" if marks else "")


def _message_line(message: str) -> str:
    """Write a policy's message whole: it may end with the address of a page."""
    line = f"slimgate: {message}"
    return line if len(line) <= _MAX_WARNING_LENGTH else cut(message, _MAX_WARNING_LENGTH)


def _clauses(findings: Iterable[Finding]) -> list[str]:
    """Write each fact once, and after it who minds: several policies may, on several platforms."""
    marks: dict[tuple[str, str], dict[str, None]] = {}
    for f in _reasons_last(findings):
        mark = f"policy {printable(f.policy, 253)}, {f.check}"
        said = (_not_judged(f), f": {_reason(f)}") if _is_unknown([f]) else (_fragment(f), "")
        marks.setdefault(said, {})[mark] = None
    return [f"{head} [{'; '.join(by)}]{tail}" for (head, tail), by in marks.items()]


def _reasons_last(findings: Iterable[Finding]) -> list[Finding]:
    """Why something is unknown may be long: it comes last, so that a cut takes nothing else."""
    return sorted(findings, key=lambda finding: finding.outcome is Outcome.UNKNOWN)


def _context(findings: Iterable[Finding]) -> list[str]:
    """Say of the image that violates what helps to mend it."""
    images: dict[str, ImageFacts] = {}
    for finding in findings:
        if finding.outcome is not Outcome.UNKNOWN and finding.image is not None:
            images.setdefault(finding.check, finding.image)
    if not images:
        return []
    check = next((check for check in _SUMS if check in images), next(iter(images)))
    image = images[check]
    base = image.base
    parts = [_largest_layer(image, check)]
    if "base" not in images and (base.name or base.family or base.tier is not None):
        parts.append(f"base {base_text(base)}")
    if image.toolchains:
        parts.append(f"it still contains {printable(', '.join(image.toolchains), 80)}")
    return [part for part in parts if part]


def _largest_layer(image: ImageFacts, check: str) -> str:
    """Say which layer to look at, in bytes of the kind that the check measures."""
    unpacked = check == "unpackedSize"
    sizes = [layer.unpacked if unpacked else layer.pull for layer in image.layers]
    largest = max(sizes, key=lambda size: size.least, default=None)
    if largest is None or not largest.least:
        return ""
    least = "at least " if largest.bytes is None else ""
    size = f"{least}{format_bytes(largest.least)}"
    made = instruction_of(image.layers[sizes.index(largest)].created_by or "")
    made = printable(made, _INSTRUCTION_LENGTH)
    if check == "layerSize":
        return f"that layer is {made}" if made else ""
    if len(sizes) == 1:
        return ""
    shown = f" ({made})" if made else ""
    return f"its largest layer {'unpacks to' if unpacked else 'pulls'} {size}{shown}"


def _is_unknown(findings: Iterable[Finding]) -> bool:
    return all(finding.outcome is Outcome.UNKNOWN for finding in findings)


def _shorten(reference: str, length: int) -> str:
    text = printable(reference, 1024)
    start = length // 2 - 1
    return text if len(text) <= length else f"{text[:start]}…{text[start + 1 - length :]}"


def _fragment(finding: Finding) -> str:
    if finding.outcome is Outcome.UNKNOWN:
        return f"{_not_judged(finding)}: {_reason(finding)}"
    return _FRAGMENTS[finding.check](finding)


def _not_judged(finding: Finding) -> str:
    return f"could not be judged{_open_limit(finding)}{_on(finding)}"


def _open_limit(finding: Finding) -> str:
    """Name the limit that is open where a softer one is known to be broken."""
    limit = finding.limit
    if not isinstance(limit, int) or isinstance(limit, Tier):
        return ""
    return f" against limit {f'{limit}%' if finding.check == 'growth' else format_bytes(limit)}"


def _reason(finding: Finding) -> str:
    return printable(finding.reason or "for no known reason", 300)


def _on(finding: Finding) -> str:
    platform = finding.image.platform if finding.image else None
    known = platform is not None and platform.os != "unknown"
    return f" ({printable(str(platform), 64)})" if known else ""


def _against(finding: Finding) -> tuple[str, str]:
    """Write a size and its limit; to the byte where they would read the same."""
    value, limit = finding.value, finding.limit
    if not isinstance(value, int) or not isinstance(limit, int):
        return "?", "?"
    if format_bytes(value) == format_bytes(limit):
        return f"{value:,} B", f"{limit:,} B"
    return format_bytes(value), format_bytes(limit)


def _size(verb: str, noun: str, finding: Finding) -> str:
    value, limit = _against(finding)
    least = "at least " if finding.at_least else ""
    return f"{verb} {least}{value}{noun}{_on(finding)}, limit {limit}"


def _base(finding: Finding) -> str:
    shown = _based_on(finding, finding.image.base) if finding.image else "something unknown"
    if isinstance(finding.limit, str):
        return f"is based on {shown}, which the policy allows only if {finding.limit}"
    return f"is based on {shown}, which the policy does not allow"


def _based_on(finding: Finding, base: Base) -> str:
    """Name the base, and what of it the policy speaks of where that is not its own name."""
    shown, evidence = base_text(base), finding.evidence
    if evidence is None or finding.value is None:
        return shown
    if finding.value not in {base.name, base.family}:
        return f"{shown}, that is on {printable(str(finding.value), 128)} ({evidence.value})"
    if base.name and base.family and evidence is not base.evidence:
        return f"{shown} of family {printable(base.family, 64)} ({evidence.value})"
    return shown


def _max_tier(finding: Finding) -> str:
    value, limit = finding.value, finding.limit
    if not isinstance(value, Tier) or not isinstance(limit, Tier):
        return "is of a tier above the limit"
    evidence = f" ({finding.evidence.value})" if finding.evidence else ""
    return f"is of tier {value.label}{evidence}, limit {limit.label}"


def _false_claim(finding: Finding) -> str:
    return printable(str(finding.value)).removeprefix("it ")


_FRAGMENTS: Final[Mapping[str, Callable[[Finding], str]]] = {
    "pullSize": partial(_size, "pulls", ""),
    "unpackedSize": partial(_size, "unpacks to", ""),
    "layers": lambda f: f"has {f.value} layers{_on(f)}, limit {f.limit}",
    "layerSize": partial(_size, "has a layer of", " to pull"),
    "workloadPullSize": partial(_size, "pulls", " for all its images together"),
    "growth": lambda f: (
        f"pulls {f.value}% more than the image that runs now{_on(f)}, limit {f.limit}%"
    ),
    "base": _base,
    "maxTier": _max_tier,
    "falseClaim": _false_claim,
}


def _subject(use: ImageUse | None) -> str:
    return printable(use.name or use.reference, 63) if use else "workload"
