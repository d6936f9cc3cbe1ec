"""What all tests share: nothing is contacted beyond the loopback interface."""

import socket
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.in_a_process import judge

pytest_plugins = ["pytester"]

# How long an example takes says more of the machine than of the kit: no deadline for one.
settings.register_profile("mailflow", deadline=None)
settings.load_profile("mailflow")


def _is_near(address: Any) -> bool:
    if not isinstance(address, tuple):
        return True  # the path of a Unix socket
    try:
        return ip_address(address[0]).is_loopback
    except ValueError:
        return address[0] == "localhost"


@pytest.fixture(autouse=True)
def beyond_loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Every address beyond 127.0.0.1 and ::1 that a test reached for. Such a test fails, even if it hides the error."""
    reached: list[Any] = []

    def guard(name: str, position: int) -> None:
        original = getattr(socket.socket, name)

        def guarded(self: socket.socket, *arguments: Any) -> Any:
            if not _is_near(arguments[position]):
                reached.append(arguments[position])
                raise AssertionError(f"{name} to {arguments[position]}: a test stays on loopback")
            return original(self, *arguments)

        monkeypatch.setattr(socket.socket, name, guarded)

    guard("connect", 0)
    guard("connect_ex", 0)
    guard("sendto", -1)
    yield reached
    assert reached == []


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports of one run over every environment that is shipped. Nobody writes into them."""
    reports = tmp_path_factory.mktemp("shipped")
    run = judge("--reports", reports, timeout_s=300)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    return reports
