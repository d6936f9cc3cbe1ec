"""A copy of scenario 4 with the messages that were received in it, and a builder of headers."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mailflow.environment.environment import Environment, Stage
from mailflow.environment.load import load
from mailflow.environment.message import Kind
from mailflow.observe.messages import read_messages
from mailflow.observe.path import MailPath

FIXTURES = Path(__file__).parents[2] / "fixtures"
NOW = datetime(2026, 6, 2, 10, tzinfo=UTC)  # the messages of scenario 4 arrived the day before


class Mail:
    """An environment whose saved messages a test may change."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.now = NOW
        self.stage = Stage.BEFORE
        self.place = environment.folder / "messages"

    def only(self, *files: str) -> "Mail":
        """Leave no other message there."""
        for path in self.place.glob("*.eml"):
            if path.name not in files:
                path.unlink()
        return self

    def edit(self, file: str, *changes: tuple[str, str]) -> "Mail":
        """Change places of one message; a change that changes nothing is broken."""
        text = (self.place / file).read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text, f"{old!r} is not in {file}"
            text = text.replace(old, new)
        return self.save(file, text)

    def save(self, file: str, content: str | bytes) -> "Mail":
        self.place.mkdir(exist_ok=True)
        (self.place / file).write_bytes(content if isinstance(content, bytes) else content.encode())
        return self

    def change(self, **fields: Any) -> "Mail":
        self.environment = replace(self.environment, **fields)
        return self

    def paths(self, kind: Kind) -> tuple[MailPath, ...]:
        return read_messages(self.environment, self.environment.domains[0], self.now, self.stage)[kind]

    def path(self, kind: Kind) -> MailPath:
        (one,) = self.paths(kind)
        return one


@pytest.fixture
def mail(tmp_path: Path) -> Mail:
    shutil.copytree(FIXTURES / "scenario-4" / "messages", tmp_path / "messages")
    return Mail(replace(load(FIXTURES / "scenario-4"), folder=tmp_path))


Header = Callable[..., str]


@pytest.fixture
def header() -> Header:
    """`header("from … by …", "from … by …", kind=…)`: a message with these trace fields, newest first."""

    def build(
        *received: str,
        sender: str = "john@fabrikam.com",
        to: str = "chris@contoso.com",
        reverse: str | None = "john@fabrikam.com",
        fields: tuple[str, ...] = (),
    ) -> str:
        lines = [f"Return-Path: <{reverse}>"] if reverse is not None else []
        lines += [f"Received: {text}; Mon, 1 Jun 2026 10:00:00 +0000" for text in received]
        return "\n".join([*lines, *fields, f"From: {sender}", f"To: {to}", "", "text", ""])

    return build
