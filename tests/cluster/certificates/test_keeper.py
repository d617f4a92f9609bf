"""The webhook's certificate on a real API server: every damage is mended within five seconds."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.certificates.authority import LIFE, make
from slimgate.cluster.certificates.held import Held, issuer_of, read_files
from slimgate.cluster.certificates.keeper import CertificateKeeper
from slimgate.cluster.certificates.trust import SETTLED
from slimgate.cluster.resources import OWN_LABELS
from slimgate.core.errors import MissingError
from slimgate.core.json_object import JsonObject, mapping_at, objects_at, text_at
from slimgate.core.workloads.kinds import DEPLOYMENTS, PODS
from tests.cluster.certificates.conftest import HOOKS, SERVICE, Place
from tests.cluster.certificates.make import encoded, files_of, foreign, load
from tests.cluster.conftest import eventually
from tests.cluster.relay import Relay
from tests.lab.kubectl import Kubectl

pytestmark = pytest.mark.lab

Damage = Callable[[Place], Awaitable[None]]
FOREIGN = make(["foreign.svc"], datetime.now(UTC))


@dataclass
class Clock:
    """A clock that tests set."""

    offset: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        """Tell the time."""
        return datetime.now(UTC) + self.offset


def called(place: Place) -> str:
    """Tell what the API server calls the webhook by."""
    return f"{SERVICE}.{place.namespace}.svc"


async def _delete_secret(place: Place) -> None:
    await place.api.delete(place.secret_path)


async def _patch(place: Place, **data: str | None) -> None:
    named = {name.replace("_", "."): body for name, body in data.items()}
    await place.api.merge_patch(place.secret_path, {"data": named})


async def _immutable(place: Place) -> None:
    await place.write(files_of(FOREIGN), immutable=True)


SECRET_DAMAGES: Mapping[str, Damage] = {
    "deleted Secret": _delete_secret,
    "emptied Secret": lambda place: _patch(place, tls_crt="", tls_key="", ca_crt=""),
    "missing key": lambda place: _patch(place, tls_key=""),
    "foreign key": lambda place: _patch(place, tls_key=encoded(FOREIGN.key)),
    "damaged key": lambda place: _patch(place, tls_key=encoded(FOREIGN.key[:80])),
    "damaged certificate": lambda place: _patch(place, tls_crt=encoded(b"junk")),
    "foreign certificate": lambda place: _patch(place, tls_crt=encoded(FOREIGN.certificate)),
    "foreign pair": lambda place: place.write(files_of(FOREIGN), type="kubernetes.io/tls"),
    "missing ca.crt": lambda place: _patch(place, ca_crt=None),
    "foreign ca.crt": lambda place: _patch(place, ca_crt=encoded(FOREIGN.ca_bundle)),
    "damaged ca.crt": lambda place: _patch(place, ca_crt=encoded(b"-----BEGIN")),
    "Secret of another type": lambda place: place.write({}, type="Opaque"),
    "immutable Secret": _immutable,
}
CONFIGURATION_DAMAGES: Mapping[str, Damage] = {
    "emptied caBundles": lambda place: place.set_bundles("", ""),
    "removed caBundle": lambda place: place.set_bundles(None, encoded(FOREIGN.ca_bundle)),
    "foreign caBundle": lambda place: place.set_bundles(*[encoded(FOREIGN.ca_bundle)] * 2),
}


async def test_the_first_certificate(place: Place) -> None:
    """Both webhooks trust it, and the Secret says whose it is; nothing was lost before that."""
    keeper = place.keeper()
    async with place.kept(keeper):
        held = await place.held()
        secret = await place.api.get(place.secret_path)

    assert secret["type"] == "kubernetes.io/tls"
    assert mapping_at(mapping_at(secret, "metadata"), "labels") == OWN_LABELS
    assert held.expires == keeper.expires
    assert keeper.writes == {"secret": 1, "configuration": 1}
    assert keeper.unguarded_seconds() == 0


@pytest.mark.parametrize("damage", SECRET_DAMAGES)
async def test_damage_to_the_secret(place: Place, damage: str) -> None:
    """A whole one is there within five seconds; what pods serve is trusted all the time."""
    async with place.kept():
        served = await place.held()
        trusted = asyncio.create_task(_always_trusts(place, served.chain[0]))
        await SECRET_DAMAGES[damage](place)
        held = await place.until_trusted(without=served.chain[0])
        trusted.cancel()
        with suppress(asyncio.CancelledError):
            await trusted

    assert held.issuer not in served.authorities
    assert served.issuer in held.authorities


@pytest.mark.parametrize("damage", CONFIGURATION_DAMAGES)
async def test_damage_to_the_configuration(place: Place, damage: str) -> None:
    """The certificate stays, both webhooks trust it again, and the time without is added up."""
    keeper = place.keeper()
    async with place.kept(keeper):
        before = await place.held()
        lost = keeper.unguarded_seconds()
        await CONFIGURATION_DAMAGES[damage](place)
        after = await place.until_trusted()
        # What the API server shows already, the keeper may not have been told yet.
        await eventually(lambda: _writes(keeper, "configuration", 2))

    assert (after.chain, after.authorities) == (before.chain, before.authorities)
    assert 0 < keeper.unguarded_seconds() - lost < 5
    assert keeper.writes == {"secret": 1, "configuration": 2}


async def test_a_loss_of_which_no_time_tells(place: Place) -> None:
    """Nobody's time is written down when a field is emptied: it counts from then all the same."""
    keeper = place.keeper()
    async with place.kept(keeper):
        await asyncio.sleep(6)
        lost = keeper.unguarded_seconds()
        await asyncio.to_thread(_empty_bundles, place)
        await place.until_trusted()

    assert 0 < keeper.unguarded_seconds() - lost < 3


