"""The JSON that other programs read is pinned here, key by key and in order."""

import json
from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from bot.following.documents import answered_json, followed_json, news_document, news_json, news_of
from bot.following.types import Asker, Followed, Notice
from bot.json import added_json, answer_json, intake_json, report_json, status_json, verification_json
from reader.novelty import News, Statement
from reader.types import Answer, Timing
from retrieval.adding import AddReport
from retrieval.question import parsed
from retrieval.storage.types import Finding, Verification
from retrieval.types import (
    Article,
    Dropped,
    Evidence,
    Hit,
    IndexReport,
    Intake,
    Passage,
    SearchFilter,
    Skipped,
    Turn,
    Unread,
)
from tests.fakes import ARTICLES, DATED, LINK, STATUS, TEXT, answer


def test_an_answer() -> None:
    quote = {"quote": "Ana met Bo in Caracas.", "quote_start": 0, "quote_end": 22}
    assert json.loads(answer_json(answer("hello"))) == {
        "question": "hello",
        "about": None,
        "respelled": {},
        "unmentioned": [],
        "kind": "span",
        "certain": True,
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


def test_news_of_a_followed_question() -> None:
    found = answer("hello")
    was = Statement.of(found.answers[0], found)
    (kept,) = [news_document(News(found, (was,)))]
    where = SearchFilter(source="Example Wire", since=date(2024, 2, 1))
    followed = Followed(3, "hello", where, Asker(5, 6, None, True), DATED, 1)
    restored = news_of(kept, ARTICLES, 1)
    assert restored is not None and restored.was == (was,)
    told = json.loads(news_json(Notice(7, followed, restored)))
    asked = json.loads(answer_json(found))
    assert told == {
        "news": 7,
        "followed": 3,
        **asked,
        "timing_ms": {"retrieve": 0.0, "read": 0.0, "total": 0.0},
        "was": [{"text": "hello", "resolved_date": None, "citation": asked["answers"][0]["citations"][0]}],
    }
    assert json.loads(answered_json(followed, found)) == {"followed": 3, **asked}
    assert json.loads(followed_json(followed, [was, replace(was, holds=False)])) == {
        "followed": 3,
        "question": "hello",
        "filter": {"article_id": None, "source": "Example Wire", "since": "2024-02-01"},
        "since": "2024-02-20T09:30:00+00:00",
        "generation": 1,
        "suspended": False,
        "discord": {"person": 5, "channel": 6, "server": None, "private": True},
        "told": told["was"],
    }
    assert news_of(kept, {**ARTICLES, "a1": replace(ARTICLES["a1"], text="Gone.")}, 1) is None


def test_the_order_of_keys_is_part_of_it() -> None:
    found = json.loads(answer_json(answer("list")))
    first = ["question", "about", "respelled", "unmentioned", "kind"]
    assert list(found) == [*first, "certain", "answers", "evidence", "timing_ms"]
    assert list(found["answers"][0]) == ["text", "confidence", "sources", "resolved_date", "citations"]
    assert list(found["answers"][0]["citations"][0])[-2:] == ["answer_end", "source_group"]
    assert [item["text"] for item in found["answers"]] == ["Ana", "Bo"]


def test_not_found_has_no_answers_but_evidence_and_unsure_is_not_certain() -> None:
    found = json.loads(answer_json(answer("nowhere")))
    assert (found["kind"], found["certain"], found["answers"], len(found["evidence"])) == ("none", True, [], 2)
    assert json.loads(answer_json(answer("unsure")))["certain"] is False


def test_the_earlier_question_and_a_resolved_date_are_texts() -> None:
    found = json.loads(answer_json(answer("differ", conversation=[Turn("Who met?")])))
    assert (found["about"], found["answers"][1]["resolved_date"]) == ("Who met?", "2024-02-20")


def test_words_that_were_read_as_others_and_words_that_no_article_has() -> None:
    found = answer("nowhere")
    question = replace(found.evidence.question, respelled={"Lavrof": "Lavrov"}, unmentioned=("Lisbon",))
    kept = json.loads(answer_json(replace(found, evidence=replace(found.evidence, question=question))))
    assert (kept["respelled"], kept["unmentioned"]) == ({"Lavrof": "Lavrov"}, ["Lisbon"])


def test_a_report() -> None:
    report = IndexReport(3, 1, 2, 4, 5, (Skipped("x.txt", "it is empty."),), 20, 6, 14, 1.5, (Unread(".pdf", 2),))
    assert json.loads(report_json(report)) == {
        "generation": 3,
        "articles": {"added": 1, "changed": 2, "removed": 4, "unchanged": 5},
        "skipped": [{"path": "x.txt", "reason": "it is empty."}],
        "passages": {"total": 20, "embedded": 6, "reused": 14},
        "seconds": 1.5,
        "unread": [{"kind": ".pdf", "files": 2}],
    }


def test_a_status() -> None:
    found = json.loads(status_json(STATUS, [Unread(".pdf", 2)]))
    assert found["unread"] == [{"kind": ".pdf", "files": 2}]
    assert found["created"] == DATED.isoformat()
    assert found["articles"][1] == {
        "id": "a2",
        "title": "",
        "source": None,
        "published": None,
        "language": None,
        "path": "untitled.txt",
        "source_group": "a2",
        "passages": 1,
        "lines_left_out": 0,
    }
    assert list(found) == [
        *("generation", "created", "model", "fingerprint", "dimension", "passages", "bytes", "unread", "articles")
    ]


def test_one_article() -> None:
    intake = Intake(ARTICLES["a1"], (Dropped(3, "Share this", "a prompt to share"),))
    assert json.loads(intake_json(intake, STATUS)) == {
        **json.loads(status_json(STATUS))["articles"][0],
        "url": LINK,
        "text": TEXT,
        "left_out": [{"line": 3, "text": "Share this", "reason": "a prompt to share"}],
    }


def test_what_was_added() -> None:
    report = AddReport(("new.txt",), ("old.txt",), (Skipped("x.pdf", "is no article"),), (Unread(".pdf", 2),))
    assert json.loads(added_json(report)) == {
        "added": ["new.txt"],
        "unchanged": ["old.txt"],
        "skipped": [{"path": "x.pdf", "reason": "is no article"}],
        "unread": [{"kind": ".pdf", "files": 2}],
    }


def test_a_verification() -> None:
    found = Verification(3, 2, 7, (Finding("The index file x is lost", "{bring the index up to date}"),))
    assert json.loads(verification_json(found)) == {
        "generation": 3,
        "articles": 2,
        "passages": 7,
        "problems": [{"problem": "The index file x is lost", "mend": "run `dateline index`"}],
    }


@given(st.lists(st.text(max_size=3) | st.sampled_from("\udcff\udc80\n\u2028")).map("".join))
def test_any_text_comes_back_as_it_was_on_one_line_of_utf_8(text: str) -> None:
    article = Article("a", text, text, text, None, None, "a.txt", text)
    evidence = Evidence(
        parsed(text), (Hit(Passage(1, "a", 0, len(text)), text, 0.5, 0, None, 0.0, 0.0),), {"a": article}, {"a": "a"}, 1
    )
    document = answer_json(Answer("none", (), evidence, Timing(0, 0, 0)))
    assert b"\n" not in document.encode()
    assert json.loads(document)["question"] == text
    assert json.loads(document)["evidence"][0]["text"] == text


def test_text_is_not_escaped_to_ascii() -> None:
    assert '"Où?"' in answer_json(answer("Où?"))
