"""Documents by what they are to slimgate: workloads, namespaces, what is slimgate's, others."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from slimgate.cli.manifests.errors import InputError
from slimgate.cli.manifests.heads import check_head, check_name, check_type
from slimgate.cli.manifests.lines import image_lines, lacks_image, misspelt, odd_image, odd_list
from slimgate.cli.manifests.other_kinds import OtherKind, mistaken, other_kind_in
from slimgate.cli.manifests.placed import line_of
from slimgate.cli.manifests.read import RENDER, TEMPLATE, FileDocument
from slimgate.core.json_object import JsonObject, labels_of, mapping_at, objects_at, text_at
from slimgate.core.policies.policy_parser import GROUP, VERSION
from slimgate.core.text import nearest, printable
from slimgate.core.workloads.kinds import TEMPLATE_PATHS, TemplatePaths
from slimgate.core.workloads.workload import ImageUse, Workload, workload_of

POLICY: Final = "SlimPolicy"
EXCEPTION: Final = "SlimException"
BASE_IMAGE: Final = "BaseImage"
_OWN: Final = (POLICY, EXCEPTION, BASE_IMAGE, "ImageProfile")
MAX_IMAGES: Final = 100_000
"""Containers and image volumes of all files together."""
_MAX_DEPTH: Final = 4
_MAX_NAMED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedWorkload:
    """A workload, where it was found, and the lines of its images.

    An image that the command line names is in no file: it is judged as a Pod with nothing else.
    `lacks_image` says that some container names none.
    """

    workload: Workload
    file: str | None
    line: int | None
    lines: Mapping[ImageUse, int] = field(default_factory=dict)
    lacks_image: bool = False

    @property
    def is_image(self) -> bool:
        """Whether it is an image that the command line names."""
        return self.file is None

    @property
    def title(self) -> str:
        """What people call it."""
        return self.workload.images[0].reference if self.is_image else str(self.workload)

    def line_of(self, use: ImageUse | None) -> int | None:
        """Tell the line to show for an image; the workload's own where none is known."""
        return self.lines.get(use, self.line) if use is not None else self.line


@dataclass(slots=True, kw_only=True)
class Sorted:
    """Everything that the documents hold; `labels` are those of namespaces, by name."""

    workloads: list[PlacedWorkload] = field(default_factory=list)
    labels: dict[str, Mapping[str, str]] = field(default_factory=dict)
    policies: list[FileDocument] = field(default_factory=list)
    exceptions: list[FileDocument] = field(default_factory=list)
    base_images: list[FileDocument] = field(default_factory=list)
    strange: list[FileDocument] = field(default_factory=list)
    others: list[OtherKind] = field(default_factory=list)


def sort(
    documents: Iterable[FileDocument],
    *,
    namespace: str,
    template_paths: TemplatePaths = TEMPLATE_PATHS,
) -> Sorted:
    """Sort documents; `namespace` is that of objects that name none."""
    found = Sorted()
    own = {POLICY: found.policies, EXCEPTION: found.exceptions, BASE_IMAGE: found.base_images}
    images = 0
    for document in _flat(documents):
        content, kind = document.content, text_at(document.content, "kind")
        api = text_at(content, "apiVersion")
        check_type(document)
        _check_kind(document)
        _check_rendered(document)
        if not kind or not api:
            _check_spelling(document, other_kind_in(document))
            found.strange.append(document)
        elif kind in own and api.partition("/")[0] == GROUP:
            check_head(document, template_paths)
            check_name(document)
            own[kind].append(document)
        elif kind == "Namespace" and api == "v1":
            check_head(document, template_paths)
            check_name(document)
            metadata = mapping_at(content, "metadata")
            found.labels[text_at(metadata, "name")] = labels_of(metadata)
        elif (workload := workload_of(content, template_paths)) is not None:
            check_head(document, template_paths)
            found.workloads.append(_placed(document, workload, namespace, template_paths))
            check_name(document)
            images += len(workload.images)
            if images > MAX_IMAGES:
                # An alias of YAML may stand for far more than it takes to write.
                raise InputError(
                    document.file,
                    document.line,
                    f"there are more than {MAX_IMAGES:,} containers up to here: check fewer files",
                )
        elif (other := other_kind_in(document)) is not None:
            _check_spelling(document, other)
            found.others.append(other)
    found.workloads = _without_copies(found.workloads)
    return found


def _check_spelling(document: FileDocument, other: OtherKind | None) -> None:
    """Refuse a kind of Kubernetes' own that is misspelt: it would not be judged."""
    why = None if other is None else mistaken(other)
    if why is not None:
        line = line_of(document.content, "kind") or document.line
        raise InputError(document.file, line, why)


def _check_rendered(document: FileDocument) -> None:
    """Refuse what a template was to write: it would be passed over, or judged as another."""
    if document.template is not None:
        raise InputError(document.file, document.template, RENDER)
    for parent, keys in (
        (document.content, ("kind", "apiVersion")),
        (mapping_at(document.content, "metadata"), ("name", "namespace")),
    ):
        for key in keys:
            if TEMPLATE in text_at(parent, key):
                raise InputError(document.file, line_of(parent, key) or document.line, RENDER)


