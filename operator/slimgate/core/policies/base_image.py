"""BaseImage: an organisation's own bases, recognised by their layers for every policy alike."""

from dataclasses import dataclass
from typing import Final

from slimgate.core.errors import ImageError, InvalidPolicyError, InvalidReferenceError
from slimgate.core.fields import ANY, object_of, one_of, texts_of
from slimgate.core.images.facts import Digest
from slimgate.core.images.reference import Reference, parse_digest
from slimgate.core.images.tier import Tier
from slimgate.core.json_object import JsonObject, mapping_at, objects_at, text_at

MAX_REFERENCES: Final = 32
MAX_RESOLVED: Final = 128
"""Entries of status.resolved: the digests of all references, former ones too."""
_SPEC: Final = frozenset({"references", "tier"})
_TEXT: Final = ANY.up_to(512)
_TIERS: Final = {tier.label: tier for tier in Tier}


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseImage:
    """What one BaseImage names: bases, and their `tier`, None where their layers decide it.

    `texts` are the references as its spec has them, in which people look for them in its status.
    `earlier` are the digests that its status lists, newest first: what a reference pointed at
    before its tag moved, images that run may be based on still.
    """

    name: str
    references: tuple[Reference, ...]
    texts: tuple[str, ...] = ()
    tier: Tier | None = None
    earlier: tuple[tuple[Reference, Digest], ...] = ()

    def text_of(self, reference: Reference) -> str:
        """Write one of its references as its spec does."""
        return dict(zip(self.references, self.texts, strict=False)).get(
            reference, reference.familiar
        )

    def earlier_of(self, reference: Reference) -> tuple[Digest, ...]:
        """List the digests of one reference, newest first."""
        return tuple(digest for one, digest in self.earlier if one == reference)


def parse_base_image(resource: JsonObject) -> BaseImage:
    """Read a BaseImage; InvalidPolicyError names the field at fault."""
    name = text_at(mapping_at(resource, "metadata"), "name")
    if not name:
        raise InvalidPolicyError("metadata.name", "is required.")
    spec = object_of(resource.get("spec"), "spec", _SPEC)
    entries = texts_of(spec.get("references"), "spec.references", _TEXT)
    if not 1 <= len(entries) <= MAX_REFERENCES:
        raise InvalidPolicyError("spec.references", f"must be 1 to {MAX_REFERENCES} references.")
    references: dict[Reference, str] = {}
    for i, text in enumerate(entries):
        references.setdefault(_reference(text, f"spec.references[{i}]"), text)
    return BaseImage(
        name=name,
        references=tuple(references),
        texts=tuple(references.values()),
        tier=one_of(spec["tier"], _TIERS, "spec.tier") if "tier" in spec else None,
        earlier=tuple(_earlier(mapping_at(resource, "status"), frozenset(references))),
    )


def claims(text: str, reference: Reference) -> bool:
    """Whether a claim, as images write it, may mean a reference.

    By digest where both have one, else by tag; where one has only a digest and the other only a
    tag, they may be the same.
    """
    try:
        claim = Reference.parse(text)
    except InvalidReferenceError:
        return False  # facts that are kept in the cluster can be edited by hand
    if claim.plain.name != reference.plain.name:
        return False
    if claim.digest and reference.digest:
        return claim.digest == reference.digest
    return claim.tag is None or reference.tag is None or claim.tag == reference.tag


def _reference(text: str, path: str) -> Reference:
    try:
        return Reference.parse(text)
    except InvalidReferenceError as err:
        raise InvalidPolicyError(path, str(err)) from err


def _earlier(
    status: JsonObject, references: frozenset[Reference]
) -> list[tuple[Reference, Digest]]:
    """Read digests of references that are still in the spec; what is malformed is left out."""
    found: list[tuple[Reference, Digest]] = []
    for entry in list(objects_at(status, "resolved"))[:MAX_RESOLVED]:
        try:
            reference = Reference.parse(text_at(entry, "reference"))
            digest = parse_digest(text_at(entry, "digest"))
        except ImageError:
            continue
        if reference in references:
            found.append((reference, digest))
    return found