def _empty_bundles(place: Place) -> None:
    paths = [f"/webhooks/{number}/clientConfig/caBundle" for number, _ in enumerate(HOOKS)]
    patch = json.dumps([{"op": "replace", "path": path, "value": ""} for path in paths])
    kind = "validatingwebhookconfiguration"
    Kubectl(place.lab)("patch", kind, place.namespace, "--type=json", "-p", patch)


async def test_a_configuration_that_is_made_anew(place: Place) -> None:
    """It is trusted as soon as it is there, and was no guard while it was not."""
    keeper = place.keeper()
    async with place.kept(keeper):
        found = await place.api.get(place.configuration_path)
        await place.api.delete(place.configuration_path)
        await asyncio.sleep(1.5)
        body = {**found, "metadata": {"name": place.namespace}}
        await place.api.create(place.configuration_path.rpartition("/")[0], body)
        await place.set_bundles("", "")
        await place.until_trusted()

    assert 1.0 <= keeper.unguarded_seconds() < 5


async def test_damage_while_nobody_looks(place: Place) -> None:
    """The next start mends it at once, and knows since when there was no guard."""
    async with place.kept():
        before = await place.held()
    await place.set_bundles("", "")
    await asyncio.sleep(2.5)
    keeper = place.keeper()
    async with place.kept(keeper):
        after = await place.held()

    assert after.chain == before.chain
    assert 2.5 <= keeper.unguarded_seconds() < 6


async def test_the_api_server_was_away(place: Place, far: ClusterApi, relay: Relay) -> None:
    """What was damaged while it could not be reached is mended within seconds of its return."""
    keeper = place.keeper(far)
    async with place.kept(keeper):
        await relay.cut()
        await place.api.delete(place.secret_path)
        await place.set_bundles("", "")
        await asyncio.sleep(1)
        await relay.mend()
        await eventually(lambda: _mended(place), 10)

    assert keeper.unguarded_seconds() > 1


