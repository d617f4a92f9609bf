"""What every form of output shows: remarks on images, counts, and the exit status."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from slimgate.cli.check.flags import FLAGS
from slimgate.cli.check.judge import NONE, FindingEffect, Judged
from slimgate.cli.check.judge import WITHIN as ALLOWED
from slimgate.cli.check.request import DEFAULT_FAIL_ON
from slimgate.cli.manifests.errors import InputError, InputsError
from slimgate.cli.manifests.other_kinds import OtherKind
from slimgate.cli.shared.exits import NOT_LOOKED_UP, USAGE, VIOLATED, WITHIN, status_of
from slimgate.cli.shared.forms import FailOn
from slimgate.core.errors import ImageError, SlimgateError
from slimgate.core.policies.finding import Finding, Outcome
from slimgate.core.policies.policy import Policy
from slimgate.core.text import printable
from slimgate.core.wording import render
from slimgate.core.wording.ways import DOCS, way_out
from slimgate.core.workloads.workload import ImageUse, Workload

_WORDS: Final = {
    FindingEffect.DENY: "denied",
    FindingEffect.UNKNOWN: "unknown",
    FindingEffect.WARN: "warned",
    FindingEffect.AUDIT: "noted",
}
_FAILING: Final = frozenset({FindingEffect.DENY, FindingEffect.UNKNOWN})
_FILE_LENGTH: Final = 4096
_TEXT_LENGTH: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """All that is to be said of one image, or of the workload as a whole, at one effect."""

    effect: FindingEffect
    workload: Workload
    use: ImageUse | None
    findings: tuple[Finding, ...]
    file: str | None
    line: int | None

    @property
    def message(self) -> str:
        """What the webhook would say of it, without the full stop."""
        return render.describe(self.use, list(self.findings))

    def with_help(self, docs: str) -> str:
        """Say it with what helps against it, for whoever reads nothing else of the report."""
        return f"{self.message}. {way_out(self.findings, [], docs)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why nothing was judged, and where that was found, if it was in a file."""

    message: str
    file: str | None = None
    line: int | None = None

    @property
    def sentence(self) -> str:
        """The message after its place."""
        if self.file is None:
            return self.message
        return (
            f"{file_text(self.file)}{'' if self.line is None else f':{self.line}'}: {self.message}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that was judged; `strict` says that modes were taken as Enforce.

    Where there are faults, nothing was judged, and `fault_status` is why. `docs` is the page that
    says what helps.
    """

    judged: Sequence[Judged] = ()
    policies: Sequence[Policy] = ()
    notes: Sequence[str] = ()
    strict: bool = False
    fail_on: frozenset[FailOn] = DEFAULT_FAIL_ON
    require_all: bool = False
    others: Sequence[OtherKind] = ()
    faults: Sequence[Fault] = ()
    fault_status: int = USAGE
    docs: str = DOCS

    @classmethod
    def of_error(cls, error: SlimgateError, *, strict: bool = False) -> Self:
        """Make the report of a run that an error has ended before anything was judged."""
        errors = error.errors if isinstance(error, InputsError) else [error]
        faults = [
            Fault(message=plain(one.reason), file=one.file, line=one.line)
            if isinstance(one, InputError)
            else Fault(message=plain(line))
            for one in errors
            for line in ([""] if isinstance(one, InputError) else str(one).splitlines())
        ]
        return cls(strict=strict, faults=faults, fault_status=status_of(error))

    @property
    def status(self) -> int:
        """The exit status: a violation is certain, and outweighs what could not be looked up."""
        if self.faults:
            return self.fault_status
        findings = [pair for entry in self.judged for pair in entry.findings]
        if any(self._violates(finding, effect) for finding, effect in findings):
            return VIOLATED
        if self._not_judged and self.require_all:
            return VIOLATED
        lost = any(effect is FindingEffect.UNKNOWN for _, effect in findings)
        return NOT_LOOKED_UP if lost else WITHIN

    @property
    def _not_judged(self) -> int:
        return len(self.others) + sum(one.effect == NONE for one in self.judged)

    def _violates(self, finding: Finding, effect: FindingEffect) -> bool:
        if effect is FindingEffect.WARN:
            word = FailOn.UNKNOWN if finding.outcome is Outcome.UNKNOWN else FailOn.WARN
            return word in self.fail_on
        return effect is FindingEffect.DENY

    @property
    def remarks(self) -> list[Remark]:
        """All remarks, the worst first."""
        found = [remark for entry in self.judged for remark in remarks_on(entry)]
        return sorted(found, key=lambda remark: -remark.effect)

    @property
    def summary(self) -> str:
        """One line that sums up."""
        if self.faults:
            return "nothing was judged"
        counts = Counter(entry.worst for entry in self.judged)
        parts = [f"{counts[effect]} {word}" for effect, word in _WORDS.items() if counts[effect]]
        within = sum(entry.effect == ALLOWED for entry in self.judged)
        parts += [f"{self._not_judged} not judged"] if self._not_judged else []
        if within or not parts:
            parts.append(f"{within} within policy")
        strictly = " (strict: every mode as Enforce)" if self.strict else ""
        workloads = sum(entry.placed.file is not None for entry in self.judged)
        manifests = f"{count(workloads, 'workload')}, " if workloads or not self.judged else ""
        return f"{manifests}{self._images}: {', '.join(parts)}{strictly}"

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
        """The way out of all that fails, and what the policies that deny have to say."""
        found = [pair for entry in self.judged for pair in entry.findings]
        failed = [finding for finding, effect in found if effect in _FAILING]
        denied = {finding.policy for finding, effect in found if effect is FindingEffect.DENY}
        policies = [policy for policy in self.policies if policy.name in denied]
        messages = [plain(f"policy {p.name}: {p.message}") for p in policies if p.message]
        # Nobody need ask another for an exception from limits of their own.
        others = [policy for policy in policies if policy.name != FLAGS]
        return [way_out(failed, others, self.docs), *messages] if failed else []


def remarks_on(judged: Judged) -> Iterator[Remark]:
    """Group the findings on a workload by effect and image."""
    groups: dict[tuple[FindingEffect, ImageUse | None], list[Finding]] = {}
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


def excuses(judged: Judged) -> list[str]:
    """Say which exceptions excuse a workload, until when and why."""
    return list(
        dict.fromkeys(
            f"excused by SlimException {printable(f'{by.namespace}/{by.name}')} until "
            f"{by.expires:%Y-%m-%d}: {plain(by.reason)}"
            for _, by in judged.verdict.excused
        )
    )


def file_text(file: str) -> str:
    """Write a file's name so that it can do no harm."""
    return printable(file, _FILE_LENGTH)


def plain(text: str) -> str:
    """Write a text on one line, so that it can do no harm."""
    return printable(text, _TEXT_LENGTH)


def count(number: int, noun: str) -> str:
    """Write a number of things."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def relative(file: str) -> str:
    """Name a file as other programs want it: relative to the folder where the check ran.

    Write a path below the working folder relative to it, with slashes; others whole.
    """
    path = Path(os.path.normpath(file))
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return path.as_posix()
