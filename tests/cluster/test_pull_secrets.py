"""Pull secrets: the kubelet's rules, rights that are missing, and how seldom they are read."""

import asyncio
import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import MalformedSecretError, UnreachableError
from slimgate.cluster.pull_secrets import MAX_SECRETS, PullSecrets
from slimgate.cluster.resources import SECRETS, SERVICE_ACCOUNTS
from slimgate.core.credentials.identity import ANONYMOUS, Credential, CredentialEntry, Identity
from slimgate.core.workloads.workload import Workload
from tests.cluster.conftest import Login
from tests.cluster.relay import Relay
from tests.lab.kubectl import Kubectl
from tests.support.clock import Clock

pytestmark = pytest.mark.lab

JSON_TYPE = "kubernetes.io/dockerconfigjson"
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


async def secret(api: ClusterApi, namespace: str, name: str, password: str = "p") -> None:
    """Make a pull secret for the registry of its own name."""
    config = {"auths": {f"{name}.example.com": {"username": "u", "password": password}}}
    await raw(api, namespace, name, JSON_TYPE, {".dockerconfigjson": json.dumps(config)})


async def raw(
    api: ClusterApi, namespace: str, name: str, kind: str, data: Mapping[str, str]
) -> None:
    """Make a secret of any form."""
    encoded = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
    body = {"metadata": {"name": name}, "type": kind, "data": encoded}
    await api.create(SECRETS.within(namespace), body)


async def account(api: ClusterApi, namespace: str, name: str, *secrets: str) -> None:
    """Make a service account with pull secrets."""
    body = {"metadata": {"name": name}, "imagePullSecrets": [{"name": one} for one in secrets]}
    await api.create(SERVICE_ACCOUNTS.within(namespace), body)


def workload(namespace: str, *secrets: str, account: str = "sa") -> Workload:
    """Make a workload."""
    return Workload(
        kind="Deployment",
        namespace=namespace,
        name="web",
        pull_secrets=secrets,
        service_account=account,
    )


def patterns(identity: Identity) -> list[str]:
    """Return for which registries an identity has credentials."""
    return [entry.pattern.removesuffix(".example.com") for entry in identity.entries]


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
        keyring = PullSecrets(poor, OWN, observer=observer, seconds=0)
        without = [
            patterns(await keyring.identity(workload(namespace, "a"))),
            patterns(await keyring.identity(workload(namespace, account="sa"))),
        ]
        reasons = list(observer.reasons)
        await asyncio.to_thread(grant, kubectl, namespace)
        async with asyncio.timeout(30):
            asked = workload(namespace, "a")
            while patterns(await keyring.identity(asked)) != ["a", "own"]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

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


async def test_kept(far: ClusterApi, relay: Relay, api: ClusterApi, namespace: str) -> None:
    """Within its life an identity is had without asking, and without waiting for anything."""
    await secret(api, namespace, "a")
    clock = Clock()
    keyring = PullSecrets(far, clock=clock)
    first = await keyring.identity(workload(namespace, "a"))
    await relay.cut()

    clock.now += 14
    coroutine = keyring.identity(workload(namespace, "a"))
    with pytest.raises(StopIteration) as stopped:
        coroutine.send(None)
    assert patterns(first) == ["a"]
    assert stopped.value.value == first


async def test_unreachable(far: ClusterApi, relay: Relay, api: ClusterApi, namespace: str) -> None:
    """After its life an identity serves on while the API server is away, but not for ever."""
    await secret(api, namespace, "a", password="old")
    clock = Clock()
    keyring = PullSecrets(far, clock=clock)
    first = await keyring.identity(workload(namespace, "a"))
    await relay.cut()

    clock.now += 299
    stale = await keyring.identity(workload(namespace, "a"))
    clock.now += 1
    with pytest.raises(UnreachableError):
        await keyring.identity(workload(namespace, "a"))

    assert stale is first


