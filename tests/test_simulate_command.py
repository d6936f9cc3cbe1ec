"""`mailflow simulate` keeps an environment up, says how to try it, and tells what its servers do."""

import asyncio
import http.client
import re
import shlex
import signal
import smtplib
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dns.asyncquery
import dns.message
import pytest

from mailflow.__main__ import main
from mailflow.command.serve import serve
from mailflow.environment.load import load

PROJECT = Path(__file__).parents[1]


def served(name: str, work: Callable[[list[str]], Any]) -> tuple[list[str], Any]:
    """Serve an environment while `work` runs in a thread; gives what was said, and what the work gave."""
    lines: list[str] = []

    async def scene() -> Any:
        stopped = asyncio.Event()
        ready = asyncio.Event()

        def say(line: str) -> None:
            lines.append(line)
            if line == "What the servers do:":
                ready.set()

        serving = asyncio.create_task(serve(load(PROJECT / "fixtures" / name), say, stopped))
        await asyncio.wait_for(ready.wait(), 10)
        try:
            return await asyncio.to_thread(work, list(lines))
        finally:
            stopped.set()
            await serving

    result = asyncio.run(scene())
    return lines, result


def commands(lines: list[str], program: str) -> list[tuple[str, list[str]]]:
    """Each command of a program with the line above it."""
    return [
        (lines[number - 1].strip(), shlex.split(line))
        for number, line in enumerate(lines)
        if line.startswith(f"  {program} ")
    ]


def test_the_curl_line_fetches_the_policy() -> None:
    def fetch(lines: list[str]) -> tuple[int, str | None, bytes]:
        ((_, command),) = commands(lines, "curl")
        host, port, address = option(command, "--resolve").split(":")
        assert command[-1] == f"https://{host}:{port}/.well-known/mta-sts.txt"
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # --insecure
        connection = http.client.HTTPSConnection(address, int(port), context=context, timeout=10)
        connection.request("GET", "/.well-known/mta-sts.txt", headers={"Host": f"{host}:{port}"})
        response = connection.getresponse()
        return response.status, response.getheader("Content-Type"), response.read()

    _, (status, media_type, body) = served("scenario-4", fetch)
    assert (status, media_type) == (200, "text/plain")
    assert body == (PROJECT / "fixtures" / "scenario-4" / "mta-sts" / "contoso.com.txt").read_bytes()


def option(command: list[str], name: str) -> str:
    return command[command.index(name) + 1]


