"""What every form of output shows: remarks on images, counts, and the exit status."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from slimgate.cli.judging.judge import Effect, Judged
from slimgate.core import render
from slimgate.core.errors import ImageError
from slimgate.core.finding import Finding, Outcome
from slimgate.core.policy import Policy
from slimgate.core.text import printable
from slimgate.core.workload import ImageUse, Workload

WITHIN: Final = 0
DENIED: Final = 1
FAILED: Final = 2
_WORDS: Final = {
    Effect.DENY: "denied",
    Effect.UNKNOWN: "unknown",
    Effect.WARN: "warned",
    Effect.AUDIT: "noted (mode Audit)",
}
_FILE_LENGTH: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """All that is to be said of one image, or of the workload as a whole, at one effect."""

    effect: Effect
    workload: Workload
    use: ImageUse | None
    findings: tuple[Finding, ...]
    file: str
    line: int

    @property
    def message(self) -> str:
        """What the webhook would say of it, without the full stop."""
        return render.describe(self.use, list(self.findings))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that was judged; `strict` says that modes were taken as Enforce."""

    judged: Sequence[Judged]
    policies: Sequence[Policy]
    notes: Sequence[str] = ()
    strict: bool = False

    @property
    def status(self) -> int:
        """The exit status: a denial outweighs what could not be looked up."""
        worst = max((entry.worst for entry in self.judged if entry.worst), default=None)
        return {Effect.DENY: DENIED, Effect.UNKNOWN: FAILED}.get(worst, WITHIN) if worst else WITHIN

    @property
    def remarks(self) -> list[Remark]:
        """All remarks, the worst first."""
        found = [remark for entry in self.judged for remark in remarks_on(entry)]
        return sorted(found, key=lambda remark: -remark.effect)

    @property
    def summary(self) -> str:
        """One line that sums up."""
        counts = Counter(entry.worst for entry in self.judged)
        parts = [f"{counts[effect]} {word}" for effect, word in _WORDS.items() if counts[effect]]
        if counts[None] or not parts:
            parts.append(f"{counts[None]} within policy")
        strictly = " (strict: every mode as Enforce)" if self.strict else ""
        return (
            f"{count(len(self.judged), 'workload')}, {self._images}: {', '.join(parts)}{strictly}"
        )

    @property
    def _images(self) -> str:
        images = {use.reference for entry in self.judged for use in entry.placed.workload.images}
        missing = {
            use.reference
            for entry in self.judged
            for use, seen in entry.verdict.subject.images.items()
            if isinstance(seen, ImageError)
        }
        lacking = f" ({len(missing)} not looked up)" if missing else ""
        return f"{count(len(images), 'image')}{lacking}"

    @property
    def advice(self) -> list[str]:
        """The way out, and what the policies that deny have to say."""
        denied = {
            f.policy for e in self.judged for f, effect in e.findings if effect is Effect.DENY
        }
        if not denied:
            return []
        messages = [
            f"policy {p.name}: {p.message}" for p in self.policies if p.name in denied and p.message
        ]
        unknown = all(
            f.outcome is Outcome.UNKNOWN
            for e in self.judged
            for f, effect in e.findings
            if effect is Effect.DENY
        )
        return [render.RETRY if unknown else render.REMEDY, *messages]


def remarks_on(judged: Judged) -> Iterator[Remark]:
    """Group the findings on a workload by effect and image."""
    groups: dict[tuple[Effect, ImageUse | None], list[Finding]] = {}
    for finding, effect in judged.findings:
        groups.setdefault((effect, finding.use), []).append(finding)
    for (effect, use), findings in groups.items():
        yield Remark(
            effect=effect,
            workload=judged.placed.workload,
            use=use,
            findings=tuple(sorted(findings, key=lambda finding: -finding.outcome)),
            file=judged.placed.file,
            line=judged.placed.line_of(use),
        )


def verdict_text(judged: Judged) -> str:
    """Say of a workload without findings why it passes."""
    if not judged.verdict.policies:
        return "no policy applies to it"
    return render.summary(judged.verdict)


def excuses(judged: Judged) -> list[str]:
    """Say which exceptions excuse a workload, until when and why."""
    return list(
        dict.fromkeys(
            f"excused by SlimException {printable(f'{by.namespace}/{by.name}')} until "
            f"{by.expires:%Y-%m-%d}: {by.reason}"
            for _, by in judged.verdict.excused
        )
    )


def file_text(file: str) -> str:
    """Write a file's name so that it can do no harm."""
    return printable(file, _FILE_LENGTH)


def count(number: int, noun: str) -> str:
    """Write a number of things."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
