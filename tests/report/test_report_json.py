import json
from dataclasses import replace
from typing import Any

from mailflow.policy.finding import Evidence, Verdict
from mailflow.policy.requirement import Level
from mailflow.policy.run import Completeness
from mailflow.report import as_json


def step(keyword: str, text: str, status: str, asked: str = "", seen: str = "") -> dict[str, Any]:
    return {"keyword": keyword, "text": text, "status": status, "asked": asked, "seen": seen, "demands": []}


def hop(host: str, place: str, tls: str = "") -> dict[str, Any]:
    return {"host": host, "place": place, "tls": tls, "connector": "", "attributed": False}


def test_the_shape_that_other_programs_rely_on(build, row) -> None:
    one = row(Verdict.WAIVED, "S4-MX-1")
    run = build(results=[one], completeness=Completeness(1, 1), waiver_mistakes=())
    assert json.loads(b"".join(as_json.report(run))) == {
        "schema": 1,
        "kit": {"name": "mailflow", "version": "0.1.0", "digest": "fcde2b2e"},
        "run": {
            "mode": "simulated",
            "stage": "plan",
            "started": "2026-11-23T16:20:05Z",
            "finished": "2026-11-23T16:20:08Z",
            "strict": False,
            "observed": {"mode": "live", "at": "2026-11-23T16:20:06Z", "vantage": "203.0.113.9"},
            "ran_by": "kim",
            "ran_on": "jump-host",
            "again": "--environment scenario-4",
        },
        "environment": {
            "name": "scenario-4",
            "organization": "Contoso",
            "digest": "sha256:9f86d081",
            "files": {"environment.yaml": "7d793037"},
            "microsoft_365_data": "worldwide, read 2026-08-14",
            "domains": [{"name": "contoso.com", "scenario": 4}],
        },
        "evidence": {"file": "evidence.json", "digest": "2c26b46b"},
        "decision": "ready-with-accepted-risks",
        "counts": {"not-applicable": 0, "compliant": 0, "waived": 1, "not-verified": 0, "non-compliant": 0},
        "completeness": {
            "planned": 1,
            "judged": 1,
            "deselected": [],
            "undefined": [],
            "errors": [],
            "unused_features": [],
        },
        "waiver_mistakes": [],
        "readiness": {
            "at": "2026-11-25T16:20:05Z",
            "offset": "+01:00",
            "planned": [
                {"domain": "contoso.com", "records": ["10 mail."], "ttl": 300},
                {"domain": "b.example", "records": [], "ttl": None},
            ],
            "windows": [
                {
                    "domain": "contoso.com",
                    "before": ["10 old."],
                    "old_ttl": 86_400,
                    "new_ttl": 300,
                    "refresh": 3600,
                    "lowered": {"ttl": 600, "at": "2026-11-23T16:20:05Z"},
                    "lower_by": "2026-11-24T15:20:05Z",
                    "lowered_everywhere": "2026-11-24T17:20:05Z",
                    "at": "2026-11-25T16:20:05Z",
                    "old_until": "2026-11-25T17:30:05Z",
                    "keep_old_until": "2026-11-29T16:20:05Z",
                    "latest_way_back": "2026-11-29T15:15:05Z",
                    "way_back": 3900,
                    "none_for": 300,
                }
            ],
            "without_window": [{"domain": "b.example", "why": "not recorded"}],
        },
        "misfits": [
            {
                "domains": ["contoso.com"],
                "declared": "4",
                "words": "what is planned fits scenario 3.",
                "layouts": [{"scenario": "3", "fits": ["a fact for it"], "contradicts": ["a fact against it"]}],
            }
        ],
        "advice": {"4": ["the documentation recommends another scenario"]},
        "requirements": [
            {
                "id": "S4-MX-1",
                "domain": "contoso.com",
                "scenario": "feature",
                "level": "must",
                "title": "title",
                "verdict": "waived",
                "reason": "reason of S4-MX-1",
                "remedy": "remedy of the requirement",
                "why": "why",
                "beneath": "non-compliant",
                "waiver": "W-7: accepted by Kim until 2026-12-31",
                "accepted": {
                    "id": "S4-MX-1",
                    "domain": "contoso.com",
                    "reason": "reason",
                    "risk": "risk",
                    "approver": "Kim",
                    "ticket": "W-7",
                    "starts": "day",
                    "until": "end",
                    "origin": "waivers.yaml:1",
                },
                "notes": ["a note", "another note"],
                "sources": [
                    {"document": "a document of our own", "section": "section", "standing": "stated"},
                    {"document": "RFC 7208", "section": "section", "standing": "derived"},
                ],
                "feature": {"path": "features/scenario_4.feature", "line": 7},
                "steps": [
                    step("Given", "a condition", "done"),
                    step("When", "it is looked up", "a status nobody knows"),
                    step("Then", "it is so", "waived", "asked", "seen")
                    | {
                        "demands": [
                            {
                                "endings": ["delivered"],
                                "ends_at": "Microsoft 365",
                                "passes": ["the on-premises servers", "Microsoft 365"],
                                "never": [],
                                "enters": "",
                                "leaves": "",
                                "tls": False,
                                "attributed": False,
                                "connector": False,
                                "kinds": ["from the Internet to a cloud mailbox"],
                            }
                        ]
                    },
                    step("And", "so is that", "not reached"),
                    step("And", "that too", "error"),
                ],
                "evidence": [
                    {
                        "kind": "dns",
                        "asked": "MX contoso.com",
                        "of": "192.0.2.1",
                        "answer": ["10 mail.", "20 mx."],
                        "way": None,
                    },
                    {"kind": "smtp", "asked": "the session", "of": "mail.contoso.com", "answer": [], "way": None},
                    {
                        "kind": "path",
                        "asked": "message 1 for kate",
                        "of": "session records",
                        "answer": ["1. one", "2. two", "delivered", "Received: x"],
                        "way": {
                            "kind": "from the Internet to a cloud mailbox",
                            "recipient": "kate@contoso.com",
                            "hops": [hop("one", "the Internet"), hop("two", "Microsoft 365", "TLSv1.3")],
                            "ending": "delivered",
                            "ended_at": "Microsoft 365",
                            "reply": "",
                            "assumed": False,
                        },
                    },
                ],
            }
        ],
        "compared": None,
    }