def _check_kind(document: FileDocument) -> None:
    """Refuse kinds of slimgate's group that there are not: each is a word that was misspelt."""
    content = document.content
    kind, api = text_at(content, "kind"), text_at(content, "apiVersion")
    group = api.partition("/")[0]
    if group == GROUP and not kind:
        odd = next((key for key in content if key.lower() == "kind"), None)
        line = document.line if odd is None else line_of(content, odd) or document.line
        seen = "" if odd is None else f"; {odd!r} is written kind"
        raise InputError(
            document.file, line, f"its kind is missing: write one of {', '.join(_OWN)}{seen}"
        )
    if group == GROUP and kind not in _OWN:
        right = nearest(kind, _OWN)
        meant = f"did you mean {right}?" if right else f"there are {', '.join(_OWN)}"
        line = line_of(content, "kind") or document.line
        raise InputError(
            document.file, line, f"{GROUP} has no kind {printable(kind, 63)!r}: {meant}"
        )
    if group != GROUP and kind in _OWN and nearest(group or GROUP, [GROUP]):
        line = line_of(content, "apiVersion") or document.line
        raise InputError(
            document.file,
            line,
            f"the apiVersion of a {kind} is {GROUP}/{VERSION}"
            + (f", not {printable(api, 128)!r}" if api else ": write it"),
        )


def skipped(documents: Iterable[FileDocument]) -> str | None:
    """Say which files hold something else than Kubernetes objects; None if there are none."""
    files = list(dict.fromkeys(printable(document.file, 1024) for document in documents))
    if not files:
        return None
    more = f" and {len(files) - _MAX_NAMED} more" if len(files) > _MAX_NAMED else ""
    named = ", ".join(files[:_MAX_NAMED])
    return f"skipped documents that are not Kubernetes objects, in {named}{more}"


def _flat(documents: Iterable[FileDocument], depth: int = 0) -> Iterator[FileDocument]:
    for document in documents:
        kind, items = text_at(document.content, "kind"), document.content.get("items")
        if kind == "List" and not isinstance(items, list):
            line = line_of(document.content, "items") or document.line
            raise InputError(document.file, line, "the items of a List must be a list of objects")
        if not kind.endswith("List") or not isinstance(items, list):
            yield document
        elif depth == _MAX_DEPTH:
            raise InputError(document.file, document.line, "its lists are nested too deeply")
        else:
            inside = [_item(document, entry) for entry in objects_at(document.content, "items")]
            yield from _flat(inside, depth + 1)


def _item(around: FileDocument, entry: JsonObject) -> FileDocument:
    line = getattr(entry, "line", around.line)
    if "kind" in entry or text_at(around.content, "kind") == "List":
        return replace(around, line=line, content=entry)
    # The API server leaves kind and apiVersion out of the items of a list of one kind.
    kind = text_at(around.content, "kind").removesuffix("List")
    content = {"apiVersion": around.content.get("apiVersion"), "kind": kind, **entry}
    return replace(around, line=line, content=content)


def _placed(
    document: FileDocument,
    workload: Workload,
    namespace: str,
    template_paths: TemplatePaths,
) -> PlacedWorkload:
    misshapen = odd_list(document.content, workload, template_paths)
    if misshapen is not None:
        key, line = misshapen
        raise InputError(
            document.file,
            line or document.line,
            f"{key} must be a list of containers: begin each with - name",
        )
    odd = odd_image(document.content, workload, template_paths)
    if odd is not None:
        image, line = odd
        why = (
            f'an image is a text: write it in quotes, as in image: "{image}"'
            if isinstance(image, int | float)
            else f"this is not an image: if {RENDER}"
        )
        raise InputError(document.file, line or document.line, why)
    wrong = misspelt(document.content, workload, template_paths)
    if wrong is not None:
        key, meant, line = wrong
        why = f"{printable(key, 63)!r} is not a field here. Did you mean {meant}?"
        raise InputError(document.file, line or document.line, why)
    return PlacedWorkload(
        workload=replace(workload, namespace=workload.namespace or namespace),
        file=document.file,
        line=document.line,
        lines=image_lines(document.content, workload, template_paths),
        lacks_image=lacks_image(document.content, workload, template_paths),
    )


def _without_copies(workloads: list[PlacedWorkload]) -> list[PlacedWorkload]:
    """Leave out copies of another workload's template, as a Deployment's ReplicaSets are.

    Anyone can write an owner reference, so what has an image of its own is judged.
    """
    there = {placed.workload.key: set(placed.workload.images) for placed in workloads}
    return [
        placed
        for placed in workloads
        if (images := placed.workload.of_owner(there)) is None
        or not images.issuperset(placed.workload.images)
    ]
