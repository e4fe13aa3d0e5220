"""Questions about news are asked: what is shown, and what is given when nothing is declined."""

from collections.abc import Sequence

from evaluation.measuring import Plan, surest
from evaluation.newsfigures import Outcome
from evaluation.newsfiles import Asked, AskedTurn
from evaluation.newsturns import TurnOutcome
from reader.answering import Answerer
from reader.types import Reader
from retrieval.question import parsed
from retrieval.search import Retriever
from retrieval.types import SearchFilter, Turn


def ask(
    question: Asked,
    where: SearchFilter,
    retriever: Retriever,
    reader: Reader,
    plan: Plan,
    conversation: Sequence[Turn] = (),
) -> Outcome:
    """What is shown, and what is forced out."""
    answerer = Answerer(reader, plan.calibration, plan.threshold)
    asked = parsed(question.text, question.day)
    answer = answerer.ask(asked, conversation, lambda q: retriever.search(q, plan.read, where))
    forced = surest(answer.evidence, reader, plan.calibration)
    return Outcome(question, answer, forced, next(iter(answer.evidence.question.asked)))


def ask_turn(turn: AskedTurn, retriever: Retriever, reader: Reader, plan: Plan) -> TurnOutcome:
    """The turn in each of the four ways."""
    alone, conversing, standalone, after = (
        ask(question, SearchFilter(), retriever, reader, plan, before)
        for question in (turn.typed, turn.standalone)
        for before in ((), turn.before)
    )
    return TurnOutcome(turn, alone, conversing, standalone, after)
