import ast
from pathlib import Path

from mailflow.exchange import replies
from mailflow.exchange.replies import SAID_AT, Stage
from mailflow.mail.reply import Reply

ROUTING = Path(replies.__file__).parents[1] / "routing"


def test_for_every_refusal_of_a_transaction_it_is_known_or_said_to_be_unknown_at_which_command_it_comes() -> None:
    """What a router refuses with (not what it returns or holds a message with) has its entry."""
    refused = set()
    for file in ROUTING.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refuse"
            if called and isinstance(node.args[0], ast.Name) and node.args[0].id.isupper():
                refused.add(node.args[0].id)
    assert refused
    assert {getattr(replies, name) for name in refused} == set(SAID_AT)


def test_each_reply_is_named_once() -> None:
    named = [value for value in vars(replies).values() if isinstance(value, Reply)]
    assert len(set(named)) == len(named)
    assert all(reply.code // 100 == int(reply.enhanced[0]) for reply in named)


def test_a_loop_is_only_seen_in_the_message() -> None:
    loops = [reply for reply, stage in SAID_AT.items() if stage is Stage.END_OF_DATA]
    assert [reply.enhanced for reply in loops] == ["5.4.6", "5.4.14"]
