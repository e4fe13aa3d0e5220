"""The JSON that other programs read is pinned here, key by key and in order."""

import json

from hypothesis import given
from hypothesis import strategies as st

from bot.json import answer_json, report_json, status_json
from reader.types import Answer, Timing
from retrieval.types import Article, Evidence, Hit, IndexReport, Passage, Skipped
from tests.fakes import DATED, LINK, STATUS, TEXT, answer


def test_an_answer() -> None:
    quote = {"quote": "Ana met Bo in Caracas.", "quote_start": 0, "quote_end": 22}
    assert json.loads(answer_json(answer("hello"))) == {
        "question": "hello",
        "kind": "span",
        "answers": [
            {
                "text": "hello",
                "confidence": 0.997,
                "sources": 2,
                "resolved_date": None,
                "citations": [
                    {
                        "article_id": "a1",
                        "title": "Talks in Caracas",
                        "source": "Example Wire",
                        "url": LINK,
                        "published": "2024-02-20T09:30:00+00:00",
                        **quote,
                        "answer_start": 14,
                        "answer_end": 21,
                        "source_group": "a1",
                    },
                    {
                        "article_id": "a2",
                        "title": "",
                        "source": None,
                        "url": None,
                        "published": None,
                        **quote,
                        "answer_start": 14,
                        "answer_end": 21,
                        "source_group": "a2",
                    },
                ],
            }
        ],
        "evidence": [
            {"article_id": "a1", "title": "Talks in Caracas", "text": TEXT, "start": 0, "end": len(TEXT), "score": 1.0},
            {"article_id": "a2", "title": "", "text": TEXT, "start": 0, "end": len(TEXT), "score": 0.5},
        ],
        "timing_ms": {"retrieve": 1.0, "read": 2.0, "total": 3.5},
    }


def test_the_order_of_keys_is_part_of_it() -> None:
    found = json.loads(answer_json(answer("list")))
    assert list(found) == ["question", "kind", "answers", "evidence", "timing_ms"]
    assert list(found["answers"][0]) == ["text", "confidence", "sources", "resolved_date", "citations"]
    assert list(found["answers"][0]["citations"][0])[-2:] == ["answer_end", "source_group"]
    assert [item["text"] for item in found["answers"]] == ["Ana", "Bo"]


def test_not_found_has_no_answers_but_evidence() -> None:
    found = json.loads(answer_json(answer("nowhere")))
    assert found["kind"] == "none"
    assert found["answers"] == []
    assert len(found["evidence"]) == 2


def test_a_resolved_date_is_a_string() -> None:
    assert json.loads(answer_json(answer("differ")))["answers"][1]["resolved_date"] == "2024-02-20"


def test_a_report() -> None:
    report = IndexReport(3, 1, 2, 4, 5, (Skipped("x.txt", "it is empty."),), 20, 6, 14, 1.5)
    assert json.loads(report_json(report)) == {
        "generation": 3,
        "articles": {"added": 1, "changed": 2, "removed": 4, "unchanged": 5},
        "skipped": [{"path": "x.txt", "reason": "it is empty."}],
        "passages": {"total": 20, "embedded": 6, "reused": 14},
        "seconds": 1.5,
    }


def test_a_status() -> None:
    found = json.loads(status_json(STATUS))
    assert found["created"] == DATED.isoformat()
    assert found["articles"][1] == {
        "id": "a2",
        "title": "",
        "source": None,
        "published": None,
        "path": "untitled.txt",
        "passages": 1,
    }
    assert list(found)[:-1] == ["generation", "created", "model", "fingerprint", "dimension", "passages", "bytes"]


@given(st.lists(st.text(max_size=3) | st.sampled_from("\udcff\udc80\n\u2028")).map("".join))
def test_any_text_comes_back_as_it_was_on_one_line_of_utf_8(text: str) -> None:
    article = Article("a", text, text, text, None, None, "a.txt", text)
    evidence = Evidence((Hit(Passage(1, "a", 0, len(text)), text, 0.5, 0, None),), {"a": article}, {"a": "a"}, 1)
    document = answer_json(Answer(text, "none", (), evidence, Timing(0, 0, 0)))
    assert b"\n" not in document.encode()
    assert json.loads(document)["question"] == text
    assert json.loads(document)["evidence"][0]["text"] == text


def test_text_is_not_escaped_to_ascii() -> None:
    assert '"Où?"' in answer_json(answer("Où?"))
