"""Questions that lean on those before them, with the real models, over a few invented articles."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.assistant import Assistant, index_corpus
from reader.answering import Answerer
from reader.types import Answer, PassageReading, Timing
from retrieval.conversation import TURNS, in_conversation
from retrieval.progress import silent
from retrieval.question import leaning, parsed
from retrieval.types import Article, Evidence, Question, Turn
from tests.conftest import settings_for
from tests.stores import write
from tests.test_aggregate import PLAIN, THRESHOLD, passage
from tests.test_answering import Finds

ARTICLES = {
    "museum.md": """---
title: Brevik museum names a director
date: 2024-03-05
---
The museum of Brevik has chosen Ines Duarte as its new director. She was born in Oksvik and studied in Porto. Duarte
follows Tomas Lind, who led the museum for eleven years.
""",
    "ferry.md": """---
title: Ferry runs aground off Talvik
date: 2024-04-11
---
The ferry Marisol ran aground off Talvik on Thursday. Its captain, Petra Holm, blamed thick fog. Fourteen passengers
were hurt. Holm was born in Lerheim and has sailed the route since 2009.
""",
    "train.md": """---
title: A night train to Lyon
date: 2024-05-02
---
A night train will link Porto and Lyon from June. The railway company Noctis ordered twelve carriages for it from a
works in Ravna. A ticket costs 79 euros.
""",
}
DIRECTOR = "Who is the new director of the Brevik museum?"
CAPTAIN = "Who was the captain of the ferry Marisol?"
WHOLE = ("How much does a ticket for the night train cost?", CAPTAIN, DIRECTOR)


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    folder = tmp_path_factory.mktemp("talk")
    for name, text in ARTICLES.items():
        write(folder / "corpus", name, text)
    chosen = settings_for(folder / "corpus", folder / "storage")
    index_corpus(chosen, silent)
    return Assistant.open(chosen, silent)


def talked(assistant: Assistant, *questions: str) -> list[Answer]:
    """The answers of one conversation."""
    answers: list[Answer] = []
    conversation: tuple[Turn, ...] = ()
    for question in questions:
        answers.append(assistant.ask(question, conversation=conversation))
        conversation = answers[-1].conversation(conversation)
    return answers


def texts(answer: Answer) -> list[str]:
    return [item.text for item in answer.answers]


def timeless(answer: Answer) -> Answer:
    return replace(answer, timing=Timing(0, 0, 0))


@pytest.mark.parametrize(("first", "born"), [(DIRECTOR, "Oksvik"), (CAPTAIN, "Lerheim")])
def test_she_is_who_was_spoken_of(first: str, born: str, assistant: Assistant) -> None:
    _, answer = talked(assistant, first, "Where was she born?")
    assert (texts(answer), answer.about, answer.question) == ([born], first, "Where was she born?")


def test_a_change_of_subject_is_noticed_and_what_follows_is_about_the_new_one(assistant: Assistant) -> None:
    _, changed, answer = talked(assistant, DIRECTOR, CAPTAIN, "Where was she born?")
    assert timeless(changed) == timeless(assistant.ask(CAPTAIN)) and changed.about is None
    assert (texts(answer), answer.about) == (["Lerheim"], CAPTAIN)


def test_a_question_that_was_not_answered_is_a_turn_without_answers(assistant: Assistant) -> None:
    question = "Who is the director of the Havana zoo?"
    assert assistant.ask(question).conversation([Turn("Who met?")]) == (Turn(question),)


TURN = st.builds(
    Turn,
    st.sampled_from([*WHOLE, "why?", "and where?"]),
    st.lists(st.sampled_from(["Ines Duarte", "fourteen", "", "\u202e"]), max_size=2).map(tuple),
    st.lists(st.sampled_from(["gone", "museum"]), max_size=2).map(tuple),
)


@settings(max_examples=12)
@given(st.sampled_from([*WHOLE, "who else?", "Why was that?"]), st.lists(TURN, max_size=4))
def test_what_leans_on_nothing_is_answered_as_if_nothing_had_been_said(
    assistant: Assistant, question: str, conversation: Sequence[Turn]
) -> None:
    answer = assistant.ask(question, conversation=conversation)
    if answer.about is None:
        assert timeless(answer) == timeless(assistant.ask(question))
    else:
        assert answer.about == " / ".join(turn.question for turn in conversation[-TURNS:])
    assert timeless(answer) == timeless(assistant.ask(question, conversation=conversation[-TURNS:]))


@pytest.mark.parametrize("question", WHOLE)
def test_a_whole_question_stands_alone_whatever_was_said(question: str, assistant: Assistant) -> None:
    for other in (turn for turn in WHOLE if turn != question):
        assert assistant.ask(question, conversation=assistant.ask(other).conversation(())).about is None


def test_to_a_reader_that_cannot_tell_every_question_stands_alone() -> None:
    reader = Finds("Oslo")
    evidence = Evidence(parsed("where?"), (passage(0, "a", "It was in Oslo ."),), {}, {}, 1)
    assert not Answerer(reader, PLAIN, THRESHOLD).leans(evidence, [Turn("Who met?")])
    assert not Answerer(reader, PLAIN, THRESHOLD).leans(evidence, [])
    assert reader.read_hits == [[0]]


class Misled(Finds):
    """Takes every question for one that leans, and finds its answer after the conversations `meant` alone."""

    def __init__(self, *meant: tuple[Turn, ...]) -> None:
        super().__init__("Oslo")
        self._meant = meant

    def read(self, evidence: Evidence) -> tuple[PassageReading, ...]:
        found = super().read(evidence) if evidence.question.conversation in self._meant else Finds().read(evidence)
        return tuple(replace(each, leans=2.0) for each in found)


def test_what_is_answered_plainly_by_itself_alone_does_not_lean() -> None:
    turn, said = Turn("Who met?"), "It was in Oslo ."
    article = Article("a", "", None, None, None, None, "a.txt", said)

    def search(question: Question) -> Evidence:
        return Evidence(question, (passage(0, "a", said),), {"a": article}, {"a": "a"}, 1)

    for meant, about in ((((turn,), ()), "Who met?"), (((turn,),), "Who met?"), (((),), None), ((), "Who met?")):
        answer = Answerer(Misled(*meant), PLAIN, THRESHOLD).ask(parsed("where?"), [turn], search)
        assert (texts(answer), answer.about) == (["Oslo"] if meant else [], about)


def test_the_latest_turn_stands_next_to_the_question_and_only_three_count() -> None:
    turns = [Turn("Who won?"), Turn("Who met?", ("Ana", "Bo")), Turn("where?", ("Oslo",)), Turn("why?")]
    assert in_conversation("and when?", turns) == "and when? | why? | where? Oslo | Who met? Ana, Bo"
    assert in_conversation("When?", ()) == "When?"
    assert leaning(parsed("When did Ana leave Oslo?"), turns).earlier_terms == {"met": "met", "bo": "Bo"}


def test_a_turn_of_any_length_adds_a_bounded_number_of_terms() -> None:
    long = Turn("Who? " * 10_000, ("word " * 10_000,))
    assert len(in_conversation("why?", [long] * 5)) < 2000
