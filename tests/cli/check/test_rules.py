"""Policies and exceptions from files: read with the line of every fault, and refused."""

from datetime import UTC, datetime, timedelta

import pytest

from slimgate.cli.check.rules import read_base_images, read_exceptions, read_policies, void
from slimgate.cli.manifests.read import read_documents
from slimgate.core.errors import SlimgateError
from slimgate.core.policies.policy import ExceptionRules, Policy

HEAD = "apiVersion: slimgate.dev/v1alpha1\nkind: {}\nmetadata: {{name: {}}}\nspec:\n"
POLICY = HEAD.format("SlimPolicy", "p")
EXCEPTION = HEAD.format("SlimException", "e, namespace: shop") + "  policyRefs: [p]\n"
GOLDEN = HEAD.format("BaseImage", "b") + '  references: ["golden:1"]\n'
LIMITS = "  limits: {layers: {deny: 3}}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            POLICY + "  limits:\n    pullSiz: 1Mi\n",
            "p.yaml:6: SlimPolicy p: spec.limits.pullSiz: is not a field. Did you mean pu",
        ),
        (
            POLICY + "  limits:\n    pullSize:\n      deny: 1Mi\n      warn: 2Mi\n",
            "p.yaml:8: SlimPolicy p: spec.limits.pullSize.warn: must not be above deny.",
        ),
        (POLICY + "  mode: Audit\n", "p.yaml:4: SlimPolicy p: spec: set at least one of limits"),
        (
            "apiVersion: slimgate.dev/v9\nkind: SlimPolicy\n",
            "p.yaml:1: SlimPolicy: apiVersion: must be slimgate.dev/v1alpha1.",
        ),
        (
            "apiVersion: slimgate.dev/v1alpha1\nkind: SlimPolicy\n",
            "p.yaml:1: SlimPolicy: metadata.name: is required.",
        ),
        (
            f"{POLICY}{LIMITS}sepc: {{}}\n",
            "p.yaml:6: SlimPolicy p: sepc: is not a field. Did you mean spec?",
        ),
        (
            HEAD.format("SlimPolicy", "UPPER") + LIMITS,
            "p.yaml:3: SlimPolicy UPPER: metadata.name: must be of lower-case letters",
        ),
        (
            f"{POLICY}{LIMITS}---\n{POLICY}{LIMITS}",
            "p.yaml:9: SlimPolicy p: metadata.name: another SlimPolicy has this name.",
        ),
    ],
)
def test_faults_of_policies(text: str, expected: str) -> None:
    """A fault is named by file, line, policy and field."""
    with pytest.raises(SlimgateError) as caught:
        read_policies(list(read_documents(text, "p.yaml")))

    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{GOLDEN}  tier: Thin\n", "b.yaml:6: BaseImage b: spec.tier: must be one of "),
        (
            f"{GOLDEN}---\n{GOLDEN}",
            "b.yaml:9: BaseImage b: metadata.name: another BaseImage has this name.",
        ),
    ],
)
def test_faults_of_base_images(text: str, expected: str) -> None:
    """They are named likewise."""
    with pytest.raises(SlimgateError) as caught:
        read_base_images(list(read_documents(text, "b.yaml")))

    assert str(caught.value).startswith(expected)


def test_all_faults_at_once() -> None:
    """Every policy with a fault is a line."""
    text = "---\n".join(HEAD.format("SlimPolicy", name) + "  nope: 1\n" for name in "ab")
    with pytest.raises(SlimgateError) as caught:
        read_policies(list(read_documents(text, "p.yaml")))

    assert [line.split(": spec")[0] for line in str(caught.value).splitlines()] == [
        "p.yaml:5: SlimPolicy a",
        "p.yaml:11: SlimPolicy b",
    ]


def test_exceptions_that_excuse_nothing() -> None:
    """It is said which have ended, are not allowed, or name no policy that there is."""
    text = (
        EXCEPTION + "  reason: old\n  expirationTime: '2027-01-31T00:00:00Z'\n---\n"
        "apiVersion: slimgate.dev/v1alpha1\nkind: SlimException\n"
        "metadata: {name: f, namespace: own}\n"
        "spec: {policyRefs: [p], reason: new, expirationTime: 2020-01-31T00:00:00+01:00}\n"
    )
    found = read_exceptions(list(read_documents(text, "e.yaml")))
    now = datetime(2026, 1, 1, tzinfo=UTC)
    brief = Policy(name="p", exceptions=ExceptionRules(max_duration=timedelta(days=90)))
    assert list(void(found, [Policy(name="p")], now)) == [
        "SlimException own/f expired on 2020-01-31"
    ]
    assert list(void(found, [brief], now)) == [
        "SlimException shop/e is not applied: policy p allows exceptions for 2160h at most",
        "SlimException own/f expired on 2020-01-31",
    ]
    assert next(void(found, [], now)) == (
        "SlimException shop/e excuses from no policy p: there is none of that name"
    )


def test_faults_of_exceptions() -> None:
    """An exception without an end is refused at its line."""
    with pytest.raises(SlimgateError) as caught:
        read_exceptions(list(read_documents(EXCEPTION + "  reason: x\n", "e.yaml")))

    assert str(caught.value).startswith("e.yaml:4: SlimException e: spec.expirationTime: is req")