async def test_a_secret_that_went_while_nobody_looked(place: Place, tmp_path: Path) -> None:
    """Pods go on serving the certificate that is lost: that it is served is what it is known by."""
    async with place.kept():
        lost, secret = await place.held(), await place.api.get(place.secret_path)
    await place.serve(tmp_path, *_pair(secret))
    strange = encoded(FOREIGN.ca_bundle)
    own = text_at(mapping_at(next(iter(await _hooks(place))), "clientConfig"), "caBundle")
    await place.api.delete(place.secret_path)
    await place.set_bundles(own, strange)
    async with place.kept():
        held = await place.held()

    assert held.chain != lost.chain
    assert held.authorities == (held.issuer, lost.issuer)


async def test_renewal(place: Place, tmp_path: Path) -> None:
    """The former CA is trusted until all pods serve the new certificate, and then no more."""
    clock = Clock()
    keeper = place.keeper(now=clock)
    await keeper.keep()
    first, old = await place.held(), await place.api.get(place.secret_path)
    await place.serve(tmp_path, *_pair(old))
    clock.offset = LIFE * 2 / 3
    await keeper.keep()
    second, new = await place.held(), await place.api.get(place.secret_path)

    clock.offset += SETTLED
    await keeper.keep()
    still = await place.held()
    await place.serve(tmp_path, *_pair(new))
    await keeper.keep()
    after = await place.held()
    bundles = await place.bundles()

    assert second.chain != first.chain
    assert second.authorities == still.authorities == (second.issuer, first.issuer)
    assert after.authorities == (second.issuer,)
    assert after.chain == second.chain
    assert bundles == [after.authorities] * len(HOOKS)


async def test_a_pod_that_does_not_answer(place: Place, tmp_path: Path) -> None:
    """It may serve the former certificate, whose CA therefore stays."""
    clock = Clock()
    keeper = place.keeper(now=clock)
    await keeper.keep()
    await place.serve(tmp_path, *_pair(await place.api.get(place.secret_path)))
    await place.stop_serving()
    clock.offset = LIFE * 2 / 3
    await keeper.keep()
    clock.offset += SETTLED
    await keeper.keep()

    assert len((await place.held()).authorities) == 2


async def test_another_writer(place: Place) -> None:
    """What changes in the very moment is seen: nobody's write is undone by what was read before."""
    async with place.kept():
        for number in range(20):
            await place.set_bundles("", "")
            patch = {"metadata": {"labels": {"number": str(number)}}}
            await place.api.merge_patch(place.configuration_path, patch)
            await place.api.merge_patch(place.secret_path, patch)
        await place.until_trusted()
        found = await place.api.get(place.configuration_path)
        secret = await place.api.get(place.secret_path)

    for one in (found, secret):
        assert mapping_at(mapping_at(one, "metadata"), "labels")["number"] == "19"
    assert [text_at(hook, "name") for hook in objects_at(found, "webhooks")] == [*HOOKS]


async def test_a_fight(place: Place) -> None:
    """Whoever undoes each write at once is answered ever less often, and never given in to."""
    keeper = place.keeper()
    async with place.kept(keeper):
        before = keeper.writes["configuration"]
        with suppress(TimeoutError):
            async with asyncio.timeout(6):
                while True:
                    await place.set_bundles("", "")
                    await asyncio.sleep(0.02)
        written = keeper.writes["configuration"] - before
        await eventually(lambda: _mended(place), 10)

    assert 3 <= written <= 10


async def test_nothing_is_written_without_need(place: Place) -> None:
    """A look at what is whole changes neither object."""
    keeper = place.keeper()
    await keeper.keep()
    before = await _versions(place)
    await keeper.keep()
    await place.keeper().keep()

    assert await _versions(place) == before


async def test_a_given_certificate(place: Place, tmp_path: Path) -> None:
    """The CA of the Secret is copied, another one as soon as it is there."""
    given, other = (make([called(place)], datetime.now(UTC)) for _ in range(2))
    await place.write(files_of(given), type="kubernetes.io/tls")
    keeper = place.keeper(makes=False)
    async with place.kept(keeper):
        await place.set_bundles("", "")
        first = await place.until_trusted()
        await place.serve(tmp_path, given.certificate, given.key)
        await place.write(files_of(other), type="kubernetes.io/tls")
        await eventually(lambda: _trusts(place, load(other.certificate)))
        bundles = await place.bundles()

    assert first.chain == (load(given.certificate),)
    assert bundles == [(load(other.ca_bundle), load(given.ca_bundle))] * len(HOOKS)
    assert keeper.writes["secret"] == 0


