"""Every sentence that users read about a verdict, for all outlets alike.

Texts from images pass `printable`; texts are stable, without times or counters, so that
annotations and events change only when the verdict does.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from slimgate.core.base.base_text import base_text
from slimgate.core.base.history import instruction_of
from slimgate.core.images.facts import ImageFacts
from slimgate.core.images.tier import Tier
from slimgate.core.policies.budget import OverBudget
from slimgate.core.policies.checks import CHECKS, layer_size, pull_size, unpacked_size
from slimgate.core.policies.checks import base as base_check
from slimgate.core.policies.checks.sentences import largest_of, platform_of, sizes_of
from slimgate.core.policies.finding import Finding, Outcome
from slimgate.core.policies.policy import Policy
from slimgate.core.policies.verdict import Verdict
from slimgate.core.quantity import format_bytes
from slimgate.core.text import cut, printable
from slimgate.core.wording.ways import DOCS, way_out
from slimgate.core.workloads.workload import ImageUse

_MAX_LINES: Final = 10
_WARNING_LENGTH: Final = 200
_MAX_WARNING_LENGTH: Final = 256
_MAX_MESSAGES: Final = 5
_SUMMARY_LENGTH: Final = 256
_REFERENCE_LENGTH: Final = 64
_INSTRUCTION_LENGTH: Final = 60
_SUMS: Final = (pull_size.CHECK.name, unpacked_size.CHECK.name)
"""Checks of an image's size as a whole, the one first whose largest layer is more worth to name."""


def denial(findings: Iterable[Finding], policies: Sequence[Policy], docs: str = DOCS) -> str:
    """Write a denial in full: each image, value, limit, largest layer, base, and the way out."""
    groups = by_use(findings)
    lines = [f"{describe(use, group)}." for use, group in groups[:_MAX_LINES]]
    if len(groups) > _MAX_LINES:
        lines.append(f"And {len(groups) - _MAX_LINES} more.")
    messages = dict.fromkeys(policy.message for policy in policies if policy.message)
    refused = [finding for _, group in groups for finding in group]
    return " ".join([*lines, way_out(refused, policies, docs), *messages])


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
        text += by_estimate(verdict, verdict.policies)
        return text + (f", {len(verdict.excused)} excused" if verdict.excused else "")
    parts = [
        f"{_subject(use)}: {', '.join(dict.fromkeys(_fragment(f) for f in _reasons_last(group)))}"
        for use, group in by_use(verdict.findings)
    ]
    return printable("; ".join(parts), _SUMMARY_LENGTH)


def by_estimate(verdict: Verdict, policies: Iterable[Policy]) -> str:
    """Say of what is within policies' limits on unpacked sizes if that rests on an estimate."""
    if all(policy.limits.unpacked_size is None for policy in policies):
        return ""
    images = (image for seen in verdict.subject.inspected().values() for image in seen.images)
    rests = any(image.unpacked.is_estimated for image in images)
    return " (unpacked size estimated)" if rests else ""


def describe(use: ImageUse | None, findings: list[Finding], length: int = 256) -> str:
    """Write all findings on one image as one sentence, without its full stop.

    The reference is shortened to `length` characters, of its middle: its end says most.
    """
    who = "the workload"
    if use is not None:
        named = f'{use.role.value} "{printable(use.name, 63)}": ' if use.name else ""
        who = f"{named}{_shorten(use.reference, length)}"
    return f"{who} {what(findings)}"


def what(findings: Sequence[Finding]) -> str:
    """Write all findings on one image as what is said of it, whoever uses it."""
    return "; ".join([*_clauses(findings), *_context(findings)])


def by_use(findings: Iterable[Finding]) -> list[tuple[ImageUse | None, list[Finding]]]:
    """Group findings by the image they are about, the worst group and the worst finding first."""
    order: dict[ImageUse | None, list[Finding]] = {}
    for finding in findings:
        order.setdefault(finding.use, []).append(finding)
    groups = [(use, sorted(group, key=lambda f: -f.outcome)) for use, group in order.items()]
    return sorted(groups, key=lambda pair: -pair[1][0].outcome)


def budget_warning(policy: str, over: OverBudget) -> str:
    """Warn of a budget that a namespace is over, in one line."""
    return cut(
        f"slimgate: namespace {over.namespace} is over its budget: the images that it runs unpack "
        f"to {format_bytes(over.size)}, each layer counted once, budget "
        f"{format_bytes(over.budget)} [policy {policy}, budget]",
        _MAX_WARNING_LENGTH,
    )


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
    if base_check.NAME not in images and (base.name or base.family or base.tier is not None):
        parts.append(f"base {base_text(base)}")
    if image.toolchains:
        parts.append(f"it still contains {printable(', '.join(image.toolchains), 80)}")
    return [part for part in parts if part]


def _largest_layer(image: ImageFacts, check: str) -> str:
    """Say which layer to look at, in bytes of the kind that the check measures."""
    unpacked = check == unpacked_size.CHECK.name
    sizes = sizes_of(image, unpacked=unpacked)
    index = largest_of(sizes)
    if index is None:
        return ""
    largest = sizes[index]
    least = "at least " if largest.bytes is None else ""
    size = f"{least}{format_bytes(largest.least)}"
    made = instruction_of(image.layers[index].created_by or "")
    made = printable(made, _INSTRUCTION_LENGTH)
    if check == layer_size.CHECK.name:
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
    return CHECKS[finding.check].sentence(finding)


def _not_judged(finding: Finding) -> str:
    return f"could not be judged{_open_limit(finding)}{platform_of(finding)}"


def _open_limit(finding: Finding) -> str:
    """Name the limit that is open where a softer one is known to be broken."""
    limit = finding.limit
    if not isinstance(limit, int) or isinstance(limit, Tier):
        return ""
    return f" against limit {CHECKS[finding.check].amount(limit)}"


def _reason(finding: Finding) -> str:
    return printable(finding.reason or "for no known reason", 300)


def _subject(use: ImageUse | None) -> str:
    return printable(use.name or use.reference, 63) if use else "workload"
