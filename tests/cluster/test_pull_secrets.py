"""Pull secrets: the kubelet's rules, and rights that are missing."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import MalformedSecretError
from slimgate.cluster.pull_secrets import LONGEST_SECONDS, MAX_SECRETS, PullSecrets
from slimgate.cluster.resources import SERVICE_ACCOUNTS
from slimgate.core.credentials.identity import ANONYMOUS, Credential, CredentialEntry, Identity
from tests.cluster.conftest import Login
from tests.cluster.pull_secrets import JSON_TYPE, patterns, raw, secret, workload
from tests.cluster.relay import Relay
from tests.lab.kubectl import Kubectl
from tests.support.clock import Clock

pytestmark = pytest.mark.lab

OWN = Identity((CredentialEntry("own.example.com", Credential(username="o", password="o")),))


@dataclass
class Skipped:
    """An observer that keeps the reasons."""

    reasons: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def pull_secret_skipped(self, reason: str, message: str) -> None:
        """Keep it."""
        self.reasons.append(reason)
        self.messages.append(message)


async def account(api: ClusterApi, namespace: str, name: str, *secrets: str) -> None:
    """Make a service account with pull secrets."""
    body = {"metadata": {"name": name}, "imagePullSecrets": [{"name": one} for one in secrets]}
    await api.create(SERVICE_ACCOUNTS.within(namespace), body)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What a template and an account name, and what must come of it."""

    secrets: Sequence[str] = ()
    account: str = "sa"
    expected: Sequence[str] = ()
    skipped: Sequence[str] = ()


RULES = [
    Rule(expected=["a", "b"]),
    Rule(secrets=["c"], expected=["c"]),
    Rule(secrets=["c", "a", "c"], expected=["c", "a"]),
    Rule(secrets=["none", "c"], expected=["c"], skipped=["missing"]),
    Rule(secrets=["none"], skipped=["missing"]),
    Rule(account="bare"),
    Rule(account="nobody", skipped=["missing"]),
    Rule(secrets=["opaque", "c"], expected=["c"], skipped=["other_type"]),
    Rule(secrets=["basic", "c"], expected=["c"], skipped=["other_type"]),
    Rule(secrets=["legacy"], expected=["old"]),
    Rule(secrets=["../secrets/c", "c"], expected=["c"], skipped=["missing"]),
    Rule(account="../x", skipped=["missing"]),
]


@pytest.mark.parametrize("rule", RULES, ids=str)
async def test_kubelet_rules(api: ClusterApi, namespace: str, rule: Rule) -> None:
    """The template's secrets count, else the account's, if they are there and pull secrets."""
    for one in ("a", "b", "c"):
        await secret(api, namespace, one)
    await raw(api, namespace, "opaque", "Opaque", {".dockerconfigjson": "{}"})
    await raw(api, namespace, "basic", "kubernetes.io/basic-auth", {"username": "u"})
    legacy = json.dumps({"old": {"username": "u", "password": "p"}})
    await raw(api, namespace, "legacy", "kubernetes.io/dockercfg", {".dockercfg": legacy})
    await account(api, namespace, "sa", "a", "b")
    await account(api, namespace, "bare")
    observer = Skipped()

    keyring = PullSecrets(api, OWN, observer=observer)
    identity = await keyring.identity(workload(namespace, *rule.secrets, account=rule.account))

    assert patterns(identity) == [*rule.expected, "own"]
    assert observer.reasons == [*rule.skipped]


async def test_anonymous(api: ClusterApi, namespace: str) -> None:
    """Without any secret, and without own entries, the identity is nobody's."""
    await account(api, namespace, "sa")

    assert await PullSecrets(api).identity(workload(namespace)) == ANONYMOUS


async def test_malformed(api: ClusterApi, namespace: str) -> None:
    """A malformed secret fails as it does at the kubelet; it is named, and nothing of it shown."""
    await secret(api, namespace, "good")
    config = json.dumps({"auths": {"r": {"auth": "aHVudGVyMg=="}}})
    await raw(api, namespace, "bad", JSON_TYPE, {".dockerconfigjson": config})

    with pytest.raises(MalformedSecretError) as caught:
        await PullSecrets(api).identity(workload(namespace, "good", "bad"))

    assert str(caught.value).startswith(f"the pull secret {namespace}/bad can't be used: ")
    assert "hunter2" not in str(caught.value)
    assert "aHVudGVyMg" not in str(caught.value)


async def test_too_many(api: ClusterApi, namespace: str) -> None:
    """A workload can't have the API server asked for secrets without end."""
    names = [f"s{number}" for number in range(MAX_SECRETS + 1)]

    with pytest.raises(MalformedSecretError, match="name at most 64"):
        await PullSecrets(api).identity(workload(namespace, *names))


async def test_forbidden(api: ClusterApi, namespace: str, login: Login, kubectl: Kubectl) -> None:
    """Without the right to read them there are none, which is counted; with it, get is enough."""
    await secret(api, namespace, "a")
    observer = Skipped()

    async with ClusterApi.connect(await login(namespace, "poor")) as poor:
        clock = Clock()
        keyring = PullSecrets(poor, OWN, observer=observer, clock=clock)
        without = [
            patterns(await keyring.identity(workload(namespace, "a"))),
            patterns(await keyring.identity(workload(namespace, account="sa"))),
        ]
        reasons = list(observer.reasons)
        await asyncio.to_thread(grant, kubectl, namespace)
        async with asyncio.timeout(30):
            asked = workload(namespace, "a")
            while patterns(await keyring.identity(asked)) != ["a", "own"]:
                await asyncio.sleep(0.01)
                clock.now += LONGEST_SECONDS

    assert without == [["own"], ["own"]]
    assert reasons == ["forbidden", "forbidden"]
    assert 'cannot get resource "secrets"' in observer.messages[0]


def grant(kubectl: Kubectl, namespace: str) -> None:
    """Let the account get secrets, and no more."""
    where = ("--namespace", namespace)
    kubectl("create", "role", "r", "--verb=get", "--resource=secrets", *where)
    kubectl("create", "rolebinding", "r", "--role=r", f"--serviceaccount={namespace}:poor", *where)


async def test_switched_off(far: ClusterApi, relay: Relay) -> None:
    """Switched off, nobody is asked and only the operator's own entries are used."""
    await relay.cut()

    assert await PullSecrets(far, OWN, enabled=False).identity(workload("x", "a")) == OWN
