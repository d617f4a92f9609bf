"""JSON that is nested beyond what Python's parser can follow."""

import json

import pytest

from slimgate.core.nesting import parse, shallow


def nested(levels: int, *, closed: bool = True) -> bytes:
    """Write lists within lists."""
    return b"[" * levels + (b"]" * levels if closed else b"")


PARSED: list[tuple[bytes, object, bool]] = [
    (b'{"a": [1, "\\u00e9"]}', {"a": [1, "é"]}, False),
    (b'{"a": 1, "b": {"c": ' + nested(5_000) + b', "d": 2}}', None, True),
    (b'{"text": "]}\\"[{", "deep": ' + nested(5_000) + b', "more": "\\\\"}', None, True),
    (b"[" + nested(5_000) + b", 1, " + nested(5_000) + b", 2]", None, True),
    (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, None, True),
]


@pytest.mark.parametrize(("text", "expected", "pruned"), PARSED)
def test_parsed(text: bytes, expected: object, *, pruned: bool) -> None:
    """All that is not too deep is there, whatever stands beside it."""
    found, cut = parse(text)

    assert cut is pruned
    assert depth(found) <= 201
    assert beside(found) == beside(expected if expected is not None else by_hand(text))


@pytest.mark.parametrize("text", [b'"\\ud800"', b"[Infinity]", b"\xef\xbb\xbf{}", b"1e400"])
def test_what_only_python_takes(text: bytes) -> None:
    """What orjson refuses is parsed all the same: else it would be admitted without a verdict."""
    assert parse(text) == (json.loads(text), False)


def depth(value: object) -> int:
    """Tell how deep a value is nested."""
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((depth(one) for one in below), default=0)


def beside(value: object, levels: int = 3) -> object:
    """Leave out what lies deeper."""
    if isinstance(value, dict) and levels:
        return {key: beside(one, levels - 1) for key, one in value.items()}
    if isinstance(value, list) and levels:
        return [beside(one, levels - 1) for one in value]
    return None if isinstance(value, dict | list) else value


def by_hand(text: bytes) -> object:
    """Parse what has been nested less deeply."""
    fewer = text.replace(nested(5_000), nested(50))
    return json.loads(
        fewer.replace(b'{"a":' * 5_000, b'{"a":' * 50).replace(b"}" * 5_000, b"}" * 50)
    )


@pytest.mark.parametrize(
    "text",
    [b"", b"[", b'{"a": "', b"nonsense", nested(5_000, closed=False), b'["' + b'\\"' * 99_999],
    ids=["empty", "open", "string", "word", "deep", "quotes"],
)
def test_no_json(text: bytes) -> None:
    """What was cut off is told apart, deep or not."""
    with pytest.raises(ValueError, match="line 1 column"):
        parse(text)


def test_shallow() -> None:
    """What is nested a little is not touched, however much of it there is."""
    plain = b"[" + b",".join([b'{"a": [1]}'] * 2_000) + b"]"
    deep = b'{"a": ' + nested(900) + b"}"
    flat = b'["' + b"[" * 5_000 + b'"]'

    assert shallow(plain) is plain
    assert shallow(flat) is flat
    assert shallow(b"[]") == b"[]"
    assert shallow(deep) == b'{"a": ' + b"[" * 199 + b"null" + b"]" * 199 + b"}"
    assert shallow(nested(5_000, closed=False)) == b"[" * 200
