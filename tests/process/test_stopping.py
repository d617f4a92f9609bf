"""How roles end: at once whenever it is, exit status included, and with the error that matters."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from slimgate.core.errors import ClusterError, SettingsError
from slimgate.process.stopping import PartGroup, StoppedError, stop_on_signals, unless, whole
from tests.support.kubeconfig import kubeconfig

PROMPT_SECONDS = 3.0
"""Much less than any time-out that a role could be waiting for."""
SIGNALS = [signal.SIGTERM, signal.SIGINT]


@contextmanager
def program(code: str, *within: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program of our own; it says `here` once it is where the test wants it."""
    process = subprocess.Popen(
        [*within, sys.executable, "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ends(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, float]:
    """Send a signal; return the exit status, and how long it took."""
    started = time.monotonic()
    process.send_signal(number)
    status = process.wait(30)
    return status, time.monotonic() - started


def await_line(process: subprocess.Popen[str]) -> None:
    """Wait until the program says where it is."""
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"


LOADING = """
    import time
    from slimgate.process.stopping import run

    def load():
        print("here", flush=True)
        while True:
            time.sleep(0.01)

    run(load, print)
"""
STARTING = """
    import time
    from slimgate.cli import main
    import slimgate.cli.main as commands

    def run():
        print("here", flush=True)
        while True:
            time.sleep(0.01)

    commands.run = run
    main()
"""
WAITING = """
    import asyncio
    from slimgate.process.stopping import run, unless

    async def role(stop):
        print("here", flush=True)
        await unless(stop, asyncio.sleep(60))

    run(lambda: role, print)
"""
BLOCKED = """
    import asyncio, time
    from slimgate.process.stopping import run, unless

    def look_up():
        print("here", flush=True)
        time.sleep(60)

    async def role(stop):
        await unless(stop, asyncio.to_thread(look_up))

    run(lambda: role, print)
"""


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("code", [LOADING, WAITING, BLOCKED], ids=["loading", "waiting", "blocked"])
def test_ends_at_once(code: str, number: signal.Signals) -> None:
    """While it is loaded, while it waits, and while a thread looks a name up that nobody knows."""
    with program(code) as process:
        await_line(process)
        status, seconds = ends(process, number)

    assert (status, seconds < PROMPT_SECONDS) == (0, True)


@pytest.mark.skipif(os.geteuid() != 0, reason="a process is the first one only for root")
@pytest.mark.parametrize(
    "code",
    [STARTING, LOADING, WAITING, BLOCKED],
    ids=["starting", "loading", "waiting", "blocked"],
)
def test_ends_as_a_containers_first_process(code: str) -> None:
    """Of which the kernel keeps all signals that nobody handles, from its very start."""
    with program(code, "unshare", "--fork", "--pid", "--kill-child") as process:
        await_line(process)
        (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        started = time.monotonic()
        os.kill(int(child), signal.SIGTERM)
        process.wait(30)

    assert time.monotonic() - started < PROMPT_SECONDS


def test_the_end_is_orderly() -> None:
    """What is open is closed first, and nothing that was printed is lost."""
    code = """
        import asyncio
        from slimgate.process.stopping import run, unless

        async def role(stop):
            print("here", flush=True)
            try:
                await unless(stop, asyncio.sleep(60))
            finally:
                await asyncio.sleep(0.1)
                print("closed")

        run(lambda: role, print)
    """
    with program(code) as process:
        await_line(process)
        status, _ = ends(process, signal.SIGTERM)
        assert process.stdout is not None
        rest = process.stdout.read()

    assert (status, rest) == (0, "closed\n")


def test_an_error_ends_it_at_once() -> None:
    """It is said, its status is that of the process, and no thread is waited for."""
    code = """
        import asyncio, time
        from slimgate.process.stopping import run

        def say(error):
            print(error)
            return 3

        async def role(stop):
            asyncio.get_running_loop().run_in_executor(None, time.sleep, 60)
            raise ValueError("broken")

        run(lambda: role, say)
    """
    with program(code) as process:
        started = time.monotonic()
        text, _ = process.communicate(timeout=90)
        seconds = time.monotonic() - started

    assert (process.returncode, text) == (3, "broken\n")
    assert seconds < 10 * PROMPT_SECONDS


@pytest.mark.parametrize("role", ["controller", "webhook"])
def test_roles_end_before_the_network_is_up(role: str, tmp_path: Path) -> None:
    """An API server that takes connections and says nothing holds up neither end nor liveness."""
    with (
        socket.create_server(("127.0.0.1", 0)) as mute,
        socket.create_server(("127.0.0.1", 0)) as free,
    ):
        port = free.getsockname()[1]
        free.close()
        environment = {
            "KUBECONFIG": kubeconfig(tmp_path, f"http://127.0.0.1:{mute.getsockname()[1]}"),
            "SLIMGATE_HTTP_PORT": str(port),
            "SLIMGATE_ADDRESS": "127.0.0.1",
        }
        code = f"""
            import sys
            from slimgate.cli import main
            sys.argv = ["slimgate", "{role}"]
            main()
        """
        with program(code, **environment) as process:
            assert until_it_answers(port, "/livez") == "HTTP/1.1 200 OK"
            ready = until_it_answers(port, "/readyz")
            status, seconds = ends(process, signal.SIGTERM)

    assert ready == "HTTP/1.1 503 Service Unavailable"
    assert (status, seconds < PROMPT_SECONDS) == (0, True)


def until_it_answers(port: int, path: str) -> str:
    """Ask until there is an answer, and return its first line."""
    deadline = time.monotonic() + 30
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                return connection.recv(1000).decode().partition("\r\n")[0]
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, "it does not listen"
            time.sleep(0.05)


@pytest.mark.parametrize("number", SIGNALS)
async def test_signals(number: signal.Signals) -> None:
    """Both ways of being told to stop set the event."""
    stop = stop_on_signals()
    try:
        assert not stop.is_set()
        os.kill(os.getpid(), number)
        await asyncio.wait_for(stop.wait(), 5)
    finally:
        for one in SIGNALS:
            asyncio.get_running_loop().remove_signal_handler(one)


async def test_what_is_done_in_time() -> None:
    """Its result counts, even if the stop came at the same time."""
    stop = asyncio.Event()

    async def work() -> int:
        stop.set()
        return 7

    assert await unless(asyncio.Event(), work()) == 7
    assert await unless(stop, work()) == 7


async def test_what_is_stopped_is_cancelled_first() -> None:
    """Whoever hears that it is stopped finds nothing of it running."""
    stop, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        stop.set()
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            ended.set()

    with pytest.raises(StoppedError):
        await unless(stop, work())
    assert ended.is_set()


async def test_what_fails_is_raised() -> None:
    """A failure is no stop."""

    async def work() -> None:
        raise ClusterError("away")

    with pytest.raises(ClusterError, match="away"):
        await unless(asyncio.Event(), work())


async def test_a_part_that_is_cancelled() -> None:
    """It ends alone, since that was asked for."""
    async with PartGroup() as parts:
        part, other = (parts.create_task(asyncio.sleep(one)) for one in (60, 0.05))
        await asyncio.sleep(0)
        part.cancel()

    assert (part.cancelled(), other.cancelled()) == (True, False)


async def test_a_part_that_nobody_has_cancelled() -> None:
    """By one that what it waits for has ended all end, and not without a word."""
    foreign, ended = asyncio.create_task(asyncio.sleep(60)), asyncio.Event()

    async def wait() -> None:
        await foreign

    async def go_on() -> None:
        foreign.cancel()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    async def work() -> None:
        async with PartGroup() as parts:
            parts.create_task(wait())
            parts.create_task(go_on())

    with pytest.raises(ExceptionGroup) as raised:
        await work()
    (error,) = raised.value.exceptions
    assert str(error) == "a part was ended by what it waited for"
    assert ended.is_set()


async def test_one_sentence_is_unpacked() -> None:
    """An error that its reader can put right comes alone out of all groups."""
    with pytest.raises(SettingsError, match="variable"):
        await whole(_fail(SettingsError("variable"), groups=2))


@pytest.mark.parametrize("errors", [[ValueError("a bug")], [ClusterError("a"), ClusterError("b")]])
async def test_other_groups_stay(errors: list[Exception]) -> None:
    """A bug needs its traceback, and of several errors none is left out."""
    with pytest.raises(ExceptionGroup) as raised:
        await whole(_fail(*errors))

    assert [*raised.value.exceptions] == errors


async def _fail(*errors: Exception, groups: int = 1) -> None:
    error: Exception = ExceptionGroup("", list(errors))
    for _ in range(groups - 1):
        error = ExceptionGroup("", [error])
    raise error


_SCRIPT = """
import sys
from pathlib import Path
from slimgate.process.stopping import give_memory_back

if sys.argv[1] == "tuned":
    give_memory_back()

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

# Freeing one of 16 MiB is what raises glibc's threshold.
bytearray(2**24)
before = resident()
kept = []
for _ in range(40):
    body = bytearray(b"x" * 2**20 * 3)
    kept.append(bytearray(b"y" * 70_000))
    more = bytearray(b"x" * 2**20 * 3)
    kept.append(bytearray(b"y" * 70_000))
    kept += [body, more]
del kept[2::4], kept[2::3], body, more
print(resident() - before - sum(map(len, kept)))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other C libraries")
def test_what_is_freed_is_given_back() -> None:
    """Blocks between others that are kept take no memory once they are free."""
    argv = [sys.executable, "-c", _SCRIPT]
    over = {
        how: int(subprocess.run([*argv, how], capture_output=True, check=True).stdout)
        for how in ("tuned", "plain")
    }

    assert over["tuned"] < 2**23 < over["plain"]