def test_where_everybody_listens() -> None:
    lines, _ = served("scenario-4", lambda _: None)
    assert lines[0] == "Contoso (scenario-4) is up. Nothing leaves this machine; Ctrl-C ends it."
    listed = [re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", line) for line in lines[3:11]]
    assert listed == [
        "  DNS → 127.0.0.1:PORT (UDP and TCP)",
        "  Microsoft 365 [40.92.0.36] → 127.0.0.1:PORT, stranger 127.0.0.1:PORT",
        "  Microsoft 365 [2a01:111:f400::24] → 127.0.0.1:PORT, stranger 127.0.0.1:PORT",
        "  mail.contoso.com [131.107.21.231] → 127.0.0.1:PORT, stranger 127.0.0.1:PORT",
        "  mail.fabrikam.com [192.0.2.25] → 127.0.0.1:PORT, stranger 127.0.0.1:PORT",
        "  mail.fabrikam.com [2001:db8:2::25] → 127.0.0.1:PORT, stranger 127.0.0.1:PORT",
        "  mail.tailspintoys.com [198.51.100.25] → 127.0.0.1:PORT, stranger 127.0.0.1:PORT",
        "  stranger.example [198.18.0.99] → 127.0.0.1:PORT, stranger 127.0.0.1:PORT",
    ]


def test_the_dig_lines_have_answers() -> None:
    def dig(lines: list[str]) -> list[str]:
        found = []
        for _, command in commands(lines, "dig"):
            server, port, name, rdtype = command[1].removeprefix("@"), int(command[3]), command[4], command[5]
            query = dns.message.make_query(name, rdtype)
            response = asyncio.run(dns.asyncquery.udp(query, server, 5, port))
            found += [f"{name} {rdtype} {rdata.to_text()}" for rrset in response.answer for rdata in rrset]
        return found

    _, answers = served("scenario-4", dig)
    assert answers == [
        "contoso.com MX 10 mail.contoso.com.",
        'contoso.com TXT "v=spf1 ip4:131.107.21.231 ip4:203.0.113.60 include:spf.protection.outlook.com -all"',
        "mail.contoso.com A 131.107.21.231",
    ]


def deliver(command: list[str]) -> str:
    """Do what swaks does with these options; gives the reply that ended it."""
    with smtplib.SMTP(
        option(command, "--server"), int(option(command, "--port")), option(command, "--helo"), 5
    ) as client:
        client.ehlo()
        assert client.has_extn("starttls") == ("--tls" in command)
        steps = [client.mail(option(command, "--from").strip("<>")), client.rcpt(option(command, "--to"))]
        if steps[-1][0] == 250:
            steps.append(client.data(b"Message-ID: <by-hand@stranger.example>\r\n\r\nby hand\r\n"))
        code, text = steps[-1]
        return f"{code} {text.decode()}"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "scenario-4",
            [
                ("from the Internet to a cloud mailbox, by MX: mail.contoso.com", "250 2.6.0 ID"),
                ("from the Internet to an on-premises mailbox, by MX: mail.contoso.com", "250 2.6.0 ID"),
                ("from the Internet to an unknown recipient, by MX: mail.contoso.com", "250 2.6.0 ID"),
                ("from a stranger, handed directly to Microsoft 365, straight to M365", "550 5.7.51"),
                ("from a stranger to another stranger, straight to M365", "550 5.7.64"),
                ("from a stranger to another stranger, straight to mail.contoso.com", "550 5.7.1"),
            ],
        ),
        (
            "scenario-1",
            [
                ("from the Internet to a cloud mailbox, by MX: M365", "250 2.6.0 ID"),
                ("from the Internet to an on-premises mailbox, by MX: M365", "250 2.6.0 ID"),
                ("from the Internet to an unknown recipient, by MX: M365", "550 5.4.1"),
                (
                    "from a stranger, handed directly to the on-premises servers, straight to mail.contoso.com",
                    "421 4.3.2",
                ),
                ("from a stranger to another stranger, straight to M365", "550 5.7.64"),
                ("from a stranger to another stranger, straight to mail.contoso.com", "421 4.3.2"),
            ],
        ),
    ],
)
def test_the_swaks_lines_do_what_they_say(name: str, expected: list[tuple[str, str]]) -> None:
    def try_all(lines: list[str]) -> list[tuple[str, str]]:
        found = []
        for comment, command in commands(lines, "swaks"):
            try:
                reply = deliver(command)
            except smtplib.SMTPConnectError as shut_out:
                reply = f"{shut_out.smtp_code} {shut_out.smtp_error.decode()}"
            what = comment.removeprefix("# ").replace("contoso-com.mail.protection.outlook.com", "M365")
            what = what.replace(", offered to Microsoft 365 and the on-premises servers", "")
            found.append((what, re.sub(r"^(250 2.6.0) [0-9A-F]{10}.*", r"\1 ID", reply)))
        return found

    lines, replies = served(name, try_all)
    assert [(what, reply[: len(code)]) for (what, reply), (_, code) in zip(replies, expected, strict=True)] == expected
    happened = lines[lines.index("What the servers do:") + 1 :]
    assert sum(" takes " in line and "from stranger.example [198.18.0.99]" in line for line in happened) == sum(
        reply == "250 2.6.0 ID" for _, reply in replies
    )
    assert sum(" refuses " in line or " does not talk to " in line for line in happened) == sum(
        not reply.startswith("250") for _, reply in replies
    )


def test_a_name_that_is_none_is_told_with_status_4(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "scenario-5"]) == 4
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(
        "mailflow simulate: found 'scenario-5'; expected the name of a folder in fixtures/ or the path"
    )


def test_a_mistake_in_the_environment_is_told_with_status_4(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "environment.yaml").write_text("organization: [\n", encoding="utf-8")
    assert main(["simulate", str(tmp_path)]) == 4
    assert "environment.yaml:" in capsys.readouterr().err


def test_help_shows_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["simulate", "--help"])
    assert end.value.code == 0
    assert "mailflow simulate scenario-4" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without asking it")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_when_it_is_asked_to(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "mailflow", "simulate", "scenario-4"]
    with subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("What the servers do"):
                break
        process.send_signal(number)
        _, errors = process.communicate(timeout=10)
        assert (process.returncode, errors) == (0, "")