def test_hostile_text_comes_back_as_it_was_from_a_file_of_plain_ascii(build, hostile) -> None:
    run = build(hostile)
    written = b"".join(as_json.report(run))
    assert written.isascii()
    assert not any(byte < 0x20 for byte in written if byte != 0x0A)
    told = json.loads(written)
    assert told["environment"]["organization"] == hostile("Contoso")
    assert told["completeness"]["errors"] == list(run.completeness.errors)
    for one, result in zip(told["requirements"], run.results, strict=True):
        assert (one["id"], one["domain"], one["verdict"]) == (result.requirement.id, result.domain, result.verdict)
        assert one["reason"] == result.reason
        assert [tuple(item["answer"]) for item in one["evidence"]] == [item.answer for item in result.evidence]


def test_evidence_stands_once_with_the_rows_that_rest_on_it(build, row) -> None:
    run = build(results=[row(Verdict.COMPLIANT, "A-1"), row(Verdict.COMPLIANT, "A-2", level=Level.SHOULD, tenant=True)])
    told = json.loads(b"".join(as_json.evidence(run)))
    assert told["environment"] == {"name": "scenario-4", "digest": "sha256:9f86d081"}
    assert len(told["evidence"]) == 3
    assert told["evidence"][0] == {
        "kind": "dns",
        "asked": "MX contoso.com",
        "of": "192.0.2.1",
        "answer": ["10 mail.", "20 mx."],
        "supports": [{"id": "A-1", "domain": "contoso.com"}, {"id": "A-2", "domain": None}],
    }


def test_a_row_that_rests_twice_on_one_answer_is_named_once(build, row) -> None:
    seen = Evidence("dns", "MX", "192.0.2.1", ("x" * 50_000,))
    twice = replace(row(Verdict.COMPLIANT, "A-1"), evidence=(seen, seen))
    (item,) = json.loads(b"".join(as_json.evidence(build(results=[twice]))))["evidence"]
    assert item["supports"] == [{"id": "A-1", "domain": "contoso.com"}]
    assert item["answer"] == ["x" * 50_000]


def test_a_row_stands_in_one_line(build) -> None:
    run = build()
    lines = b"".join(as_json.report(run)).decode("ascii").splitlines()
    rows = [json.loads(line.strip().rstrip(",")) for line in lines if line.startswith(' {"id"')]
    assert [(row["id"], row["domain"]) for row in rows] == [(r.requirement.id, r.domain) for r in run.results]
    assert json.loads(b"".join(as_json.evidence(build(results=[]))))["evidence"] == []
