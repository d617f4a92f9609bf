"""Resources as nobody would write them: every field, and every kind of mistake."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

Spec = dict[str, Any]
Place = tuple[str | int, ...]

_SIZES: Final = (
    "300Mi", "0.5Gi", "2G", "1e9", "1E3", "1E", "9e99", "0.3", "0.4", "007k", "1Ki", 1, 2, 2**40,
    2**63 - 1,
)  # fmt: skip
_TIERS: Final = ("Scratch", "Distroless", "Minimal", "Slim", "Full", "Builder")
_EVIDENCE: Final = ("Proven", "Claimed", "Inferred")
_GLOBS: Final = (
    "**", "*", "nginx", "scratch", "registry.example.com:5000/team/**", "**/legacy:*", "?",
    "nginx@sha256:*",
)  # fmt: skip
_GROUPS: Final = ("", "apps", "batch.volcano.sh", "a", "1.2")
_KINDS: Final = ("Pod", "Deployment", "Job", "ReplicationController", "K8s")
_LABELS: Final = ("", "web", "a" * 63)
_TIMES: Final = (
    "2027-01-31T00:00:00Z", "2027-12-31T23:59:59.123456789+23:59", "2999-12-31T23:59:59-23:59",
    "2000-01-01T00:00:00+23:59", "2028-02-29T00:00:00Z",
)  # fmt: skip
_ODD: Final[tuple[object, ...]] = (
    None, True, False, 0, -1, 1, 31, 1.5, 1.0, 2**63, 1e30, "", " ", "\n", "x", "X", "0", "0Mi",
    "0.0", "5m", "+1", "-5Mi", "1.2.3", "1.", ".5Gi", "300MB", "1e100", "1e9", "\uff11", "50%",
    "%", "1000000%", "٣%", "90d", "0h", "1h1h", "h", "1.5h", "30m1h", "proven", "Warn", "Deny",
    "Allow", "Full", "a b", "a/", "/a", "a//b", "[a]", "https://a/b", "Team", "team-*", "apps/v1",
    "-a", "é", "a" * 64, "a" * 257, "a" * 513, "2027-02-30T00:00:00Z", "2027-01-31t00:00:00z",
    "2027-01-31", "2027-01-31T24:00:00Z", "2027-01-31T00:00:60Z", "2027-01-31T00:00:00+24:00",
    "0000-01-01T00:00:00Z", "\u00a0", "\u200b", "\x1c", "pullSize", [], {}, [None], [""],
    ["a", "a"], ["x"], [{}], {"x": None}, {"deny": None}, {"warn": 1}, {"deny": "1Mi"},
    {"include": ["a"]}, [{"apiGroup": "", "kind": "Pod"}] * 2, ["a"] * 65,
    [f"a{n}" for n in range(65)],
)  # fmt: skip
_WORDS: Final = (
    "warn", "deny", "allow", "include", "exclude", "name", "kind", "apiGroup", "allowed", "tier",
    "values", "x", "pullSize", "layers", "matchLabels", "onFalseClaim",
)  # fmt: skip


def _some(**fields: SearchStrategy[object]) -> SearchStrategy[Spec]:
    return st.fixed_dictionaries({}, optional=fields)


def _listed(*entries: object, least: int = 0) -> SearchStrategy[list[object]]:
    return st.lists(st.sampled_from(entries), min_size=least, max_size=3, unique_by=repr)


def _lines(values: SearchStrategy[object], **more: SearchStrategy[object]) -> SearchStrategy[Spec]:
    return _some(warn=values, deny=values, **more)


def _selectors() -> SearchStrategy[Spec]:
    requirement = st.fixed_dictionaries(
        {
            "key": st.sampled_from(("app", "a" * 317)),
            "operator": st.sampled_from(("In", "NotIn", "Exists", "DoesNotExist")),
        },
        optional={"values": _listed(*_LABELS)},
    )
    labels = st.dictionaries(st.sampled_from(("app", "é", "")), st.sampled_from(_LABELS))
    return _some(matchLabels=labels, matchExpressions=st.lists(requirement, max_size=2))


def _resources(**more: SearchStrategy[object]) -> SearchStrategy[list[Spec]]:
    entry = st.fixed_dictionaries(
        {"apiGroup": st.sampled_from(_GROUPS), "kind": st.sampled_from(_KINDS)}, optional=more
    )
    return st.lists(entry, max_size=3)


_SIZE: Final = st.sampled_from(_SIZES)
_SIZE_EVIDENCE: Final = st.sampled_from(("Estimated", "Measured"))
_COUNT: Final = st.integers(1, 1_000_000)
_PERCENT: Final = st.integers(0, 200).map(lambda number: f"{number}%")

POLICIES: Final[SearchStrategy[Spec]] = _some(
    match=_some(
        namespaces=_some(
            include=_listed("team-*", "?", least=1), exclude=_listed("kube-system", "9")
        ),
        namespaceSelector=_selectors(),
        objectSelector=_selectors(),
        resources=_resources(),
        images=_some(include=_listed(*_GLOBS, least=1), exclude=_listed(*_GLOBS)),
    ),
    mode=st.sampled_from(("Enforce", "Warn", "Audit")),
    onUnknown=st.sampled_from(("Allow", "Deny")),
    limits=_some(
        pullSize=_lines(_SIZE),
        unpackedSize=_lines(_SIZE, evidence=_SIZE_EVIDENCE),
        layers=_lines(_COUNT),
        layerSize=_lines(_SIZE),
        workloadPullSize=_lines(_SIZE),
        growth=_lines(_PERCENT),
    ),
    budget=_some(unpackedSize=_SIZE),
    bases=_some(
        maxTier=_lines(st.sampled_from(_TIERS)),
        allow=_listed(*_GLOBS, least=1),
        deny=_listed(*_GLOBS, least=1),
        minEvidence=_some(
            allow=st.sampled_from(_EVIDENCE),
            deny=st.sampled_from(_EVIDENCE),
            tier=st.sampled_from(_EVIDENCE[::2]),
        ),
        onFalseClaim=st.sampled_from(("Ignore", "Warn", "Deny")),
    ),
    exceptions=_some(
        allowed=st.booleans(),
        maxDuration=st.sampled_from(("2160h", "1h30m", "90s", "999999h", "0h1m", "0h0m1s")),
    ),
    message=st.sampled_from(("", "see the wiki\n", "é" * 256, "a\x1b")),
)
"""Specs of SlimPolicies; many are right, and some lack what they need."""

EXCEPTIONS: Final[SearchStrategy[Spec]] = st.fixed_dictionaries(
    {
        "policyRefs": _listed("default", "strict.eu", "0", least=1),
        "reason": st.sampled_from(("ticket 4711", "é" * 256, "\v", " a ")),
        "expirationTime": st.sampled_from(_TIMES),
    },
    optional={
        "checks": _listed(
            "pullSize", "layers", "growth", "base", "falseClaim", "inspection", least=1
        ),
        "resources": _resources(name=st.sampled_from(("*", "web-?", "a.b"))),
        "images": _listed(*_GLOBS, least=1),
        "upTo": _some(pullSize=_SIZE, layers=_COUNT, growth=_PERCENT, workloadPullSize=_SIZE),
    },
)
"""Specs of SlimExceptions."""

_HEX: Final = "0123456789abcdef" * 4
_REGISTRIES: Final = (
    "", "registry.example.com/", "localhost:5000/", "Upper/", "[::1]:05000/", "r.io:65535/",
    "r.io:0/", "r.io:65536/", "r.io:/", "r..io/", "-r.io/", "a_b.c/", "a_b/", "fc00::1/",
)  # fmt: skip
_REPOSITORIES: Final = (
    "golden/go", "go", "a__b/c---d.e_f", "192.168.1.1", _HEX, "a" * 247, "a/" + "b" * 240,
    "a" * 248, "a/" + "b" * 260, "Team", "a/", "/a", "1.", "a___b", "a..b", "a//b", "a-/b",
)  # fmt: skip
_IDENTIFIERS: Final = (
    "", ":1.26", ":A_b.C-d", f":{'t' * 128}", f"@sha256:{_HEX}", f":1@sha512:{_HEX}{_HEX}",
    ":", ":-b", ":b:c", f":{'t' * 129}", "@", f"@sha256:{_HEX[1:]}", f"@md5:{_HEX[:32]}",
    f"@sha256:{_HEX}:tag", "@tag", ":1\n",
)  # fmt: skip


def _mostly(right: int, words: tuple[str, ...]) -> SearchStrategy[str]:
    """Choose one of the first words, and rarely of the others."""
    return st.sampled_from(words[:right] * 12 + words)


BASE_IMAGES: Final[SearchStrategy[Spec]] = st.fixed_dictionaries(
    {
        "references": st.lists(
            st.builds(
                "{}{}{}".format,
                _mostly(6, _REGISTRIES),
                _mostly(7, _REPOSITORIES),
                _mostly(6, _IDENTIFIERS),
            ),
            min_size=1,
            max_size=3,
        )
    },
    optional={"tier": st.sampled_from(_TIERS)},
)
"""Specs of BaseImages."""


@st.composite
def spoilt(draw: DrawFn, specs: SearchStrategy[Spec]) -> Spec:
    """Make a spec, and put mistakes into it at times: an odd value, one field more or less."""
    spec = copy.deepcopy(draw(specs))
    for _ in range(draw(st.sampled_from((0, 0, 1, 1, 2)))):
        places = list(_places(spec))
        if not places:
            break
        *path, last = draw(st.sampled_from(places))
        parent: Any = spec
        for step in path:
            parent = parent[step]
        match draw(st.sampled_from(("replace", "remove", "add"))):
            case "replace":
                parent[last] = copy.deepcopy(draw(st.sampled_from(_ODD)))
            case "remove":
                del parent[last]
            case _ if isinstance(parent, dict):
                word = draw(st.sampled_from(_WORDS))
                parent[word] = copy.deepcopy(draw(st.sampled_from(_ODD)))
            case _:
                parent.append(copy.deepcopy(draw(st.sampled_from(_ODD))))
    return spec


def _places(value: object, path: Place = ()) -> Iterator[Place]:
    """Yield the way to every field and entry."""
    if isinstance(value, Mapping):
        entries: Iterator[tuple[str | int, object]] = iter(value.items())
    elif isinstance(value, list):
        entries = iter(enumerate(value))
    else:
        return
    for key, inner in entries:
        yield (*path, key)
        yield from _places(inner, (*path, key))
