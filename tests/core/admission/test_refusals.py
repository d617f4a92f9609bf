"""Which images the API server is to refuse by itself, as the data that it goes by."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from slimgate.core.admission import refused_texts
from slimgate.core.admission.refusals import RefusableImage, RefusedImage, refused, scopes_of
from slimgate.core.admission.refused_texts import Data, remembered, texts_of
from slimgate.core.images.facts import Size
from slimgate.core.images.reference import Reference
from slimgate.core.matching.selector import Requirement, Selector
from slimgate.core.policies.exception import SlimException
from slimgate.core.policies.policy import (
    BaseRules,
    Chosen,
    ExceptionRules,
    Limit,
    Limits,
    Match,
    Mode,
    Policy,
    TierLimit,
)
from tests.core.make import MIB, SHOP, digest, inspection, on_images

NOW = datetime(2026, 11, 30, tzinfo=UTC)
PULL = Limits(pull_size=Limit(deny=300 * MIB))
FAT = "registry.example.com/shop:1.2"
NAMED = FAT.removesuffix(":1.2")
INDEX, MANIFEST = digest(98), digest(99)
TIER = BaseRules(max_tier=TierLimit(deny=SHOP.base.tier.FULL if SHOP.base.tier else None))


def policy(name: str = "default", **fields: Any) -> Policy:
    """Make a policy that enforces a limit on pull sizes."""
    return replace(Policy(name=name, mode=Mode.ENFORCE, limits=PULL), **fields)


def known(reference: str = FAT, *, shared: bool = True, user: str = "team-a") -> RefusableImage:
    """Make an image over the limit that a namespace uses."""
    return RefusableImage(
        reference=Reference.parse(reference).plain,
        inspection=inspection(SHOP),
        namespaces=frozenset({user}),
        shared=shared,
    )


LIMITED = policy()
DIGESTS: set[str] = {INDEX, MANIFEST}
"""What no other image has."""
BY_NAME = {FAT, f"{NAMED}@{INDEX}", f"{NAMED}@{MANIFEST}"}
CASES: dict[str, tuple[str, Policy, set[str]]] = {
    "tag and digests": (FAT, LIMITED, {FAT, *DIGESTS}),
    "a familiar name": ("shop", LIMITED, {"docker.io/library/shop:latest", *DIGESTS}),
    "another spelling": ("REGISTRY.example.com:443/shop:1.2", LIMITED, {FAT, *DIGESTS}),
    "by digest": (f"{NAMED}@{INDEX}", LIMITED, DIGESTS),
    "by tag and digest the tag is nobody's word": (f"{FAT}@{INDEX}", LIMITED, DIGESTS),
    "within": (FAT, policy(limits=Limits(pull_size=Limit(deny=3000 * MIB))), set()),
    "only warned of": (FAT, policy(limits=Limits(pull_size=Limit(warn=1))), set()),
    "Warn": (FAT, policy(mode=Mode.WARN), set()),
    "Audit": (FAT, policy(mode=Mode.AUDIT), set()),
    "meant by its name": (FAT, policy(match=on_images("registry.example.com/**")), BY_NAME),
    "a tag is none of its digest": (
        FAT,
        policy(match=on_images("**/shop:1.*")),
        {FAT},
    ),
    "not meant": (FAT, policy(match=on_images("**/other")), set()),
    "what not the manifest vouches for": (FAT, policy(limits=Limits(), bases=TIER), BY_NAME),
    "by other images": (FAT, policy(limits=Limits(workload_pull_size=Limit(deny=1))), set()),
    "by what runs": (FAT, policy(limits=Limits(growth=Limit(deny=0))), set()),
}


@pytest.mark.parametrize("case", CASES)
def test_keys(case: str) -> None:
    """An image is refused by all that surely means it, and by nothing that may mean another."""
    reference, one, expected = CASES[case]
    found = refused(known(reference), scopes_of([one], (), NOW))

    assert (set(found.keys) if found else set()) == expected


def test_a_length_is_one_registrys_word() -> None:
    """What is too much only by that is refused where it was said, and nowhere else."""
    image = known()
    (facts,) = image.inspection.images
    layers = tuple(
        replace(one, pull=Size.unknown("longer", at_least=400 * MIB)) for one in facts.layers
    )
    told = replace(image.inspection, images=(replace(facts, layers=layers),))

    found = refused(replace(image, inspection=told), scopes_of([LIMITED], [], NOW))

    assert found is not None
    assert set(found.keys) == BY_NAME


def exception(**fields: Any) -> SlimException:
    """Make an exception of the namespace `excused`, that holds for a day."""
    made = SlimException(
        namespace="excused",
        name="e",
        reason="r",
        expires=NOW + timedelta(days=1),
        policies=("default",),
    )
    return replace(made, **fields)


STRICT = policy(exceptions=ExceptionRules(allowed=False))
SPARED: dict[str, tuple[Policy, SlimException, tuple[str, ...]]] = {
    "everything": (LIMITED, exception(), ("excused",)),
    "anything: it may excuse the workload": (
        LIMITED,
        exception(images=("**/other",), checks=("layers",)),
        ("excused",),
    ),
    "another policy": (LIMITED, exception(policies=("other",)), ()),
    "one that has ended": (LIMITED, exception(expires=NOW), ()),
    "one that the policy does not allow": (STRICT, exception(), ()),
}


@pytest.mark.parametrize("case", SPARED)
def test_exceptions(case: str) -> None:
    """A namespace with an exception that holds is spared by its policies, whatever it excuses."""
    one, excusing, spared = SPARED[case]
    (scope,) = scopes_of([one], [excusing], NOW)

    assert scope.spared == spared


def test_policies_that_apply_alike_share_a_sentence() -> None:
    """Two policies with the same match say it together, as the webhook does."""
    scopes = scopes_of([policy("b"), policy("a", message="Ask\nus.")], (), NOW)
    found = refused(known(), scopes)

    assert found is not None
    (said,) = found.keys[FAT]
    assert said.says.startswith(
        "pulls 912 MiB (linux/amd64), limit 300 MiB [policy a, pullSize; policy b, pullSize]; "
    )
    assert said.after[-1] == "Ask us."


def written(*images: RefusedImage | None) -> Data:
    """Write images that fit into one set."""
    (data,) = texts_of(filter(None, images)).parts
    return data


def lines(data: Data, name: str) -> list[list[str]]:
    """Return the fields of a value's lines."""
    return [line.split("\t") for line in data[name].split("\n") if line]


