"""What names an object, and the way to its images: fields of a type that nobody would take."""

from collections.abc import Iterator, Mapping
from typing import Final

from slimgate.cli.manifests.errors import InputError
from slimgate.cli.manifests.lines import field_line
from slimgate.cli.manifests.read import FileDocument
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.text import printable
from slimgate.core.workloads.kinds import TemplatePaths
from slimgate.core.workloads.workload import group_of

_TEXTS: Final = ("name", "generateName", "namespace")
_MAPS: Final = ("labels", "annotations")
_LISTS: Final = ("volumes", "imagePullSecrets")
_OBJECT: Final = "must be an object"
_LIST: Final = "must be a list"
_NAMELESS: Final = "is missing: give the object a name, or a generateName to make one of"


def check_type(document: FileDocument) -> None:
    """Refuse an object whose kind or apiVersion is no text: it would be passed over."""
    content = document.content
    if not content.keys() >= {"kind", "apiVersion"}:
        return
    for key in ("kind", "apiVersion"):
        if why := _no_text(content[key]):
            raise _error(document, key, why)


def check_head(document: FileDocument, template_paths: TemplatePaths) -> None:
    """Refuse an object that is judged, or judges, and whose head the API server would refuse."""
    for path, why in _faults(document.content, template_paths):
        raise _error(document, path, why)


def check_name(document: FileDocument) -> None:
    """Refuse an object that has no name, nor a generateName that one would be made of."""
    metadata = mapping_at(document.content, "metadata")
    if not text_at(metadata, "name") and not text_at(metadata, "generateName"):
        raise _error(document, "metadata.name", _NAMELESS)


def _faults(content: JsonObject, template_paths: TemplatePaths) -> Iterator[tuple[str, str]]:
    group, kind = group_of(text_at(content, "apiVersion")), text_at(content, "kind")
    yield from _of_metadata(content)
    path = template_paths.get((group, kind))
    if path is None:
        return
    value: JsonObject = content
    at = ""
    for step in (*path, "spec"):
        at = f"{at}.{step}".lstrip(".")
        if not _is_object(value.get(step)):
            yield at, _OBJECT
        value = mapping_at(value, step)
    for key in _LISTS:
        if not isinstance(value.get(key) or [], list):
            yield f"{at}.{key}", _LIST
    if why := _no_text(value.get("serviceAccountName")):
        yield f"{at}.serviceAccountName", why


def _of_metadata(content: JsonObject) -> Iterator[tuple[str, str]]:
    if not _is_object(content.get("metadata")):
        yield "metadata", _OBJECT
    metadata = mapping_at(content, "metadata")
    for key in _TEXTS:
        if why := _no_text(metadata.get(key)):
            yield f"metadata.{key}", why
    for key in _MAPS:
        if not _is_object(metadata.get(key)):
            yield f"metadata.{key}", _OBJECT
        for name, value in mapping_at(metadata, key).items():
            if why := _no_text(value):
                yield f"metadata.{key}.{name}", why


def _is_object(value: object) -> bool:
    return value is None or isinstance(value, Mapping)


def _no_text(value: object) -> str | None:
    """Say what to do about a value that is no text; what is left out is none."""
    match value:
        case None | str():
            return None
        case bool():
            return f'must be text: write it in quotes, as in "{str(value).lower()}"'
        case int() | float():
            return f'must be text: write it in quotes, as in "{value}"'
        case _:
            return f"must be text, not {'a list' if isinstance(value, list) else 'an object'}"


def _error(document: FileDocument, path: str, why: str) -> InputError:
    line = field_line(document.content, path) or document.line
    return InputError(document.file, line, f"{printable(path, 128)} {why}")
