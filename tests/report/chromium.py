"""A real Chromium, driven by its DevTools protocol over two pipes: no driver program, no library, no port."""

import base64
import json
import os
import select
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_ANSWER_S = 120  # a loaded machine may take long; a browser that hangs is killed by then


def program(*names: str) -> str:
    found = next(filter(None, map(shutil.which, names)), None)
    assert found, f"none of {', '.join(names)} is installed"
    return found


class Tab:
    """One page in the browser."""

    def __init__(self, to: Any, out: Any) -> None:
        self._to, self._out, self._number = to, out, 0
        self._session = ""
        self._scripts = True
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.send("Page.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and give its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._to.write(json.dumps(message).encode() + b"\0")
        self._to.flush()
        return self._wait(lambda told: told.get("id") == self._number)["result"]

    def _wait(self, wanted: Any) -> dict[str, Any]:
        while told := self._out.message():
            answer: dict[str, Any] = json.loads(told)
            assert "error" not in answer, answer
            if wanted(answer):
                return answer
        raise AssertionError("the browser has gone")

    def open(self, url: str, width: int = 1280, height: int = 900) -> None:
        """Open an address and wait until it is loaded and laid out."""
        self.size(width, height)
        for address in ("about:blank", url):  # the address that is open, with another fragment, would load nothing
            self.send("Page.navigate", url=address)
            self._wait(lambda told: told.get("method") == "Page.loadEventFired")
        if self._scripts:
            self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def scripts(self, *, allowed: bool) -> None:
        """Let pages run scripts, or not."""
        self._scripts = allowed
        self.send("Emulation.setScriptExecutionDisabled", value=not allowed)

    def size(self, width: int, height: int = 900) -> None:
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )

    def media(self, medium: str = "", **features: str) -> None:
        wanted = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.send("Emulation.setEmulatedMedia", media=medium, features=wanted)

    def run(self, expression: str) -> Any:
        """Evaluate JavaScript, wait for what it promises, and give the value."""
        told = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def press(self, key: str) -> None:
        """Press a key: Tab, Enter, or what a character key writes."""
        codes = {"Tab": 9, "Enter": 13, " ": 32}
        text = {"Enter": "\r", "Tab": ""}.get(key, key)
        about = {"key": key, "windowsVirtualKeyCode": codes.get(key, 0), "text": text}
        self.send("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **about)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key)

    def write(self, text: str) -> None:
        self.send("Input.insertText", text=text)

    def pdf(self, width: float, height: float) -> bytes:
        """Print to paper of this size, in inches."""
        told = self.send(
            "Page.printToPDF",
            paperWidth=width,
            paperHeight=height,
            printBackground=True,
            preferCSSPageSize=False,
            marginTop=0.4,
        )
        return base64.b64decode(told["data"])


class _Reader:
    """Reads messages, each with a NUL behind it, as the protocol over pipes has it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._left = descriptor, b""

    def message(self) -> bytes:
        """Give the next message; nothing where the browser is silent for too long, or gone."""
        while b"\0" not in self._left:
            ready, _, _ = select.select([self._descriptor], [], [], _ANSWER_S)
            piece = os.read(self._descriptor, 1 << 20) if ready else b""
            if not piece:
                return b""
            self._left += piece
        told, _, self._left = self._left.partition(b"\0")
        return told


@contextmanager
def browser(profile: Path) -> Iterator[Tab]:
    """Start Chromium; it ends with the block."""
    command = [
        program("chromium", "chromium-browser", "google-chrome"),
        "--headless",
        "--no-sandbox",
        "--no-first-run",
        "--hide-scrollbars",
        "--remote-debugging-pipe",
        *(f"--disable-{what}" for what in ("gpu", "quic", "background-networking", "component-update", "sync")),
        f"--user-data-dir={profile}",
        "about:blank",
    ]
    here_out, there_in = os.pipe(), os.pipe()  # ours to it, its to us

    def arrange() -> None:
        # The protocol has it so: the browser reads its descriptor 3 and writes to 4.
        os.dup2(here_out[0], 100)
        os.dup2(there_in[1], 101)
        os.dup2(100, 3)
        os.dup2(101, 4)

    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, **quiet, preexec_fn=arrange, close_fds=False)  # noqa: PLW1509  # no threads yet
    os.close(here_out[0])
    os.close(there_in[1])
    try:
        with os.fdopen(here_out[1], "wb") as to:
            yield Tab(to, _Reader(there_in[0]))
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)
        os.close(there_in[0])
