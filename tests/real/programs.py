"""Programs of a test: started on a host, waited for by connecting, ended by their process identifier."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from mailflow.environment.environment import IPAddress
from tests.real.network import Host

_READY_S = 60.0
_END_S = 10.0
_BETWEEN_S = 0.02


class Programs:
    """What runs for a test, and where it says what it does; all ended at the exit, the last one first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder  # a file for what each of them prints
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def start(self, host: Host, name: str, *command: str | Path) -> None:
        """Start a program that stays in the foreground. What it prints goes to `name`.log."""
        with (self.folder / f"{name}.log").open("wb") as log:
            self._running.append(
                subprocess.Popen(
                    host.command(*command),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self.folder,
                    start_new_session=True,
                )
            )

    def wait(self, host: Host, addresses: Collection[IPAddress], port: int) -> None:
        """Wait until all addresses of a host take connections.

        Raises:
            TimeoutError, ChildProcessError: they do not, with what every program has printed.

        """

        def ready() -> bool:
            if ended := [program.args for program in self._running if program.poll() is not None]:
                raise ChildProcessError(f"ended by itself: {ended}\n{self.printed()}")
            return host.inside(lambda: all(_takes(str(address), port) for address in addresses))

        wait_until(ready, _READY_S, self.printed)

    def printed(self) -> str:
        """Give everything that the programs have written into logs."""
        logs = sorted(self.folder.glob("**/*.log"))
        return "\n".join(f"== {log.name}\n{log.read_text(encoding='utf-8', errors='replace')}" for log in logs)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for program in reversed(self._running):
            program.terminate()
        for program in reversed(self._running):
            try:
                program.wait(_END_S)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait(_END_S)
            with contextlib.suppress(ProcessLookupError):  # children that it left: they are of its own session
                os.killpg(program.pid, signal.SIGKILL)
        self._running.clear()


def wait_until(so: Callable[[], bool], within_s: float, tell: Callable[[], str] = str) -> None:
    """Ask again and again until it is so.

    Raises:
        TimeoutError: it is not so in time, with what `tell` says.

    """
    until, pause = monotonic() + within_s, threading.Event()
    while not so():
        if monotonic() > until:
            raise TimeoutError(f"not so within {within_s:g} s\n{tell()}")
        pause.wait(_BETWEEN_S)


def _takes(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True