async def test_a_given_certificate_without_ca(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """What can't be trusted by it replaces nothing, and is said once."""
    given = make([called(place)], datetime.now(UTC))
    keeper = place.keeper(makes=False)
    await place.write(files_of(given), type="kubernetes.io/tls")
    with caplog.at_level(logging.WARNING):
        async with place.kept(keeper):
            for ca in (FOREIGN.ca_bundle, b""):
                await _patch(place, ca_crt=encoded(ca))
                await eventually(lambda: _said(caplog))
            said = await keeper.keep()
            bundles = await place.bundles()

    assert bundles == [(load(given.ca_bundle),)] * len(HOOKS)
    assert said is not None
    assert "needs a ca.crt that vouches for its tls.crt" in said
    assert caplog.text.count(said) == 1


async def test_a_given_certificate_for_another_name(place: Place) -> None:
    """Its CA is trusted, but it is said and counted that the API server can't call the webhook."""
    wrong, right = (
        make([name], datetime.now(UTC)) for name in (f"{SERVICE}.other.svc", called(place))
    )
    keeper = place.keeper(makes=False)
    await place.write(files_of(wrong), type="kubernetes.io/tls")
    await keeper.keep()
    await asyncio.sleep(1.1)
    said, lost, bundles = await keeper.keep(), keeper.unguarded_seconds(), await place.bundles()
    await place.write(files_of(right), type="kubernetes.io/tls")
    after = await keeper.keep()

    assert said == f"the API server can't call the webhook: tls.crt lacks the name {called(place)}"
    assert bundles == [(load(wrong.ca_bundle),)] * len(HOOKS)
    assert lost > 1
    assert after is None
    assert keeper.unguarded_seconds() == keeper.unguarded_seconds()


async def test_a_secret_that_can_not_be_written(place: Place, tmp_path: Path) -> None:
    """The certificate that was made is tried again: what pods serve stays trusted meanwhile."""
    async with place.kept():
        served = await place.held()
    await place.serve(tmp_path, *_pair(await place.api.get(place.secret_path)))
    await place.api.delete(place.secret_path)
    role = (
        f"/apis/rbac.authorization.k8s.io/v1/namespaces/{place.namespace}/roles/{place.namespace}"
    )
    rules = (await place.api.get(role))["rules"]
    await place.api.merge_patch(role, {"rules": _without_create(rules)})
    keeper = place.keeper()
    running = asyncio.create_task(keeper.run())
    await eventually(lambda: _writes(keeper, "configuration"))
    await asyncio.sleep(3)
    bundles = await place.bundles()
    await place.api.merge_patch(role, {"rules": rules})
    after = await place.until_trusted()
    running.cancel()
    await asyncio.wait([running])

    assert {len(one) for one in bundles} == {2}
    assert served.issuer in bundles[0]
    assert bundles == [after.authorities] * len(HOOKS)


async def test_cert_manager(place: Place, tmp_path: Path) -> None:
    """Nothing is written and the Secret is not read; a webhook without a CA is seen."""
    ca = foreign(tmp_path, "-subj", f"/CN={SERVICE}", "-days", "9")
    files = {"tls.crt": ca, "tls.key": (tmp_path / "foreign.key").read_bytes(), "ca.crt": ca}
    keeper = place.keeper(makes=False, trusts=False)
    await place.write(files, type="kubernetes.io/tls")
    await place.set_bundles(*[encoded(ca)] * 2)
    await keeper.keep()
    before, trusted = await _versions(place), keeper.unguarded_seconds()
    await place.set_bundles("", encoded(ca))
    await keeper.keep()
    await asyncio.sleep(1.1)
    await keeper.keep()

    assert trusted == 0
    assert keeper.unguarded_seconds() > 1
    assert keeper.expires is None
    assert [*keeper.mirrors] == ["configuration"]
    assert keeper.writes == {"secret": 0, "configuration": 0}
    assert (await _versions(place))[0] == before[0]


async def test_without_the_right_to_watch(place: Place) -> None:
    """With the rights of an older Role it looks every few seconds."""
    await place.api.merge_patch(
        f"/apis/rbac.authorization.k8s.io/v1/namespaces/{place.namespace}/roles/{place.namespace}",
        {
            "rules": [
                {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "create", "patch"]}
            ]
        },
    )
    async with place.kept():
        before = await place.held()
        await place.api.delete(place.secret_path)
        await eventually(lambda: _mended(place, before), 10)


