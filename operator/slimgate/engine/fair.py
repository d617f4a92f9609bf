"""So much of something at once, handed out so that nobody keeps the others waiting.

An asker is a namespace, or one of a user: `alice/shop`. Users come first, since one may have many
namespaces, and then the namespaces of each, since one user may work for many people.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Final

NOBODY: Final = ""
"""Who asks for slimgate itself, or where there is one user only: may have all."""
SPARE: Final = "*"
"""Who asks for what nobody waits for; no namespace is called so."""
_ACCOUNT: Final = "system:serviceaccount:"
_TENANT: Final = "tenant:"
_TO_A_USER: Final = 3
"""Times what is left over: who is hurt by one namespace of a user may well be another of his."""


class Askers:
    """Names whoever asks for a namespace.

    Whoever has a namespace may make any number of accounts in it, so these are one user; so are
    those of all namespaces of a tenant, where something tells whose a namespace is. A controller
    that makes what others have asked for works for whoever has the namespace.
    """

    def __init__(
        self,
        controllers: Collection[str] = (),
        tenant_of: Callable[[str], str] = lambda _: "",
    ) -> None:
        self._controllers = controllers
        self._tenant_of = tenant_of

    def asker(self, user: str, namespace: str) -> str:
        """Name a user in a namespace."""
        if user in self._controllers:
            return f"{self._owner(namespace)}/{namespace}"
        if user.startswith(_ACCOUNT):
            user = self._owner(user.removeprefix(_ACCOUNT).partition(":")[0])
        return f"{user}/{namespace}"

    def _owner(self, namespace: str) -> str:
        tenant = self._tenant_of(namespace)
        return f"{_TENANT}{tenant}" if tenant else f"{_ACCOUNT}{namespace}"


def user_of(asker: str) -> str:
    """Tell who is behind an asker: itself, where nobody is named. No namespace has a `/`."""
    user, slash, _ = asker.rpartition("/")
    return user if slash else asker


def most_of(counts: Mapping[str, int]) -> str:
    """Tell which asker has most, of the user who has most."""
    users = Counter[str]()
    for asker, count in counts.items():
        users[user_of(asker)] += count
    user = max(users, key=users.__getitem__)
    return max((one for one in counts if user_of(one) == user), key=counts.__getitem__)


_Entry = tuple[int, asyncio.Future[None]]
_Queues = dict[str, deque[_Entry]]


class Fair:
    """Hands out `capacity`; whoever holds least is served first.

    An asker gets more only while as much again is left over, as switches share their buffers
    (dynamic thresholds, https://doi.org/10.1109/90.664262): the first may so hold half, the next a
    quarter, and however long they hold it, something is left for one who comes later. All of a user
    together get more only while a third of what they hold is left over for others.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self.free = capacity
        """What nobody holds."""
        self._held = Counter[str]()
        self._held_by_user = Counter[str]()
        self._waiting: dict[str, _Queues] = {}
        """Of each user's askers, whoever was served last at the end."""

    @property
    def is_unused(self) -> bool:
        """Whether nobody holds any or waits for some."""
        return not self._held and not self._waiting

    def serves(self, asker: str, amount: int = 1) -> bool:
        """Whether an asker gets an amount without waiting."""
        waits = asker in self._waiting.get(user_of(asker), {})
        return not waits and self._may(asker, amount)

    @asynccontextmanager
    async def hold(self, asker: str, amount: int = 1) -> AsyncIterator[None]:
        """Wait for an amount, and hold it; more than all is taken for all."""
        amount = min(amount, self._capacity)
        await self._take(asker, amount)
        try:
            yield
        finally:
            self._give_back(asker, amount)

    async def _take(self, asker: str, amount: int) -> None:
        if self.serves(asker, amount):
            self._grant(asker, amount)
            return
        granted = asyncio.get_running_loop().create_future()
        entry = amount, granted
        self._waiting.setdefault(user_of(asker), {}).setdefault(asker, deque()).append(entry)
        try:
            await granted
        except asyncio.CancelledError:
            if granted.cancelled():
                self._leave(asker, entry)
                self._serve()
            else:
                self._give_back(asker, amount)
            raise

    def _may(self, asker: str, amount: int) -> bool:
        if amount > self.free or asker == NOBODY:
            return amount <= self.free
        user = user_of(asker)
        held, by_user = self._held[asker], self._held_by_user[user]
        if held and held + amount > self.free:
            return False
        return not by_user or by_user + amount <= _TO_A_USER * self.free

    def _grant(self, asker: str, amount: int) -> None:
        self.free -= amount
        self._held[asker] += amount
        self._held_by_user[user_of(asker)] += amount

    def _give_back(self, asker: str, amount: int) -> None:
        self.free += amount
        for held, who in (self._held, asker), (self._held_by_user, user_of(asker)):
            held[who] -= amount
            if not held[who]:
                del held[who]
        self._serve()

    def _serve(self) -> None:
        while (asker := self._next()) is not None:
            user = user_of(asker)
            amount, granted = entry = self._waiting[user][asker][0]
            self._leave(asker, entry)
            # Others who hold as little come before whoever has just been served.
            if asker in self._waiting.get(user, {}):
                self._waiting[user][asker] = self._waiting[user].pop(asker)
            if user in self._waiting:
                self._waiting[user] = self._waiting.pop(user)
            # Who has just been cancelled finds that out in the next turn of the loop.
            if not granted.done():
                self._grant(asker, amount)
                granted.set_result(None)

    def _next(self) -> str | None:
        """Find the one that is to be served; None if nobody may have what he waits for."""
        ready: dict[str, list[str]] = {}
        for user, queues in self._waiting.items():
            if may := [who for who, queue in queues.items() if self._may(who, queue[0][0])]:
                ready[user] = may
        if not ready:
            return None
        user = min(ready, key=self._held_by_user.__getitem__)
        return min(ready[user], key=self._held.__getitem__)

    def _leave(self, asker: str, entry: _Entry) -> None:
        user = user_of(asker)
        queues = self._waiting.get(user, {})
        queue = queues.get(asker)
        if queue is not None and entry in queue:
            queue.remove(entry)
        if not queue:
            queues.pop(asker, None)
        if not queues:
            self._waiting.pop(user, None)
