"""Which manifests of an index the runtimes of nodes may choose.

https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md says that the first that
matches should be used, and runtimes differ in what matches and in what comes first. So all that
some runtime may choose is judged, that first which one is known to choose.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

from slimgate.core.images.facts import Digest, Platform
from slimgate.core.images.oci import ZSTD, Descriptor, Index
from slimgate.core.images.platforms import machines, normalized, runnable


def choose(index: Index, wanted: Platform | None) -> Sequence[Descriptor]:
    """List what runtimes may choose for a platform, each digest once; all images for None."""
    if wanted is None:
        return _once(entry for entry in index.manifests if not entry.is_attestation)
    return _once(_offers(index, wanted))


def offered(index: Index) -> Sequence[str]:
    """Name the platforms that an index has images for."""
    found = {str(normalized(e.platform)) for e in choose(index, None) if e.platform is not None}
    return sorted(found)


def _offers(index: Index, wanted: Platform) -> Iterator[Descriptor]:
    named = [entry for entry in index.manifests if entry.platform is not None]
    ties = _ties(named, wanted)
    sure = _ties((entry for entry in named if not entry.asks_for_more), wanted)
    written = [entry for entry in chain.from_iterable(ties) if _is_written(entry, wanted)]
    yield from chain.from_iterable(islice(tie, 1) for tie in ties)
    yield from islice((entry for entry in written if entry.annotations.get(ZSTD) == "true"), 1)
    yield from islice(written, 1)
    yield from chain.from_iterable(ties)
    yield from chain.from_iterable(sure)
    # An entry without a platform is for any, but runtimes take it last.
    if not (any(_is_plain(entry) for entry in written) and all(sure)):
        yield from (entry for entry in index.manifests if entry.platform is None)


def _ties(entries: Iterable[Descriptor], wanted: Platform) -> Sequence[Sequence[Descriptor]]:
    """List for each machine that is meant the entries that are as good as any for it."""
    system = normalized(wanted).os
    named: dict[Platform, list[Descriptor]] = {}
    for entry in entries:
        if entry.platform is not None:
            named.setdefault(normalized(entry.platform, system), []).append(entry)
    return [_best(named, machine) for machine in machines(wanted)]


def _best(named: Mapping[Platform, list[Descriptor]], machine: Platform) -> list[Descriptor]:
    """List the entries that are as good as any for a machine."""
    return next((named[one] for one in runnable(machine) if one in named), [])


def _is_written(entry: Descriptor, wanted: Platform) -> bool:
    """Whether CRI-O takes an entry too, which reads platforms as they are written."""
    offer = entry.platform
    return offer is not None and (offer.os, offer.architecture) == (wanted.os, wanted.architecture)


def _is_plain(entry: Descriptor) -> bool:
    """Whether CRI-O surely takes it, which reads variants as they are written, too.

    https://github.com/containers/image/blob/v5.36.2/internal/pkg/platform/platform_matcher.go
    """
    offer = entry.platform
    return offer is not None and (
        not offer.variant or (offer.architecture, offer.variant) == ("arm64", "v8")
    )


def _once(entries: Iterable[Descriptor]) -> Sequence[Descriptor]:
    kept: dict[Digest, Descriptor] = {}
    for entry in entries:
        kept.setdefault(entry.digest, entry)
    return tuple(kept.values())
