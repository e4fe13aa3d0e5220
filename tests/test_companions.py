"""Which questions ask who was there; what comes of them is in test_promises, with the real reader."""

import pytest

from reader.questions import asks_who_was_there


@pytest.mark.parametrize(
    "question",
    [
        "Who attended the Oslo meeting?",
        "who was at the talks",
        "Who else took part?",
        "Who was present?",
        "Who were there?",
        "Do you know who participated in the summit?",
    ],
)
def test_who_was_there(question: str) -> None:
    assert asks_who_was_there(question)


@pytest.mark.parametrize(
    "question",
    [
        "Who signed the deal?",
        "Who did not attend?",
        "Who was not there?",
        "When did they meet?",
        "Who is the president?",
        "What was presented?",
    ],
)
def test_anything_else(question: str) -> None:
    assert not asks_who_was_there(question)
