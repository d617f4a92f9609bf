"""What the arguments of `slimgate check` name: manifests, or images."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from slimgate.cli.manifests import STDIN, SUFFIXES
from slimgate.cli.manifests.files import files_of
from slimgate.cli.manifests.sort import PlacedWorkload
from slimgate.cli.shared.outputs import below
from slimgate.core.errors import InvalidReferenceError, SettingsError
from slimgate.core.images.reference import Reference
from slimgate.core.images.source import SourceKind, parse_source
from slimgate.core.text import printable
from slimgate.core.workloads.workload import ImageUse, Role, Workload

_PATH: Final = re.compile(r"[./~]|.*/$|.*(?:" + "|".join(map(re.escape, SUFFIXES)) + ")$")
_URL: Final = re.compile(r"(?:https?|oci|file|s3|git|ssh)://", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Manifests as files, folders or `-`, and images as references."""

    manifests: Sequence[str] = ()
    images: Sequence[str] = ()


def sort_targets(arguments: Sequence[str], *, by_flags_alone: bool) -> Targets:
    """Tell manifests from images: what exists as a file or folder is one.

    SettingsError for what is neither, or may be both. With `by_flags_alone` no policy is named, and
    a bare name such as alpine is an image; beside a policy it may as well be a folder misspelt.
    """
    manifests = [argument for argument in arguments if _is_manifest(argument)]
    images = [argument for argument in arguments if not _is_manifest(argument)]
    for image in images:
        _check(image, by_flags_alone=by_flags_alone)
    return Targets(manifests=manifests, images=images)


def read_files(
    arguments: Sequence[str], files: Sequence[str] = (), exclude: Sequence[str] = ()
) -> Iterator[str]:
    """Name every file that arguments have read: those of folders, layouts and archives, too."""
    manifests = [one for one in arguments if _is_manifest(one)]
    yield from files_of([*manifests, *files], exclude)
    yield from mapped_files(one for one in arguments if _is_local(one))


def mapped_files(sources: Iterable[str]) -> Iterator[str]:
    """Name the files of images that lie in layouts and archives; `REF=SOURCE` is one, too."""
    for text in sources:
        with suppress(InvalidReferenceError):
            source = parse_source(text if _is_local(text) else text.partition("=")[2])
            if source.kind not in {SourceKind.REGISTRY, SourceKind.ENGINE}:
                yield from below(source.location)


def placed_image(text: str, namespace: str) -> PlacedWorkload:
    """Make the workload that an image is judged as: a Pod of that namespace with one container."""
    source = parse_source(text)
    place = source.location if source.kind.is_local else source.reference.repository
    name = place.rpartition("/")[2]
    use = ImageUse(role=Role.IMAGE, name="", reference=text)
    return PlacedWorkload(
        workload=Workload(kind="Pod", namespace=namespace, name=name, images=(use,)),
        file=None,
        line=None,
    )


def _is_manifest(argument: str) -> bool:
    if argument == STDIN:
        return True
    if _is_local(argument) or _URL.match(argument):
        return False
    return bool(_PATH.match(argument)) or bool(argument and Path(argument).exists())


def _is_local(argument: str) -> bool:
    return any(kind.is_local and argument.startswith(kind.value) for kind in SourceKind)


def _check(text: str, *, by_flags_alone: bool) -> None:
    shown = printable(text, 128)
    if not text:
        raise SettingsError(
            "'': there is no such file or folder, and the name is empty: is a variable unset?"
        )
    if scheme := _URL.match(text):
        also = "; an OCI layout is written oci:FOLDER" if scheme[0].lower() == "oci://" else ""
        raise SettingsError(
            f"{shown} is a URL: write an image without https://, and pipe a manifest in, as in "
            f"curl -fsSL URL | slimgate check -{also}"
        )
    try:
        source = parse_source(text)
    except InvalidReferenceError as err:
        raise SettingsError(f"{shown}: there is no such file or folder, and {err}") from err
    if (
        source.kind is SourceKind.REGISTRY
        and not by_flags_alone
        and _is_bare(text, source.reference)
    ):
        raise SettingsError(
            f"{shown}: there is no such file or folder; if it is an image, write its tag too, as "
            f"in {shown}:latest"
        )


def _is_bare(text: str, reference: Reference) -> bool:
    """Whether it names neither tag, digest nor registry, and so looks like a path."""
    return ":" not in text and "@" not in text and not text.startswith(reference.registry)
