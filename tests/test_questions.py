"""Whether a question asks for one answer or several."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.questions import wanted


@pytest.mark.parametrize(
    "question",
    [
        "Which countries signed the deal?",
        "What subjects did they discuss?",
        "Who were the guests?",
        "who was present at the talks",
        "Who was there?",
        "Who was not present?",
        "Who else came?",
        "List the ministers who resigned",
        "Please name the signatories.",
        "Which Caribbean leaders came?",
        "In which cities was it shown?",
        "Which Caribbean prime ministers were at the talks?",
    ],
)
def test_several(question: str) -> None:
    assert wanted(question) == "several"


@pytest.mark.parametrize(
    "question",
    [
        "Who attended the meeting?",
        "Whom did the minister meet?",
        "who signed it",
        "Who runs the company?",
        "Tell me who spoke",
        "Which of the ministers resigned?",
    ],
)
def test_either(question: str) -> None:
    assert wanted(question) == "either"


@pytest.mark.parametrize(
    "question",
    [
        "Who is the president?",
        "Who was the host?",
        "Who runs the company now?",
        "When did they meet?",
        "How many people came?",
        "What is the crisis about?",
        "What does the minister say?",
        "Which process was chosen?",
        "Why did the talks fail?",
        "Where is it?",
        "The capital of Peru",
        "What is Peru's capital?",
        "What did the president's envoy say?",
        "What happens next?",
        "What does James want?",
    ],
)
def test_one(question: str) -> None:
    assert wanted(question) == "one"


@given(st.text())
def test_anything_is_a_question(question: str) -> None:
    assert wanted(question) in {"one", "several", "either"}
