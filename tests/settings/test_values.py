"""Every wrong value: one line with the file, the path and what it should be."""

import json

import pytest

from slimgate.core.errors import SettingsError
from slimgate.settings import File, read
from tests.settings.cases import WRONG

HEAD = "apiVersion: config.slimgate.dev/v1alpha1\nkind: Configuration\n"


@pytest.mark.parametrize(("name", "raw", "expected"), WRONG, ids=lambda one: str(one)[:40])
def test_wrong_values(name: str, raw: object, expected: str) -> None:
    """The line begins with where the mistake is, and shows the value if that helps."""
    # JSON's own writer refuses long numbers, and so does YAML's reader, unless they are in hex.
    written = hex(raw) if type(raw) is int and raw > 10**18 else json.dumps(raw)

    with pytest.raises(SettingsError) as caught:
        read({}, File("c.yaml", f"{HEAD}{name}: {written}\n".encode()))

    first = str(caught.value).splitlines()[0]
    path, _, rest = first.removeprefix("c.yaml: ").partition(": ")
    assert path.startswith(name)
    assert rest.startswith(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("0Mi", 0),
        ("8388608", 8 * 2**20),
        ("1e6", 10**6),
        ("'1e6'", 10**6),
        ("64Gi", 64 * 2**30),
    ],
)
def test_sizes(text: str, expected: int) -> None:
    """Quantities are those of policies, and none at all is one."""
    settings = read({}, File("c.yaml", f"{HEAD}wholeLayerSize: {text}\n".encode()))

    assert settings.whole_layer_bytes == expected


@pytest.mark.parametrize("text", ["true", "True", "TRUE"])
def test_flags_of_variables(text: str) -> None:
    """Variables take true and false in any case."""
    assert read({"SLIMGATE_PULL_SECRETS": text}).pull_secrets
    with pytest.raises(SettingsError, match=r"^SLIMGATE_PULL_SECRETS: must be true or false, not "):
        read({"SLIMGATE_PULL_SECRETS": f"{text}x"})
