"""Which manifests of an index the runtimes of nodes may choose.

https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md says that the first that
matches should be used, and runtimes differ in what matches and in what comes first. So all that
some runtime may choose is judged, that first which one is known to choose.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

from slimgate.core.images.facts import Digest, Platform
from slimgate.core.images.oci import ZSTD, Descriptor, Index
from slimgate.core.images.platforms import is_plain, machines, normalized, runnable


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
    runs = _runs(index, wanted)
    taken = list(chain.from_iterable(runs))
    written = [entry for entry in taken if _is_written(entry, wanted)]
    yield from chain.from_iterable(islice(run, 1) for run in runs)
    yield from islice((entry for entry in written if entry.annotations.get(ZSTD) == "true"), 1)
    yield from islice(written, 1)
    yield from taken
    # An entry without a platform is for any, but runtimes take it last.
    is_settled = all(any(map(_is_sure, run)) for run in runs)
    if not (is_settled and any(map(_is_plain, written))):
        yield from (entry for entry in index.manifests if entry.platform is None)


def _runs(index: Index, wanted: Platform) -> Sequence[Sequence[Descriptor]]:
    """List for each machine that is meant the entries that some runtime takes for it."""
    system = normalized(wanted).os
    named: dict[Platform, list[Descriptor]] = {}
    for entry in index.manifests:
        if entry.platform is not None:
            named.setdefault(normalized(entry.platform, system), []).append(entry)
    return [_run(named, machine) for machine in machines(wanted)]


def _run(named: Mapping[Platform, list[Descriptor]], machine: Platform) -> list[Descriptor]:
    """List the best entries for a machine, down to one that no runtime passes over."""
    found: list[Descriptor] = []
    for one in runnable(machine):
        found += named.get(one, ())
        if any(map(_is_sure, found)):
            break
    return found


def _is_sure(entry: Descriptor) -> bool:
    return not entry.asks_for_more and entry.platform is not None and is_plain(entry.platform)


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
