"""Makes facts, policies and subjects of few words."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from slimgate.core.errors import ImageError
from slimgate.core.images.facts import (
    UNKNOWN_BASE,
    Base,
    DiffID,
    Digest,
    ImageFacts,
    Inspection,
    Layer,
    Platform,
    Size,
)
from slimgate.core.images.tier import Evidence, Tier
from slimgate.core.policies.finding import Finding, Outcome, Subject
from slimgate.core.policies.policy import (
    BaseRules,
    Chosen,
    Limit,
    Limits,
    Match,
    MinEvidence,
    OnFalseClaim,
    Policy,
    TierLimit,
)
from slimgate.core.policies.verdict import Verdict, evaluate
from slimgate.core.workloads.workload import ImageUse, Role, Workload

MIB = 2**20
AMD64 = Platform("linux", "amd64")
ARM64 = Platform("linux", "arm64")
SHA = f"sha256:{'a' * 64}"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
GOLANG = Base(name="golang:1.26", family="debian", tier=Tier.BUILDER, evidence=Evidence.PROVEN)
EVIL = "\x1b[2J\u202e\nevil\x07"


def digest(number: int) -> Digest:
    """Make a digest of a number."""
    return Digest(f"sha256:{number:064x}")


def layer(
    number: int,
    pull: int | Size,
    unpacked: int | Size | None = None,
    made: str | None = None,
) -> Layer:
    """Make a layer whose digest is made of its number; it unpacks to what is to pull."""
    size = pull if isinstance(pull, Size) else Size.known(pull)
    if unpacked is None:
        unpacked = pull
    if isinstance(unpacked, int):
        unpacked = Size.measured(unpacked)
    return Layer(
        digest=digest(number),
        diff_id=DiffID(digest(number)),
        media_type="application/vnd.oci.image.layer.v1.tar+gzip",
        pull=size,
        unpacked=unpacked,
        created_by=made,
    )


def image(
    *layers: Layer | int | Size,
    platform: Platform = AMD64,
    base: Base = UNKNOWN_BASE,
    toolchains: tuple[str, ...] = (),
) -> ImageFacts:
    """Make an image of layers, or of how much they are to pull."""
    whole = (
        one if isinstance(one, Layer) else layer(number, one)
        for number, one in enumerate(layers, start=1)
    )
    return ImageFacts(
        digest=digest(99),
        media_type=MANIFEST,
        platform=platform,
        layers=tuple(whole),
        base=base,
        toolchains=toolchains,
    )


SHOP = image(
    layer(1, 272 * MIB, 800 * MIB, "/bin/sh -c #(nop) ADD file:1 in / "),
    layer(2, 640 * MIB, 900 * MIB, "RUN /bin/sh -c go build -o /shop . # buildkit"),
    base=GOLANG,
)


def inspection(*images: ImageFacts) -> Inspection:
    """Make what a reference points at."""
    return Inspection(reference="r", digest=digest(98), media_type=MANIFEST, images=images)


def use(
    reference: str = "registry.example.com/shop:1.2",
    name: str = "web",
    role: Role = Role.CONTAINER,
) -> ImageUse:
    """Make one place in a pod template that names an image."""
    return ImageUse(role=role, name=name, reference=reference)


WEB = use()


def subject(
    images: Mapping[ImageUse, Inspection | ImageError],
    running: Mapping[ImageUse, Inspection | ImageError] | None = None,
    workload: Workload | None = None,
) -> Subject:
    """Make a workload of its images."""
    return Subject(
        workload=workload
        or Workload(
            group="apps", kind="Deployment", namespace="team-a", name="web", images=tuple(images)
        ),
        images=images,
        running=running or {},
    )


def one(facts: ImageFacts, at: ImageUse = WEB) -> Subject:
    """Make a workload of one image for one platform."""
    return subject({at: inspection(facts)})


def limiting(match: Match | None = None, **limits: Limit) -> Policy:
    """Make a policy of limits."""
    return Policy(name="default", match=match or Match(), limits=Limits(**limits))


def standing(
    *,
    allow: tuple[str, ...] = (),
    deny: tuple[str, ...] = (),
    max_tier: TierLimit | None = None,
    min_evidence: MinEvidence | None = None,
    on_false_claim: OnFalseClaim = OnFalseClaim.WARN,
    match: Match | None = None,
) -> Policy:
    """Make a policy of bases."""
    bases = BaseRules(
        allow=allow,
        deny=deny,
        max_tier=max_tier,
        min_evidence=min_evidence or MinEvidence(),
        on_false_claim=on_false_claim,
    )
    return Policy(name="default", match=match or Match(), bases=bases)


def on_images(*globs: str) -> Match:
    """Match images by globs."""
    return Match(images=Chosen(include=globs))


def verdict(given: Subject, *policies: Policy) -> Verdict:
    """Reach a verdict on a day in November."""
    return evaluate(given, policies, [], datetime(2026, 11, 25, tzinfo=UTC))


def denying(**given: int) -> Limits:
    """Make limits that deny."""
    return Limits(**{name: Limit(deny=value) for name, value in given.items()})


def brief(findings: Iterable[Finding]) -> list[tuple[object, ...]]:
    """Reduce findings to what is decided: outcome, value and limit."""
    return [(finding.outcome, finding.value, finding.limit) for finding in findings]


def finding(
    check: str, outcome: Outcome, *, policy: str = "default", at: ImageUse | None = WEB
) -> Finding:
    """Make a finding without values."""
    return Finding(policy=policy, check=check, outcome=outcome, use=at)


DENY, WARN, UNKNOWN = Outcome.DENY, Outcome.WARN, Outcome.UNKNOWN


def json_of(*keys: str, leaves: SearchStrategy[object] | None = None) -> SearchStrategy[object]:
    """Make JSON whose objects mostly have the given keys, and whose leaves are mostly the given."""
    words = st.sampled_from(keys) | st.text(max_size=8) if keys else st.text(max_size=8)
    plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
    ends = plain if leaves is None else leaves | plain
    return st.recursive(
        ends,
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=len(keys) or 4)
        ),
        max_leaves=30,
    )
