"""What was observed is written and read back without a loss, and nothing else is read."""

import json
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.door import Look, open_door
from mailflow.environment.load import load
from mailflow.environment.message import Kind, TestMessage
from mailflow.environment.worlds import World
from mailflow.input_error import InputError
from mailflow.mail.address import Address
from mailflow.mail.envelope import Envelope
from mailflow.observe.eye import AuthoritativeAnswer
from mailflow.observe.path import Disposition, Hop, MailPath, Place
from mailflow.observe.pieces import as_text, whole
from mailflow.observe.recording import Recording, read, written
from mailflow.records.answer import Answer, MxRecord, Outcome, Question

FIXTURES = Path(__file__).parents[2] / "fixtures"
ANSWERS = (
    Answer(Question("contoso.com", "MX"), Outcome.FOUND, (MxRecord(10, "mail.contoso.com"),), 3600),
    Answer(Question("contoso.com", "TXT"), Outcome.FOUND, ("0::1", "192.0.2.1", "v=spf1 -all", "=", ""), 60),
    Answer(Question("mail.contoso.com", "AAAA"), Outcome.FOUND, (ip_address("2001:db8::1"),), 60, ("alias.test",)),
    Answer(Question("gone.test", "A"), Outcome.NXDOMAIN, text=("\x1b[31mno such name",)),
)


def recording(**parts: Any) -> Recording:
    return Recording(
        mode="live", stage="after", at=datetime(2026, 11, 25, tzinfo=UTC), environment="x", digest="0" * 64, **parts
    )


def through_a_file(one: Recording) -> Recording:
    return read(json.loads("".join(as_text(written(one)))), "evidence.json")


def test_answers_stay_what_they_are() -> None:
    assert through_a_file(recording(answers=ANSWERS)).answers == ANSWERS


def test_what_name_servers_say_stays_what_it_is() -> None:
    said = tuple(AuthoritativeAnswer("ns1.contoso.com", "192.0.2.53", answer) for answer in ANSWERS)
    assert through_a_file(recording(authoritative=said)).authoritative == said


VALUES = {
    "TXT": st.text(),
    "NS": st.text(),
    "A": st.ip_addresses(v=4),
    "AAAA": st.ip_addresses(v=6),
    "MX": st.builds(MxRecord, st.integers(0, 65535), st.text()),
}


@given(st.sampled_from(sorted(VALUES)), st.data())
def test_whatever_an_answer_holds(kind: str, data: st.DataObject) -> None:
    values = data.draw(st.lists(VALUES[kind], min_size=1))
    answer = Answer(Question("any.test", kind), Outcome.FOUND, tuple(values))
    assert through_a_file(recording(answers=(answer,))).answers == (answer,)


def test_a_whole_world() -> None:
    environment = load(FIXTURES / "scenario-4")
    (domain,), (server,) = environment.domains, environment.on_premises.servers
    with open_door(environment) as door:
        seen = (door.lookup("contoso.com", "MX"), door.tls(server), [door.paths(domain, kind) for kind in Kind])
        said = door.authoritative("contoso.com", "MX")
        policy = door.policy(domain)
        kept = door.recording()
    with open_door(environment, Look("recorded", recording=through_a_file(kept))) as again:
        assert seen == (
            again.lookup("contoso.com", "MX"),
            again.tls(server),
            [again.paths(domain, kind) for kind in Kind],
        )
        assert again.authoritative("contoso.com", "MX") == said
        assert again.policy(domain) == policy
        assert again.now == kept.at
        assert again.recording() == kept


def test_the_worlds_around_the_change() -> None:
    environment = load(FIXTURES / "scenario-1")
    (domain,) = environment.domains
    with open_door(environment) as door:
        seen = {world: door.paths_in(world, domain) for world in World}
        kept = door.recording()
    assert all(seen.values())
    with open_door(environment, Look("recorded", recording=through_a_file(kept))) as again:
        assert {world: again.paths_in(world, domain) for world in World} == seen
    lacking = kept.model_copy(update={"worlds": {World.OVERLAP: kept.worlds[World.OVERLAP]}})
    with open_door(environment, Look("recorded", recording=lacking)) as again:
        assert again.paths_in(World.OVERLAP, domain) == seen[World.OVERLAP]
        never = again.paths_in(World.ROLLBACK, domain)
    assert len(never) == len(seen[World.ROLLBACK])
    assert {one.disposition for one in never} == {Disposition.UNSEEN}
    part = kept.model_copy(update={"worlds": {World.ROLLBACK: kept.worlds[World.ROLLBACK]}})
    assert lacking.joined(part).worlds == kept.worlds


def test_a_part_of_a_simulation_does_not_pass_for_all_of_it() -> None:
    environment = load(FIXTURES / "scenario-1")
    (domain,) = environment.domains
    with open_door(environment) as door:
        seen = {kind: door.paths(domain, kind) for kind in Kind}
        worlds = {world: door.paths_in(world, domain) for world in World}
        sessions = {server.name: door.tls(server) for server in environment.on_premises.servers}
        kept = door.recording()
    part = kept.model_copy(
        update={
            "paths": {domain.name: {kind: paths[:1] for kind, paths in seen.items()}},
            "worlds": {world: {domain.name: paths[:1]} for world, paths in worlds.items()},
            "tls": {name: held[1:] for name, held in sessions.items()},
        }
    )
    with open_door(environment, Look("recorded", recording=part)) as again:
        for before, after in (
            *((seen[kind], again.paths(domain, kind)) for kind in Kind),
            *((worlds[world], again.paths_in(world, domain)) for world in World),
        ):
            assert after[:1] == before[:1]
            assert [(one.message, one.recipient) for one in after] == [(one.message, one.recipient) for one in before]
            assert {one.disposition for one in after[1:]} <= {Disposition.UNSEEN}
        for server in environment.on_premises.servers:
            assert {one.address for one in again.tls(server)} == set(server.listens)
            assert not all(one.reached for one in again.tls(server))


