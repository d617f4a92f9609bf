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
            "6: SlimPolicy p: spec.limits.pullSiz: is not a field. Did you mean pu",
        ),
        (
            POLICY + "  limits:\n    pullSize:\n      deny: 1Mi\n      warn: 2Mi\n",
            "8: SlimPolicy p: spec.limits.pullSize.warn: must not be above deny.",
        ),
        (POLICY + "  mode: Audit\n", "4: SlimPolicy p: spec: set at least one of limits"),
        (
            "apiVersion: slimgate.dev/v9\nkind: SlimPolicy\n",
            "1: SlimPolicy: apiVersion: must be slimgate.dev/v1alpha1.",
        ),
        (
            "apiVersion: slimgate.dev/v1alpha1\nkind: SlimPolicy\n",
            "1: SlimPolicy: metadata.name: is required.",
        ),
        (f"{POLICY}{LIMITS}sepc: {{}}\n", "6: SlimPolicy p: sepc: is not a field. Did you mean sp"),
        (
            HEAD.format("SlimPolicy", "UPPER") + LIMITS,
            "3: SlimPolicy UPPER: metadata.name: must be of lower-case letters",
        ),
        (
            f"{POLICY}{LIMITS}---\n{POLICY}{LIMITS}",
            "9: SlimPolicy p: metadata.name: another SlimPolicy has this name.",
        ),
        (f"{GOLDEN}  tier: Thin\n", "6: BaseImage b: spec.tier: must be one of "),
        (
            f"{GOLDEN}---\n{GOLDEN}",
            "9: BaseImage b: metadata.name: another BaseImage has this name.",
        ),
        (EXCEPTION + "  reason: x\n", "4: SlimException e: spec.expirationTime: is req"),
    ],
)
def test_faults(text: str, expected: str) -> None:
    """A fault is named by file, line, object and field."""
    kind = text.partition("kind: ")[2].partition("\n")[0]
    read = {"BaseImage": read_base_images, "SlimException": read_exceptions}
    with pytest.raises(SlimgateError) as caught:
        read.get(kind, read_policies)(list(read_documents(text, "f.yaml")))

    assert str(caught.value).startswith(f"f.yaml:{expected}")


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
