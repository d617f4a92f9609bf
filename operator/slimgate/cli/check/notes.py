"""What a user should know beside the verdicts: what was left out or assumed, and why."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from slimgate.cli.check.judge import Case, Judged
from slimgate.cli.check.rules import void
from slimgate.cli.manifests.files import Inputs
from slimgate.cli.manifests.other_kinds import other_kinds_note
from slimgate.cli.manifests.read import FileDocument
from slimgate.cli.manifests.sort import Sorted, skipped
from slimgate.core.errors import ImageError
from slimgate.core.images.reference import Reference
from slimgate.core.json_object import mapping_at, text_at
from slimgate.core.text import printable
from slimgate.engine.policy_index import NAME_LABEL

_MAX_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Under what a check was made: with a cluster, or from files alone."""

    found: Sorted
    with_cluster: bool
    inputs: Inputs = field(default_factory=Inputs)
    read: frozenset[str] = frozenset()
    """The files that policies and exceptions were read from."""
    unplaced: Sequence[FileDocument] = ()
    """The exceptions that name no namespace, and so are taken to be in `namespace`."""
    namespace: str = ""
    labelled: AbstractSet[str] = frozenset()
    """The namespaces whose labels are known."""
    broken: Sequence[str] = ()
    """What in the cluster can't be used or read, in sentences."""
    missing: Mapping[Reference, ImageError] = field(default_factory=dict)


def notes(case: Case, judged: Sequence[Judged], around: Circumstances) -> list[str]:
    """Write all notes, each once."""
    found = [
        *around.broken,
        *_unbuilt(around.inputs),
        *_strange(around),
        *_of_other_kinds(around.found),
        *_ignored(around.found, around.read),
        *_unplaced(around.unplaced, around.namespace),
        *_unlabelled(case, around.labelled),
        *([] if around.with_cluster else _growth(judged)),
        *_void(case),
        *(f"--map {printable(text)}: no workload has this image" for text in case.sources.unused()),
        *(f"the base {ref} of a BaseImage: {err}" for ref, err in around.missing.items()),
        *_not_files(judged),
        *_imageless(judged),
        *_nothing(judged),
    ]
    return list(dict.fromkeys(found))


def _unbuilt(inputs: Inputs) -> Iterator[str]:
    """Say that a kustomization changes what its folder holds, and that nobody has built it."""
    if inputs.kustomizations:
        yield (
            f"a kustomization is not built, so what it makes is not judged: build it first, as in "
            f"kubectl kustomize {printable(inputs.kustomizations[0], 1024)} | slimgate check -; "
            f"there is one in {_join(inputs.kustomizations, 1024)}"
        )


def _strange(around: Circumstances) -> Iterator[str]:
    sentence = skipped(around.found.strange)
    if sentence is not None:
        yield sentence
    if around.inputs.foreign:
        yield (
            "skipped files that are neither YAML nor JSON, and show no sign of Kubernetes: "
            f"{_join(around.inputs.foreign, 1024)}; --exclude GLOB leaves files out"
        )


def _of_other_kinds(found: Sorted) -> Iterator[str]:
    sentence = other_kinds_note(found.others)
    if sentence is not None:
        yield sentence


def _ignored(found: Sorted, read: frozenset[str]) -> Iterator[str]:
    # A namespace's own manifests must not excuse themselves: in the cluster, that takes a right.
    for documents, kind, option in (
        (found.policies, "SlimPolicy", "--policy"),
        (found.exceptions, "SlimException", "--exceptions"),
        (found.base_images, "BaseImage", "--policy"),
    ):
        for document in documents:
            if os.path.realpath(document.file) not in read:
                yield f"{kind} {_name(document)} is not applied: name its file by {option} too"


def _unplaced(exceptions: Sequence[FileDocument], namespace: str) -> Iterator[str]:
    """Name exceptions that may count for another namespace once they are applied."""
    for document in exceptions:
        yield (
            f"SlimException {_name(document)} names no namespace, and is taken to be in "
            f"{namespace}: write the one that it excuses into it, or set --namespace"
        )


def _unlabelled(case: Case, labelled: AbstractSet[str]) -> Iterator[str]:
    """Name the namespaces whose labels a policy asks for, unless it would not match anyway."""
    for name, policy in sorted(case.catalog.policies.items()):
        selector = policy.match.namespace_selector
        if selector is None or all(one.key == NAME_LABEL for one in selector.requirements):
            continue
        match = replace(policy.match, namespace_selector=None)
        names = dict.fromkeys(
            placed.workload.namespace
            for placed in case.workloads
            if placed.workload.namespace not in labelled
            and not case.catalog.excludes(placed.workload.namespace)
            and match.workload(placed.workload, {})
        )
        if names:
            yield (
                f"policy {name} chooses namespaces by label, and the labels of "
                f"{_join(list(names))} are unknown, so it takes them to have none: add the "
                "Namespace to the files, or use --cluster"
            )


def _growth(judged: Iterable[Judged]) -> Iterator[str]:
    for entry in judged:
        for policy in entry.verdict.policies:
            if policy.limits.growth is not None:
                yield (
                    f"policy {policy.name} limits growth, which only --cluster can judge: "
                    "it is compared with what runs"
                )


def _void(case: Case) -> Iterator[str]:
    namespaces = {placed.workload.namespace for placed in case.workloads}
    relevant = [e for e in case.catalog.exceptions.values() if e.namespace in namespaces]
    yield from void(relevant, case.catalog.policies.values(), case.now)


def _not_files(judged: Sequence[Judged]) -> Iterator[str]:
    """Remind of files where a name without a tag was taken for an image, and is none."""
    for entry in judged:
        name = entry.placed.title
        lost = any(isinstance(one, ImageError) for one in entry.verdict.subject.images.values())
        if entry.placed.file is None and lost and ":" not in name and "@" not in name:
            yield f"{printable(name)}: there is no file or folder of that name either"


def _imageless(judged: Sequence[Judged]) -> Iterator[str]:
    """Name workloads without an image: a part of one is none, and a key may be misspelt."""
    bare = [str(entry.placed.workload) for entry in judged if not entry.placed.workload.images]
    if bare:
        yield f"no container of these workloads names an image, so nothing is judged: {_join(bare)}"
    placed = [entry.placed for entry in judged]
    partial = [str(one.workload) for one in placed if one.lacks_image and one.workload.images]
    if partial:
        yield (
            "a container of these workloads names no image, so that one is not judged: "
            f"{_join(partial)}"
        )


def _nothing(judged: Sequence[Judged]) -> Iterator[str]:
    if not judged:
        yield "there is no workload in these files"
    elif not any(entry.verdict.policies for entry in judged):
        yield "no policy applies to any of these workloads: is --namespace right?"


def _name(document: FileDocument) -> str:
    name = text_at(mapping_at(document.content, "metadata"), "name")
    return f"{printable(name, 253)} in {printable(document.file, 1024)}"


def _join(names: Sequence[str], longest: int = 63) -> str:
    shown = ", ".join(printable(name, longest) for name in names[:_MAX_NAMED])
    return shown + (f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else "")