def test_what_was_not_recorded_is_unknown() -> None:
    environment = load(FIXTURES / "scenario-4")
    (domain,), (server,) = environment.domains, environment.on_premises.servers
    with open_door(environment, Look("recorded", recording=recording())) as door:
        answer = door.lookup("contoso.com", "MX")
        assert door.authoritative("contoso.com", "MX") == (AuthoritativeAnswer("", "", answer),)
        (session,) = door.tls(server)
        policy = door.policy(domain)
        paths = [path for kind in Kind for path in door.paths(domain, kind)]
    assert (answer.outcome, answer.absent, session.reached) == (Outcome.TIMEOUT, False, False)
    assert (policy.body, policy.from_here) == (None, "the recording does not hold it: the run that made it did not ask")
    why = "the recording does not hold it: the run that made it did not ask"
    assert (answer.text, session.trouble) == ((why,), why)
    assert {(path.disposition, path.assumptions) for path in paths} == {(Disposition.UNSEEN, (why,))}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"form": 2}, "found observations in form 2; expected form 1. Judge it with the version of Mailflow"),
        ({"mode": "alive"}, "mode: Input should be 'simulated' or 'live'"),
        ({"stage": "later"}, "stage: Input should be 'plan', 'before' or 'after'"),
        ({"at": "2026-11-25T21:00:00"}, "at: Input should have timezone info"),
        ({"answers": [{"question": 1}]}, "answers.0.question: Input should be"),
        ({"tls": {"mail": [{"certificate": "no PEM"}]}}, "tls.mail.0"),
        ({"paths": {"contoso.com": {"by pigeon": []}}}, "paths.contoso.com.by pigeon"),
        ({"verdict": "compliant"}, "verdict: Extra inputs are not permitted"),
    ],
)
def test_what_is_no_recording(change: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as wrong:
        read({**whole(written(recording())), **change}, "evidence.json")
    assert str(wrong.value).startswith("evidence.json: found ")
    assert told in str(wrong.value)


@pytest.mark.parametrize(
    ("number", "change", "told"),
    [
        (0, {"outcome": "no data"}, "contoso.com MX: 'no data' with 1 values"),
        (0, {"values": []}, "contoso.com MX: 'found' with 0 values"),
        (0, {"values": ["=mail.contoso.com"]}, "contoso.com MX: values that no such record has"),
        (1, {"values": ["192.0.2.1"]}, "contoso.com TXT: values that no such record has"),
        (2, {"values": ["192.0.2.1"]}, "mail.contoso.com AAAA: values that no such record has"),
    ],
)
def test_an_answer_that_no_name_server_gives_is_refused(number: int, change: dict[str, Any], told: str) -> None:
    said = tuple(AuthoritativeAnswer("ns1.contoso.com", "192.0.2.53", answer) for answer in ANSWERS)
    for member, answer_in in (("answers", lambda one: one), ("authoritative", lambda one: one[2])):
        content = whole(written(recording(answers=ANSWERS, authoritative=said)))
        answer_in(content[member][number]).update(change)
        with pytest.raises(InputError) as wrong:
            read(content, "evidence.json")
        assert told in str(wrong.value)


def test_a_message_that_was_delivered_and_nobody_took_is_refused() -> None:
    kate = Address("kate", "contoso.com")
    kind = Kind.INTERNET_TO_ON_PREMISES
    message = TestMessage(kind, "tailspintoys.com", Envelope(None, (kate,)))
    hop = Hop("mail.contoso.com", Place.ON_PREMISES, None)
    paths = {"contoso.com": {kind: (MailPath(message, kate, Disposition.DELIVERED, (hop,)),)}}
    content = whole(written(recording(paths=paths)))
    assert read(content, "evidence.json").paths == paths
    content["paths"]["contoso.com"][str(kind)][0]["hops"] = []
    with pytest.raises(InputError, match="a message that was delivered, and no host that took it"):
        read(content, "evidence.json")


def test_unmarked_text_is_refused() -> None:
    content = whole(written(recording(answers=ANSWERS)))
    content["answers"][1]["values"] = ["v=spf1 -all"]
    with pytest.raises(InputError, match=r"contoso\.com TXT: 'v=spf1 -all' is neither address nor marked text"):
        read(content, "evidence.json")


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_anything_else_is_a_mistake_and_never_a_crash(content: Any) -> None:
    with pytest.raises(InputError):
        read(content, "evidence.json")


def test_two_processes() -> None:
    one = recording(answers=ANSWERS[:2])
    other = recording(answers=(ANSWERS[3], Answer(ANSWERS[0].question, Outcome.TIMEOUT)))
    assert one.joined(other).answers == (*ANSWERS[:2], ANSWERS[3])


def test_what_two_processes_observed_of_one_domain_is_put_together_by_kind() -> None:
    one, other = (recording(paths={"x.com": {kind: ()}}) for kind in (Kind.STRANGER_RELAY, Kind.CLOUD_TO_CLOUD))
    assert dict(one.joined(other).paths) == {"x.com": {Kind.STRANGER_RELAY: (), Kind.CLOUD_TO_CLOUD: ()}}
