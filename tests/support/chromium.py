"""A real Chromium without a window, driven by its DevTools protocol.

https://chromedevtools.github.io/devtools-protocol/
"""

import asyncio
import base64
import json
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import aiohttp

_START_SECONDS: Final = 30.0
_PAUSE: Final = 0.05
_FLAGS: Final = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--remote-debugging-port=0", "--hide-scrollbars",
)  # fmt: skip

Json = dict[str, Any]


class Tab:
    """One page; `requests` are the addresses that it asked for."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self._answers: dict[int, asyncio.Future[Json]] = {}
        self._loaded = asyncio.Event()
        self.requests: list[str] = []
        self.complaints: list[str] = []

    async def call(self, method: str, **parameters: object) -> Json:
        """Call a method of the protocol."""
        self._number += 1
        number, answer = self._number, asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        found: Json = await answer
        return found

    async def hear(self) -> None:
        """Take what the browser sends, until cancelled."""
        async for message in self._socket:
            said = json.loads(message.data)
            if "id" in said:
                self._answers.pop(said["id"]).set_result(said.get("result", said))
            elif said["method"] == "Page.loadEventFired":
                self._loaded.set()
            elif said["method"] == "Network.requestWillBeSent":
                self.requests.append(said["params"]["request"]["url"])
            elif said["method"] in {"Runtime.exceptionThrown", "Log.entryAdded"}:
                self.complaints.append(json.dumps(said["params"]))

    async def open(self, file: Path, *, width: int = 1280, dark: bool = False) -> None:
        """Open a file in a window of so many pixels."""
        for domain in ("Page", "Network", "Runtime", "Log"):
            await self.call(f"{domain}.enable")
        await self.look(width=width, dark=dark)
        self._loaded.clear()
        await self.call("Page.navigate", url=file.as_uri())
        await self._loaded.wait()

    async def look(self, *, width: int, dark: bool = False, media: str = "") -> None:
        """Change the window, and what the user prefers."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=900, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])

    async def evaluate(self, script: str) -> Any:
        """Run a script in the page; what it gives is awaited."""
        found = await self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    async def press(self, key: str, code: int, *, times: int = 1, shift: bool = False) -> None:
        """Press a key, as `Tab` or `Enter`."""
        text = {"text": "\r"} if key == "Enter" else {}
        for _ in range(times):
            for kind in ("keyDown", "keyUp"):
                await self.call(
                    "Input.dispatchKeyEvent",
                    type=kind, key=key, code=key, windowsVirtualKeyCode=code,
                    modifiers=8 if shift else 0, **text,
                )  # fmt: skip

    async def write(self, text: str) -> None:
        """Write into what has the focus."""
        await self.call("Input.insertText", text=text)

    async def picture(self, *, whole: bool = False) -> bytes:
        """Draw what is seen, or the whole page."""
        found = await self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        return base64.b64decode(found["data"])

    async def printed(self) -> bytes:
        """Print it as a PDF."""
        found = await self.call("Page.printToPDF", printBackground=False)
        return base64.b64decode(found["data"])


@asynccontextmanager
async def chromium(folder: Path) -> AsyncIterator[Tab]:
    """Start a browser whose profile is in a folder, and end it with all of its processes."""
    command = ["chromium", *_FLAGS, f"--user-data-dir={folder}", "about:blank"]
    nowhere = asyncio.subprocess.DEVNULL
    running = await asyncio.create_subprocess_exec(
        *command, stdout=nowhere, stderr=nowhere, start_new_session=True
    )
    try:
        async with aiohttp.ClientSession() as session, asyncio.timeout(None) as limit:
            limit.reschedule(asyncio.get_running_loop().time() + _START_SECONDS)
            address = await _address(folder, session)
            limit.reschedule(None)
            async with session.ws_connect(address, max_msg_size=0) as socket:
                tab = Tab(socket)
                hearing = asyncio.create_task(tab.hear())
                yield tab
                hearing.cancel()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        await running.wait()


async def _address(folder: Path, session: aiohttp.ClientSession) -> str:
    file = folder / "DevToolsActivePort"
    lines: list[str] = []
    while not lines:
        await asyncio.sleep(_PAUSE)
        lines = file.read_text(encoding="utf-8").split() if file.is_file() else []
    while True:
        async with session.get(f"http://127.0.0.1:{lines[0]}/json/list") as answer:
            targets: list[Mapping[str, str]] = await answer.json()
        pages = [one["webSocketDebuggerUrl"] for one in targets if one["type"] == "page"]
        if pages:
            return pages[0]
        await asyncio.sleep(_PAUSE)
