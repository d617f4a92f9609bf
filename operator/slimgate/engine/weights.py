"""What is kept of images takes so many bytes of memory, roughly: objects by count, texts whole."""

from collections.abc import Iterable
from typing import Final

from slimgate.core.images.facts import ImageFacts, Inspection
from slimgate.core.images.oci import Index
from slimgate.engine.reading import Draft

_OBJECT: Final = 512


def of_facts(facts: ImageFacts) -> int:
    """Weigh facts of one manifest."""
    made = sum(len(layer.created_by or "") for layer in facts.layers)
    return _OBJECT * (2 + len(facts.layers)) + made


def of_inspection(inspection: Inspection) -> int:
    """Weigh all facts of one answer."""
    return _OBJECT + sum(map(of_facts, inspection.images))


def of_index(index: Index) -> int:
    """Weigh an index."""
    told = sum(_texts(one.annotations.items()) for one in index.manifests)
    return _OBJECT * (1 + len(index.manifests)) + told + _texts(index.annotations.items())


def of_draft(draft: Draft | None) -> int:
    """Weigh the documents that facts are made of."""
    if draft is None:
        return 0
    weight = _OBJECT * (1 + len(draft.manifest.layers))
    weight += _texts(draft.manifest.annotations.items())
    if (config := draft.config) is not None:
        steps = ((step.created_by, step.comment) for step in config.history)
        weight += _texts(config.labels.items()) + _texts(steps) + _OBJECT * len(config.history)
        weight += sum(map(len, (*config.env, *config.entrypoint, *config.cmd, *config.shell)))
    return weight


def _texts(pairs: Iterable[tuple[str, str]]) -> int:
    return sum(len(one) + len(other) for one, other in pairs)