async def test_silent(api: ClusterApi, namespace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for an API server that says nothing; what it says later counts."""
    await secret(api, namespace, "a", password="old")
    clock, answered = Clock(), asyncio.Event()
    keyring = PullSecrets(api, clock=clock)
    first = await keyring.identity(workload(namespace, "a"))
    await api.delete(SECRETS.one(namespace, "a"))
    await secret(api, namespace, "a", password="new")
    get = api.get

    async def late(path: str) -> dict[str, object]:
        await answered.wait()
        return await get(path)

    monkeypatch.setattr(api, "get", late)
    clock.now += 31
    async with asyncio.timeout(5):
        stale = await keyring.identity(workload(namespace, "a"))
    answered.set()
    fresh = await keyring._read_once(next(iter(keyring._flights._tasks)))

    assert stale is first
    assert [entry.credential.password for entry in fresh.entries] == ["new"]
    assert await keyring.identity(workload(namespace, "a")) is fresh


async def test_deleted_secret(api: ClusterApi, namespace: str) -> None:
    """What the API server says is not there any more is not used after the identity's life."""
    await secret(api, namespace, "a")
    clock = Clock()
    keyring = PullSecrets(api, clock=clock)
    first = await keyring.identity(workload(namespace, "a"))
    await api.delete(SECRETS.one(namespace, "a"))

    clock.now += 31

    assert patterns(first) == ["a"]
    assert patterns(await keyring.identity(workload(namespace, "a"))) == []


async def test_renewed_ahead(api: ClusterApi, namespace: str) -> None:
    """One that is asked for late in its life is read again meanwhile, so that nobody waits."""
    await secret(api, namespace, "a", password="old")
    clock = Clock()
    keyring = PullSecrets(api, clock=clock)
    await keyring.identity(workload(namespace, "a"))
    await api.delete(SECRETS.one(namespace, "a"))
    await secret(api, namespace, "a", password="new")

    clock.now += 20
    stale = await keyring.identity(workload(namespace, "a"))
    await asyncio.gather(*keyring._early)
    clock.now += 20
    fresh = await keyring.identity(workload(namespace, "a"))

    assert [entry.credential.password for entry in stale.entries] == ["old"]
    assert [entry.credential.password for entry in fresh.entries] == ["new"]


async def test_failed_renewal(
    far: ClusterApi, relay: Relay, api: ClusterApi, namespace: str
) -> None:
    """Where reading ahead fails, what is kept serves to the end of its life, unchanged."""
    await secret(api, namespace, "a")
    clock = Clock()
    keyring = PullSecrets(far, clock=clock)
    first = await keyring.identity(workload(namespace, "a"))
    await relay.cut()

    clock.now += 20
    late = await keyring.identity(workload(namespace, "a"))
    await asyncio.wait(keyring._early)
    clock.now += 9
    later = await keyring.identity(workload(namespace, "a"))

    assert late is first
    assert later is first
    assert not keyring._early


async def test_single_flight(
    api: ClusterApi, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many ask at the same time, a secret is read once, and who gives up harms nobody."""
    await secret(api, namespace, "a")
    asked: list[str] = []
    get = api.get

    async def counted(path: str) -> dict[str, object]:
        asked.append(path)
        return await get(path)

    monkeypatch.setattr(api, "get", counted)
    keyring = PullSecrets(api)
    tasks = [asyncio.create_task(keyring.identity(workload(namespace, "a"))) for _ in range(20)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    found = await asyncio.gather(*tasks[1:])

    assert {identity.key for identity in found} == {found[0].key}
    assert asked == [SECRETS.one(namespace, "a")]


async def test_close(api: ClusterApi, namespace: str) -> None:
    """Closing ends what is being read."""
    keyring = PullSecrets(api)
    task = asyncio.create_task(keyring.identity(workload(namespace, "a")))
    await asyncio.sleep(0)

    await keyring.aclose()

    with pytest.raises(asyncio.CancelledError):
        await task