async def test_the_deployment_takes_it_along(place: Place) -> None:
    """The Secret goes when the Deployment does whose pod the controller runs in."""
    deployment, pod = await _pod_of_a_deployment(place)
    async with place.kept(place.keeper(pod=pod)):
        secret = await place.api.get(place.secret_path)
    (owner,) = objects_at(mapping_at(secret, "metadata"), "ownerReferences")

    await place.api.delete(deployment)

    async def gone() -> bool:
        try:
            await place.api.get(place.secret_path)
        except MissingError:
            return True
        return False

    await eventually(gone, 30)
    assert (owner["kind"], owner["name"]) == ("Deployment", "slimgate-controller")


async def _pod_of_a_deployment(place: Place) -> tuple[str, str]:
    """Make a Deployment whose pod no node takes."""
    labels = {"app": "slimgate"}
    spec = {
        "nodeSelector": {"no": "node"},
        "containers": [{"name": "controller", "image": "none.invalid/none"}],
    }
    body: JsonObject = {
        "metadata": {"name": "slimgate-controller"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }
    deployments = DEPLOYMENTS
    await place.api.create(deployments.within(place.namespace), body)

    async def find() -> str | None:
        async for pod in place.api.list(PODS.within(place.namespace)):
            return text_at(mapping_at(pod, "metadata"), "name")
        return None

    pod = await eventually(find, 30)
    return deployments.one(place.namespace, "slimgate-controller"), pod


async def _always_trusts(place: Place, certificate: x509.Certificate) -> None:
    """Fail as soon as a webhook does not trust a certificate."""
    while True:
        for bundle in await place.bundles():
            assert issuer_of([certificate], bundle) is not None
        await asyncio.sleep(0.005)


async def _trusts(place: Place, certificate: x509.Certificate) -> bool:
    bundles = await place.bundles()
    return all(issuer_of([certificate], one) for one in bundles)


async def _mended(place: Place, before: Held | None = None) -> bool:
    held, bundles = await place.held(), await place.bundles()
    is_new = before is None or held != before
    return bool(held.issuer) and is_new and all(one == held.authorities for one in bundles)


async def _versions(place: Place) -> tuple[str, str]:
    secret = await place.api.get(place.secret_path)
    found = await place.api.get(place.configuration_path)
    first, second = (
        text_at(mapping_at(one, "metadata"), "resourceVersion") for one in (secret, found)
    )
    return first, second


async def _hooks(place: Place) -> list[JsonObject]:
    return [*objects_at(await place.api.get(place.configuration_path), "webhooks")]


def _pair(secret: JsonObject) -> tuple[bytes, bytes]:
    files = read_files(secret)
    return files["tls.crt"], files["tls.key"]


def _without_create(rules: object) -> list[JsonObject]:
    assert isinstance(rules, list)
    return [rule for rule in rules if "create" not in rule["verbs"] or "resourceNames" in rule]


async def _writes(keeper: CertificateKeeper, name: str, number: int = 1) -> bool:
    return keeper.writes[name] >= number


async def _said(caplog: pytest.LogCaptureFixture) -> bool:
    return "needs a ca.crt" in caplog.text
