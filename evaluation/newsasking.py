"""Questions about news are asked: what is shown, and what is given when nothing is declined."""

from collections.abc import Sequence

from evaluation.measuring import Plan, surest
from evaluation.newsfigures import Outcome
from evaluation.newsfiles import Asked, AskedTurn
from evaluation.newsturns import TurnOutcome
from reader.aggregate import asked
from reader.answering import Answerer
from reader.confidence import Calibration
from reader.types import Reader
from retrieval.conversation import in_conversation
from retrieval.search import Retriever
from retrieval.types import SearchFilter, Turn


def ask(
    question: Asked,
    where: SearchFilter,
    retriever: Retriever,
    reader: Reader,
    calibration: Calibration,
    plan: Plan,
    conversation: Sequence[Turn] = (),
) -> Outcome:
    """What is shown, and what is forced out."""
    answerer = Answerer(reader, calibration, plan.threshold)
    evidence = retriever.search(question.text, plan.read, where, question.day)
    leant_on = conversation if answerer.leans(question.text, conversation, evidence) else ()
    if leant_on:
        evidence = retriever.search(question.text, plan.read, where, question.day, leant_on)
    answer = answerer.answer(question.text, evidence, 0.0, leant_on)
    read_as = in_conversation(question.text, leant_on)
    wanted = next(iter(asked(reader.read(read_as, evidence))))
    return Outcome(question, answer, surest(read_as, evidence, reader, calibration), wanted)


def ask_turn(
    turn: AskedTurn, retriever: Retriever, reader: Reader, calibration: Calibration, plan: Plan
) -> TurnOutcome:
    """The turn in each of the four ways."""
    alone, conversing, standalone, after = (
        ask(question, SearchFilter(), retriever, reader, calibration, plan, before)
        for question in (turn.typed, turn.standalone)
        for before in ((), turn.before)
    )
    return TurnOutcome(turn, alone, conversing, standalone, after)