def test_what_is_written() -> None:
    """Whom a policy applies to is told as the API server's policy compares it."""
    match = Match(
        namespaces=Chosen(include=("team-*", "a?"), exclude=("team-x",)),
        namespace_selector=Selector((Requirement("slim", "In", frozenset({"b", "a"})),)),
        object_selector=Selector((Requirement("legacy", "DoesNotExist"),)),
        resources=frozenset({("", "Pod"), ("apps", "Deployment")}),
    )
    scopes = scopes_of([policy(match=match)], [exception()], NOW)
    data = written(refused(known(shared=False), scopes))

    ((name, *fields),) = lines(data, "scopes")
    assert fields == [
        r"^(a.|team\x{2d}.*)$",
        r"^(team\x{2d}x)$",
        "excused",
        "/Pod,apps/Deployment",
        "slim|In|a,b",
        "legacy|DoesNotExist|",
    ]
    refusal = dict(lines(data, f"images.{FAT[-1]}"))[FAT]
    ((found, scope, says, after, namespaces),) = lines(data, f"refusals.{refusal[0]}")
    assert (found, scope, namespaces) == (refusal, name, "team-a")
    assert says.startswith("pulls 912 MiB (linux/amd64), limit 300 MiB [policy default, pullSize]")
    sentences = dict(lines(data, "sentences"))
    assert [sentences[one].partition(" ")[0] for one in after.split(",")] == ["Build", "To"]


def test_the_order_of_sentences() -> None:
    """Whom to ask comes last, whichever image is refused first, as in each denial by itself."""
    large, deep = refused(known(), scopes_of([LIMITED], (), NOW)), None
    layers = policy("deep", limits=Limits(layers=Limit(deny=1)), message="Ask us.")
    deep = refused(known("other.example.com/x:1"), scopes_of([layers], (), NOW))
    assert large is not None
    assert deep is not None
    wanted = [(*large.keys.values(),)[0][0].after, (*deep.keys.values(),)[0][0].after]

    for order in ((large, deep), (deep, large)):
        said = [text for _, text in lines(written(*order), "sentences")]
        assert [[text for text in said if text in after] for after in wanted] == [
            list(after) for after in wanted
        ]


def test_what_a_restart_remembers() -> None:
    """It is what all namespaces may know of, by tag where there is one."""
    scopes = scopes_of([policy(limits=Limits(), bases=TIER)], (), NOW)
    private = refused(known("private.example.com/x:1", shared=False), scopes)
    pinned = refused(known(f"other.example.com/x@{INDEX}"), scopes)

    assert set(remembered(written(refused(known(), scopes), private))) == {FAT}
    assert f"other.example.com/x@{INDEX}" in set(remembered(written(pinned)))


def many(count: int, user: str) -> list[RefusedImage]:
    """Make refused images of one namespace."""
    scopes = scopes_of([LIMITED], (), NOW)
    made = []
    for number in range(count):
        size = Size.known((400 + number) * MIB)
        layers = (SHOP.layers[0], replace(SHOP.layers[1], pull=size))
        facts = replace(SHOP, digest=digest(len(user) * 10**6 + number), layers=layers)
        image = replace(
            known(f"{user}.example.com/app-{number}:1", user=user),
            inspection=replace(inspection(facts), digest=facts.digest),
        )
        found = refused(image, scopes)
        assert found is not None
        made.append(found)
    return made


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and bytes are bounded, and a namespace with very many leaves the others their own."""
    monkeypatch.setattr(refused_texts, "MAX_KEYS", 60)
    monkeypatch.setattr(refused_texts, "MAX_BYTES", 4096)
    monkeypatch.setattr(refused_texts, "MAX_PARTS", 16)
    texts = texts_of([*many(90, "greedy"), *many(10, "modest")])
    held = "".join(value for part in texts.parts for value in part.values())

    assert texts.keys <= 60
    assert texts.keys + texts.left_out == 200
    assert held.count("modest.example.com/") >= 9
    assert all(len("".join(part.values()).encode()) <= 4096 for part in texts.parts)
    assert len(texts.parts) in {4, 8, 16}


def test_a_small_change_rewrites_one_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which set an image is in hangs on the image alone."""
    monkeypatch.setattr(refused_texts, "MAX_BYTES", 4096)
    monkeypatch.setattr(refused_texts, "MAX_PARTS", 16)
    images = many(40, "team-a")
    before, after = texts_of(images).parts, texts_of(images[1:]).parts

    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1


def test_a_match_that_is_too_long_is_left_out() -> None:
    """Its policy is named, and the others hold."""
    long = Match(namespaces=Chosen(include=tuple(f"namespace-{n:05}" for n in range(5000))))
    scopes = scopes_of([policy("long", match=long), LIMITED], (), NOW)
    image = refused(known(), scopes)
    assert image is not None
    texts = texts_of([image])

    assert texts.too_long == ("long",)
    assert "long" not in str(texts.parts)
    assert texts.keys == 3
