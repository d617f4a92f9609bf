"""10,000 admissions while policies change without a pause, and every verdict checked."""

import asyncio
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import aiohttp
import pytest

from slimgate.webhook.service import FAULTS
from tests.live import make
from tests.live.api import Json
from tests.live.hook import review
from tests.live.programs import Program
from tests.live.room import Room
from tests.live.shelf import bytes_of
from tests.live.site import Site
from tests.support.images import image

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.timeout(60)]

ADMISSIONS = 10_000
CONCURRENCY = 16
POLICIES = 8
SIZE = 48 * 1024 + 40
"""What every image is to pull: limits up to 80 bytes below it read the same in KiB, so that
messages write both to the byte, and each edition of a policy has words of its own."""
MAX_EDITIONS = 80


@dataclass(frozen=True, kw_only=True)
class Edition:
    """A policy as it was at a time, and what it makes of the image."""

    spec: Json
    allowed: bool
    verdict: str
    denied: str = ""
    warned: str = ""

    def fits(self, response: Json) -> bool:
        """Whether an answer is this edition's, to the byte of its limit."""
        message = response.get("status", {}).get("message", "")
        warnings = response.get("warnings", [])
        # Only who has judged has something for the audit log.
        audit = response.get("auditAnnotations", {})
        return (
            response["allowed"] is self.allowed
            and audit.get("verdict") == self.verdict
            and (self.denied in message if self.denied else not message)
            and (
                [self.warned in one for one in warnings] == [True] if self.warned else not warnings
            )
        )


def edition(name: str, number: int) -> Edition:
    """Make the edition of a policy by its number: each differs from the one before it."""
    limit = SIZE - 1 - number
    said = f"pulls {SIZE:,} B (linux/amd64), limit {limit:,} B [policy {name}, pullSize]"
    makers: tuple[Callable[[], Edition], ...] = (
        lambda: Edition(
            spec={"mode": "Enforce", "limits": {"pullSize": {"deny": limit}}},
            allowed=False,
            verdict="deny",
            denied=said,
        ),
        lambda: Edition(
            spec={"mode": "Enforce", "limits": {"pullSize": {"deny": SIZE + number}}},
            allowed=True,
            verdict="allow",
        ),
        lambda: Edition(
            spec={"mode": "Enforce", "limits": {"pullSize": {"warn": limit, "deny": SIZE}}},
            allowed=True,
            verdict="warn",
            warned=said,
        ),
        lambda: Edition(
            spec={"mode": "Audit", "limits": {"pullSize": {"deny": limit}}},
            allowed=True,
            verdict="deny",
        ),
    )
    return makers[number % len(makers)]()


@dataclass
class Rule:
    """One policy and its image: which editions were written, and the last that was seen to hold."""

    name: str
    url: str
    body: Json
    written: int = 0
    seen: int = 0

    def matches(self, response: Json, since: int) -> bool:
        """Whether an answer is that of an edition that held at some time since another one did."""
        return any(
            edition(self.name, number).fits(response) for number in range(since, self.written + 1)
        )


@dataclass
class Storm:
    """What happened."""

    answered: int = 0
    probes: int = 0
    in_transition: int = 0
    edits: int = 0
    over: bool = False
    wrong: list[str] = field(default_factory=list)


async def test_every_verdict_is_right(room: Room, site: Site, webhook: Program) -> None:
    """While a policy is in force, each answer is its own; during a switch, the old or the new."""
    rules = [_rule(room, site, number) for number in range(POLICIES)]
    room.sentinel.settle()
    before = _counts(webhook)
    storm = Storm()

    connector = aiohttp.TCPConnector(ssl=site.hook.context, limit=CONCURRENCY + 1)
    async with aiohttp.ClientSession(connector=connector) as session:
        editing = asyncio.create_task(_edit(session, room, rules, storm))
        turns = iter(range(ADMISSIONS))
        load = [_load(session, rules, turns, storm) for _ in range(CONCURRENCY)]
        await asyncio.gather(*load)
        storm.over = True
        await editing

    changed = {name: number - before[name] for name, number in _counts(webhook).items()}
    assert storm.wrong == []
    assert storm.edits >= 2 * POLICIES
    assert 0 < storm.in_transition < storm.answered / 2
    assert storm.answered == ADMISSIONS + storm.probes
    assert changed == {"judged": float(storm.answered), "unknown": 0.0, "faults": 0.0}


def _rule(room: Room, site: Site, number: int) -> Rule:
    reference = room.shelf.push(image([bytes_of(SIZE)]), repository=f"app-{number}")
    first = edition(room.next_name, 0).spec
    name = room.policy(match={"images": {"include": [f"**/app-{number}"]}}, settle=False, **first)
    return Rule(name=name, url=site.hook.url, body=review(room.workload(reference)))


def _counts(webhook: Program) -> dict[str, float]:
    admissions = "slimgate_admissions_total"
    judged = sum(webhook.metric(admissions, outcome=one) for one in ("allow", "warn", "deny"))
    return {
        "judged": judged,
        "unknown": webhook.metric(admissions, outcome="unknown"),
        "faults": sum(webhook.metric(admissions, outcome=fault) for fault in FAULTS),
    }


async def _load(
    session: aiohttp.ClientSession, rules: list[Rule], turns: Iterator[int], storm: Storm
) -> None:
    for turn in turns:
        await _ask(session, rules[turn % len(rules)], storm)


async def _ask(session: aiohttp.ClientSession, rule: Rule, storm: Storm) -> Json:
    since = rule.seen
    async with session.post(rule.url, json=rule.body) as answer:
        response: Json = (await answer.json())["response"]
    storm.answered += 1
    storm.in_transition += rule.written != since
    if not rule.matches(response, since):
        storm.wrong.append(f"{rule.name} {since}..{rule.written}: {response}")
    return response


async def _edit(
    session: aiohttp.ClientSession, room: Room, rules: list[Rule], storm: Storm
) -> None:
    """Write one edition after the other, each once the one before it is seen to hold."""
    for number, rule in itertools.product(range(1, MAX_EDITIONS), rules):
        if storm.over:
            return
        rule.written = number
        wanted = edition(rule.name, number)
        # A patch merges: what an edition before it warned of goes.
        size = {"warn": None, **wanted.spec["limits"]["pullSize"]}
        spec = {**wanted.spec, "limits": {"pullSize": size}}
        await asyncio.to_thread(room.api.patch, make.policy(rule.name, {}), {"spec": spec})
        while True:
            storm.probes += 1
            if wanted.fits(await _ask(session, rule, storm)):
                break
        rule.seen = number
        storm.edits += 1
