"""Challenges: what registries write into WWW-Authenticate, and what strangers might."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.credentials.challenge import Challenge, parse_challenges

HUB = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"'


def challenge(scheme: str, **parameters: str) -> Challenge:
    """Make what is expected."""
    return Challenge(scheme=scheme, parameters=parameters)


READ = [
    ("", []),
    (" , ", []),
    ("Basic", [challenge("basic")]),
    ('Basic realm="r"', [challenge("basic", realm="r")]),
    (
        HUB,
        [challenge("bearer", realm="https://auth.docker.io/token", service="registry.docker.io")],
    ),
    ('bearer REALM="https://r/t"', [challenge("bearer", realm="https://r/t")]),
    ("Bearer realm=r, service=s", [challenge("bearer", realm="r", service="s")]),
    ('Bearer  realm = "r" ,, service\t=\t"s"', [challenge("bearer", realm="r", service="s")]),
    (
        'Bearer scope="repository:a/b:pull,push",error="invalid_token"',
        [challenge("bearer", scope="repository:a/b:pull,push", error="invalid_token")],
    ),
    ('Basic realm="a \\"b\\" \\\\ c, d=e"', [challenge("basic", realm='a "b" \\ c, d=e')]),
    ('Basic realm="", x=y', [challenge("basic", realm="", x="y")]),
    ('Basic realm="a", realm="b"', [challenge("basic", realm="a")]),
    ("Negotiate, Basic", [challenge("negotiate"), challenge("basic")]),
    ("Negotiate YII=, Basic", [challenge("negotiate"), challenge("basic")]),
    ("Negotiate a.b~c+d/e==", [challenge("negotiate")]),
    (
        'Bearer realm="r",service="s", Basic realm="b"',
        [challenge("bearer", realm="r", service="s"), challenge("basic", realm="b")],
    ),
    ('Negotiate YII= , Bearer realm="r"', [challenge("negotiate"), challenge("bearer", realm="r")]),
    ("a=b", []),
    ('realm="x", Basic', []),
    ('Basic realm="open', [challenge("basic")]),
    ("Basic =x", [challenge("basic")]),
    ('Basic "x"', [challenge("basic")]),
    ("Basic realm=a b=c", [challenge("basic", realm="a", b="c")]),
    ("Bäsic", []),
]


@pytest.mark.parametrize(("line", "expected"), READ, ids=[line for line, _ in READ])
def test_read(line: str, expected: list[Challenge]) -> None:
    """A line gives its challenges up to where it can no longer be read."""
    assert list(parse_challenges([line])) == expected


def test_many_lines() -> None:
    """An answer may carry one line a challenge."""
    assert parse_challenges(["Basic", HUB])[1].parameters["service"] == "registry.docker.io"


def test_limits() -> None:
    """Lengths and counts are capped."""
    many = "Bearer " + ",".join(f"p{number}=v" for number in range(100))
    long = f'Bearer realm="{"r" * 10_000}"'

    assert len(parse_challenges(["Basic, Basic"] * 50)) == 8
    assert len(parse_challenges([many])[0].parameters) == 32
    assert parse_challenges([long]) == (challenge("bearer"),)


names = st.text("abcXYZ09_-", min_size=1, max_size=8).map("n{}".format)
values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)


@given(st.lists(st.tuples(names, st.dictionaries(names.map(str.lower), values, max_size=4))))
def test_what_is_quoted_is_read_back(given_challenges: list[tuple[str, dict[str, str]]]) -> None:
    """Challenges written by the grammar are read back, whatever their values hold."""
    expected = tuple(
        Challenge(scheme=scheme.lower(), parameters=parameters)
        for scheme, parameters in given_challenges[:8]
    )
    line = ", ".join(
        " ".join([scheme, ", ".join(f"{name}={_quoted(v)}" for name, v in parameters.items())])
        for scheme, parameters in given_challenges[:8]
    )

    assert parse_challenges([line]) == expected


@given(st.lists(st.text(max_size=60) | st.text('Ba ="\\,\t=', max_size=60), max_size=5))
def test_nothing_raises(lines: list[str]) -> None:
    """Whatever a registry sends, the parameters that are read stand in the lines."""
    for found in parse_challenges(lines):
        assert found.scheme
        assert all(name == name.lower() for name in found.parameters)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
