"""Objects with containers of kinds that nobody judges: a user should not take them for judged."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from slimgate.cli.manifests.read import FileDocument
from slimgate.core.errors import InvalidReferenceError
from slimgate.core.images.reference import Reference
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.text import nearest, printable
from slimgate.core.workloads.kinds import TEMPLATE_PATHS
from slimgate.core.workloads.workload import group_of

_LISTS: Final = frozenset({"containers", "initContainers", "ephemeralContainers"})
_RUN_NOTHING: Final = frozenset(
    {"ConfigMap", "ControllerRevision", "CustomResourceDefinition", "Event", "Secret"}
)
_OURS: Final = {kind: group for group, kind in TEMPLATE_PATHS}
_FORMER: Final = "extensions"
"""Where Deployments were until Kubernetes 1.16."""
_MAX_VALUES: Final = 20_000
"""More than any object's; a guess."""
_MAX_NAMED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherKind:
    """An object that has containers, of a kind that is not judged."""

    file: str
    line: int
    api_version: str
    kind: str
    namespace: str
    name: str


def other_kind_in(document: FileDocument) -> OtherKind | None:
    """Tell an object that seems to run images from those that don't."""
    content = document.content
    kind = text_at(content, "kind")
    if kind in _RUN_NOTHING or not _runs_images(content):
        return None
    metadata = mapping_at(content, "metadata")
    return OtherKind(
        file=document.file,
        line=document.line,
        api_version=text_at(content, "apiVersion"),
        kind=kind,
        namespace=text_at(metadata, "namespace"),
        name=text_at(metadata, "name") or text_at(metadata, "generateName"),
    )


def mistaken(other: OtherKind) -> str | None:
    """Say what was likely meant, if a kind of Kubernetes' own seems to be misspelt."""
    kind, group = other.kind, group_of(other.api_version)
    if kind in _OURS and (not other.api_version or group == _FORMER):
        right = f"{_OURS[kind]}/v1".removeprefix("/")
        return f"the apiVersion of a {kind} is {right}"
    meant = nearest(kind, [one for one, its in _OURS.items() if its == group])
    if meant is None or not other.api_version:
        return None
    return f"{group or 'v1'} has no kind {printable(kind, 63)!r}: did you mean {meant}?"


def other_kinds_note(found: Iterable[OtherKind]) -> str | None:
    """Say which kinds were not judged, and how to have them judged; None if there are none."""
    kinds: dict[str, None] = {}
    for one in found:
        written = f"{printable(one.kind, 63)} ({printable(one.api_version, 128)})"
        kinds.setdefault(f"{written} in {printable(one.file, 1024)}")
    if not kinds:
        return None
    more = f" and {len(kinds) - _MAX_NAMED} more" if len(kinds) > _MAX_NAMED else ""
    named = ", ".join(list(kinds)[:_MAX_NAMED])
    return (
        f"these have containers, and their kinds are not judged: {named}{more}; add a kind with a "
        "pod template to extraKinds in the configuration file, or check what its controller makes; "
        "--require-all fails on them"
    )


def _runs_images(content: JsonObject) -> bool:
    for key, value in islice(_values(content), _MAX_VALUES):
        if key in _LISTS and isinstance(value, list) and any(map(_is_container, value)):
            return True
        if key == "image" and isinstance(value, str) and _is_image(value):
            return True
    return False


def _values(content: JsonObject) -> Iterator[tuple[str, object]]:
    waiting: list[object] = [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            yield from value.items()
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _is_container(entry: object) -> bool:
    return isinstance(entry, Mapping) and bool(entry.get("image") or entry.get("name"))


def _is_image(text: str) -> bool:
    try:
        Reference.parse(text)
    except InvalidReferenceError:
        return ":" in text and "://" not in text and "\n" not in text  # it may be a local one
    return True
