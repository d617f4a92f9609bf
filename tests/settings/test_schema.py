"""The schema and the reader take the same files, and what is shown can be read again."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from slimgate.core.images.facts import Platform
from slimgate.core.wording.annotations import Annotate
from slimgate.core.workloads.kinds import Kind
from slimgate.settings import Exemption, File, LogFormat, Settings, read
from slimgate.settings.read import API_VERSION
from slimgate.settings.schema import as_file, schema
from tests.settings.cases import BEYOND_SCHEMAS, WRONG
from tests.settings.test_read import VALUES

HEAD = {"apiVersion": API_VERSION, "kind": "Configuration"}
VALIDATOR = Draft202012Validator(schema(), format_checker=FormatChecker())
LABEL = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)
WORD = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
SECONDS = st.integers(1000, 10**9).map(lambda milliseconds: milliseconds / 1000)
PATHS = st.from_regex(r"/[ -~]{0,20}", fullmatch=True)
EXEMPTIONS = st.one_of(
    st.builds(Exemption, plain_http=st.booleans(), loopback=st.booleans()),
    st.builds(Exemption, skip_tls_verify=st.booleans(), loopback=st.booleans()),
    st.builds(Exemption, ca_file=PATHS),
)
KINDS = st.builds(
    Kind,
    group=st.builds("{}.{}".format, LABEL, LABEL),
    version=st.just("v1"),
    plural=WORD,
    kind=WORD.map(lambda word: "X" + word),
    template=st.lists(WORD, min_size=1, max_size=3).map(tuple),
)


def several(one: st.SearchStrategy[Any], key: Any = None, least: int = 0) -> Any:
    """Draw a tuple of different ones."""
    return st.lists(one, min_size=least, max_size=4, unique_by=key or (lambda x: x)).map(tuple)


SETTINGS = st.builds(
    Settings,
    namespace=LABEL,
    name=LABEL,
    excluded_namespaces=several(LABEL),
    registries=st.dictionaries(
        st.from_regex(r"[a-z]{1,9}(:[1-9]{1,4})?", fullmatch=True), EXEMPTIONS
    ),
    docker_config=st.none() | PATHS,
    default_policy_file=st.none() | PATHS,
    pull_secrets=st.booleans(),
    extra_kinds=several(KINDS, lambda one: one.kind),
    extra_controllers=several(WORD),
    platforms=several(st.builds(Platform, WORD, WORD, st.none() | WORD), least=1),
    claims=st.booleans(),
    whole_layer_bytes=st.integers(0, 64 * 2**30) | st.integers(0, 64).map(lambda n: n * 2**30),
    measured_layer_bytes=st.integers(0, 64 * 2**30),
    tag_seconds=SECONDS,
    failure_seconds=SECONDS | st.just(0.0),
    annotations=st.sampled_from(Annotate),
    log_format=st.sampled_from(LogFormat),
    address=st.ip_addresses().map(str),
    http_port=st.integers(1, 65_535).filter(lambda port: port != Settings().webhook_port),
)


def test_is_a_schema() -> None:
    """It is valid itself, describes every key, and shows what each is without being set."""
    Draft202012Validator.check_schema(schema())
    properties: Any = schema()["properties"]

    assert all(found["description"].endswith(".") for found in properties.values())
    assert [name for name, found in properties.items() if "default" not in found] == [
        "apiVersion", "kind", "dockerConfig", "credentialProviderConfig",
        "credentialProviderBinDir", "httpsProxy", "noProxy", "defaultPolicyFile", "podName",
        "tlsSecret", "clientCAFile",
    ]  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_takes_what_is_read(name: str) -> None:
    """What the reader takes is valid."""
    assert VALIDATOR.is_valid({**HEAD, name: VALUES[name][0]})


@pytest.mark.parametrize(
    "text", ["httpPort: 8081.0", "wholeLayerSize: 1024.0", "wholeLayerSize: 0.0"]
)
def test_whole_numbers(text: str) -> None:
    """A number with a point and nothing behind it is valid, and read, as without."""
    content, plain = (f"{yaml.safe_dump(HEAD)}{one}\n" for one in (text, text.removesuffix(".0")))

    assert VALIDATOR.is_valid(yaml.safe_load(content))
    assert read({}, File("c.yaml", content.encode())) == read({}, File("c.yaml", plain.encode()))


@pytest.mark.parametrize(("name", "raw", "expected"), WRONG, ids=lambda one: str(one)[:40])
def test_refuses_what_is_not(name: str, raw: object, expected: str) -> None:
    """What the reader refuses is not valid, except where a schema can't say why."""
    beyond = any(expected.startswith(one) for one in BEYOND_SCHEMAS)

    assert not VALIDATOR.is_valid({**HEAD, name: raw}) or beyond


@pytest.mark.parametrize("document", [{}, {**HEAD, "htpPort": 1}, {**HEAD, "kind": "Config"}, []])
def test_refuses_other_documents(document: object) -> None:
    """It names the version, the kind and all keys."""
    assert not VALIDATOR.is_valid(document)


@given(SETTINGS)
def test_what_is_shown_is_read_again(settings: Settings) -> None:
    """Settings written as a file are valid, and give the same settings."""
    written = as_file(settings)
    content = yaml.safe_dump(written, sort_keys=False).encode()

    assert list(VALIDATOR.iter_errors(json.loads(json.dumps(written)))) == []
    assert read({}, File("c.yaml", content)) == settings
