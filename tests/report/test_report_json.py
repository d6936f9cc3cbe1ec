import json
from dataclasses import replace

from mailflow.policy.finding import Evidence, Verdict
from mailflow.policy.requirement import Level
from mailflow.policy.run import Completeness
from mailflow.report import as_json


def test_the_shape_that_other_programs_rely_on(build, row) -> None:
    one = row(Verdict.WAIVED, "S4-MX-1")
    run = build(results=[one], completeness=Completeness(1, 1), waiver_mistakes=())
    assert json.loads(as_json.report(run)) == {
        "schema": 1,
        "kit": {"name": "mailflow", "version": "0.1.0"},
        "run": {
            "mode": "simulated",
            "stage": "plan",
            "started": "2026-11-23T16:20:05Z",
            "finished": "2026-11-23T16:20:08Z",
            "strict": False,
        },
        "environment": {
            "name": "scenario-4",
            "organization": "Contoso",
            "digest": "sha256:9f86d081",
            "microsoft_365_data": "worldwide, read 2026-08-14",
            "domains": [{"name": "contoso.com", "scenario": 4}],
        },
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
                "notes": ["a note", "another note"],
                "sources": [
                    {"document": "a document of our own", "section": "section", "standing": "stated"},
                    {"document": "RFC 7208", "section": "section", "standing": "derived"},
                ],
                "feature": {"path": "features/scenario_4.feature", "line": 7},
                "steps": [
                    {"keyword": "Given", "text": "a condition", "status": "done", "asked": "", "seen": ""},
                    {
                        "keyword": "When",
                        "text": "it is looked up",
                        "status": "a status nobody knows",
                        "asked": "",
                        "seen": "",
                    },
                    {"keyword": "Then", "text": "it is so", "status": "waived", "asked": "asked", "seen": "seen"},
                    {"keyword": "And", "text": "so is that", "status": "not reached", "asked": "", "seen": ""},
                    {"keyword": "And", "text": "that too", "status": "error", "asked": "", "seen": ""},
                ],
                "evidence": [
                    {"kind": "dns", "asked": "MX contoso.com", "of": "192.0.2.1", "answer": ["10 mail.", "20 mx."]},
                    {"kind": "smtp", "asked": "the session", "of": "mail.contoso.com", "answer": []},
                    {
                        "kind": "path",
                        "asked": "message 1 for kate",
                        "of": "session records",
                        "answer": ["1. one", "2. two", "delivered", "Received: x"],
                    },
                ],
            }
        ],
    }


def test_hostile_text_comes_back_as_it_was_from_a_file_of_plain_ascii(build, hostile) -> None:
    run = build(hostile)
    written = as_json.report(run)
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
    told = json.loads(as_json.evidence(run))
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
    (item,) = json.loads(as_json.evidence(build(results=[twice])))["evidence"]
    assert item["supports"] == [{"id": "A-1", "domain": "contoso.com"}]
    assert item["answer"] == ["x" * 50_000]
