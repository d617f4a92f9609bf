"""What the API server accepts, slimgate's own parser accepts, and reads the same; and no more."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
import yaml
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

from slimgate.core.errors import InvalidPolicyError
from slimgate.core.policies.base_image import parse_base_image
from slimgate.core.policies.exception_parser import parse_exception
from slimgate.core.policies.policy_parser import parse_policy
from tests.lab.state import Lab
from tests.manifests.generated import BASE_IMAGES, EXCEPTIONS, POLICIES, Spec, spoilt
from tests.manifests.resources import base_image, exception, policy
from tests.manifests.server import Server

pytestmark = pytest.mark.lab

_SAMPLES: Final = sorted((Path(__file__).parents[2] / "manifests" / "samples").glob("*.yaml"))
_EXAMPLES: Final = 400
Parse = Callable[[Mapping[str, object]], object]


@pytest.fixture(scope="module")
def server(lab: Lab, create: object) -> Iterator[Server]:
    """Connect to the API server once its resources are in force."""
    del create
    with closing(Server(lab)) as server:
        yield server


def _both_ways(server: Server, resource: Mapping[str, object], parse: Parse) -> bool:
    stored, own = server.create(resource), _read(resource, parse)
    refusals = stored.message, str(own) if isinstance(own, InvalidPolicyError) else ""
    assert bool(refusals[0]) is bool(refusals[1]), refusals
    if stored.resource is not None:
        # A new object has a generation, and nothing else that policies and exceptions hold.
        del stored.resource["metadata"]["generation"]
        assert parse(stored.resource) == own
    return stored.resource is not None


def _read(resource: Mapping[str, object], parse: Parse) -> object:
    try:
        return parse(resource)
    except InvalidPolicyError as err:
        return err


@pytest.mark.parametrize("sample", _SAMPLES, ids=[sample.stem for sample in _SAMPLES])
def test_samples(server: Server, sample: Path) -> None:
    """The samples are accepted by both, and what the API server adds changes nothing."""
    _both_ways(server, yaml.safe_load(sample.read_text(encoding="utf-8")), parse_policy)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("specs", [POLICIES, spoilt(POLICIES)], ids=["right", "spoilt"])
def test_policies(server: Server, specs: SearchStrategy[Spec]) -> None:
    """Whatever a policy holds, both say the same of it, and mean the same by it."""
    _compare(server, specs, policy, parse_policy)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("specs", [EXCEPTIONS, spoilt(EXCEPTIONS)], ids=["right", "spoilt"])
def test_exceptions(server: Server, specs: SearchStrategy[Spec]) -> None:
    """Whatever an exception holds, both say the same of it, and mean the same by it."""
    _compare(server, specs, exception, parse_exception)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("specs", [BASE_IMAGES, spoilt(BASE_IMAGES)], ids=["right", "spoilt"])
def test_base_images(server: Server, specs: SearchStrategy[Spec]) -> None:
    """Whatever a BaseImage holds, both say the same of it, and mean the same by it."""
    _compare(server, specs, base_image, parse_base_image)


def _compare(
    server: Server,
    specs: SearchStrategy[Spec],
    make: Callable[[Spec], dict[str, object]],
    parse: Parse,
) -> None:
    accepted: list[bool] = []

    @settings(max_examples=_EXAMPLES, deadline=None)
    @given(specs)
    def check(spec: Spec) -> None:
        accepted.append(_both_ways(server, make(spec), parse))

    check()

    # What were always refused, or never, would show nothing.
    assert _EXAMPLES / 20 < sum(accepted) < len(accepted) - _EXAMPLES / 20
