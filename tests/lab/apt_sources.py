"""Which Debian mirror this machine uses, read from its own apt sources."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

SUITE = "bookworm"
ARCHIVE = "http://deb.debian.org/debian"
DEFAULT_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One archive: address, suites and the keyring that signs it."""

    uri: str
    suites: tuple[str, ...]
    keyring: str = ""


def mirror(folder: Path = Path("/etc/apt")) -> Source | None:
    """Return the machine's Debian mirror; it serves other suites than the machine's as well."""
    found = [source for source in sources(folder) if is_debian(source.uri)]
    exact = [source for source in found if SUITE in source.suites]
    return next(iter(exact + found), None)


def is_debian(uri: str) -> bool:
    """Tell whether an address is that of Debian's main archive, not of security or others."""
    return urlsplit(uri).path.rstrip("/").rpartition("/")[2] == "debian"


def sources(folder: Path) -> Iterator[Source]:
    """Read apt's sources in both of their formats (sources.list(5))."""
    lists = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*.list"))]
    for path in (one for one in lists if one.is_file()):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield from one_line(line)
    for path in sorted((folder / "sources.list.d").glob("*.sources")):
        for stanza in path.read_text(encoding="utf-8").split("\n\n"):
            yield from deb822(stanza)


def one_line(line: str) -> Iterator[Source]:
    """Read `deb [signed-by=KEYRING] URI SUITE COMPONENT…`."""
    kind, _, rest = line.strip().partition(" ")
    if kind != "deb":
        return
    options, rest = rest.strip(), rest.strip()
    if rest.startswith("["):
        options, _, rest = rest[1:].partition("]")
    words = rest.split()
    keyring = [one.partition("=")[2] for one in options.split() if one.startswith("signed-by=")]
    if len(words) > 1:
        yield Source(uri=words[0], suites=(words[1],), keyring="".join(keyring[:1]))


def deb822(stanza: str) -> Iterator[Source]:
    """Read a stanza of fields; a key inside the stanza is not a keyring's path."""
    fields: dict[str, str] = {}
    for line in stanza.splitlines():
        if not line.startswith(("#", " ")) and ":" in line:
            name, _, value = line.partition(":")
            fields[name.lower()] = value.strip()
    if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes") == "no":
        return
    keyring = fields.get("signed-by", "")
    for uri in fields.get("uris", "").split():
        yield Source(
            uri=uri,
            suites=tuple(fields.get("suites", "").split()),
            keyring=keyring if keyring.startswith("/") else "",
        )
