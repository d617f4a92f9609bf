"""Where the image behind a reference in a manifest is looked up: --map and --source."""

from collections.abc import Sequence
from contextlib import suppress

from slimgate.cli.shared.forms import Origin
from slimgate.core.errors import InvalidReferenceError, SettingsError
from slimgate.core.images.reference import Reference
from slimgate.core.images.source import SourcedReference, SourceKind, parse_source
from slimgate.core.text import printable


class Sources:
    """Finds the source of each reference, and knows which of the maps were of use."""

    def __init__(self, maps: Sequence[str] = (), origin: Origin = Origin.REGISTRY) -> None:
        """Read `REF=SOURCE` entries; SettingsError or InvalidReferenceError for a wrong one."""
        self._origin = origin
        self._maps = dict(map(_read, maps))
        self._forms = {_canonical(text): text for text in self._maps}
        self._used: set[str] = set()

    def of(self, text: str) -> SourcedReference:
        """Tell where to look an image up; InvalidReferenceError if the text names none."""
        mapped = self._mapped(text)
        if mapped is not None:
            return mapped
        sourced = parse_source(text)
        if sourced.kind is SourceKind.REGISTRY and self._origin is Origin.DOCKER:
            return parse_source(f"{SourceKind.ENGINE.value}{text}")
        return sourced

    def is_replaced(self, text: str) -> bool:
        """Whether what will run under a reference is another image than what runs under it now."""
        return self._origin is Origin.DOCKER or self._map_of(text) is not None

    def locate(self, text: str) -> tuple[Reference, str]:
        """Tell a judge where an image is, and what it is called there."""
        sourced = self.of(text)
        return sourced.reference, sourced.text

    def locate_base(self, reference: Reference) -> Reference:
        """Tell where to look a base up: a build leaves none in an engine."""
        mapped = self._mapped(str(reference))
        return reference if mapped is None else mapped.reference

    def unused(self) -> list[str]:
        """List the references of maps that no manifest names."""
        return [text for text in self._maps if text not in self._used]

    def _mapped(self, text: str) -> SourcedReference | None:
        mapped = self._map_of(text)
        if mapped is None:
            return None
        self._used.add(mapped)
        return self._maps[mapped]

    def _map_of(self, text: str) -> str | None:
        return text if text in self._maps else self._forms.get(_canonical(text))


def _read(entry: str) -> tuple[str, SourcedReference]:
    text, equals, source = entry.partition("=")
    if not text or not equals or not source:
        raise SettingsError(
            f"--map {printable(entry, 128)!r}: write REF=SOURCE, as in shop:1=oci:build/shop:1"
        )
    return text, parse_source(source)


def _canonical(text: str) -> str:
    with suppress(InvalidReferenceError):
        return str(Reference.parse(text).plain)
    return text
