"""Conversations about news, turn by turn: each question asked in four ways.

alone         as it was typed, as if nothing had been said
conversing    as it was typed, after the turns before it with their right answers
standalone    in words that stand alone: the ceiling
after         in these words, after the same turns, which must change nothing

The first question of a conversation stands alone; another conversation is put before it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evaluation.newsfigures import Figure, Outcome, Section, Sheet
from evaluation.newsfiles import AskedTurn
from evaluation.scoring import best_of, f1


@dataclass(frozen=True, slots=True)
class TurnOutcome:
    """What came of one turn in each of the four ways."""

    turn: AskedTurn
    alone: Outcome
    conversing: Outcome
    standalone: Outcome
    after: Outcome

    @property
    def event(self) -> str:
        """What the conversation's article is about."""
        return self.turn.typed.event


def turn_sections(name: str, outcomes: Sequence[TurnOutcome], seed: int) -> tuple[Section, ...]:
    """Follow-ups with an answer, those without one, whether it is known what leans, and what stands alone."""
    leaning = [outcome for outcome in outcomes if outcome.turn.leans]
    with_answer = Sheet([outcome for outcome in leaning if outcome.turn.typed.due], seed)
    without = Sheet([outcome for outcome in leaning if not outcome.turn.typed.due], seed)
    every = Sheet(outcomes, seed)
    return (
        Section(f"{name}, follow-ups", len(with_answer.outcomes), _answered(with_answer)),
        Section(
            f"{name}, follow-ups without an answer",
            len(without.outcomes),
            _in_each_way(without, "not said plainly", lambda o: o.right),
        ),
        Section(f"{name}, what leans", len(outcomes), _recognised(every)),
        Section(f"{name}, in words that stand alone", len(outcomes), _unchanged(every)),
    )


def _answered(sheet: Sheet[TurnOutcome]) -> dict[str, Figure]:
    return {
        **_in_each_way(sheet, "right", lambda o: o.right),
        "right, share of standalone": sheet.ratio(lambda o: o.conversing.right, lambda o: o.standalone.right),
        **_in_each_way(sheet, "shown", _shown),
        "shown, share of standalone": sheet.ratio(lambda o: _shown(o.conversing), lambda o: _shown(o.standalone)),
        **_in_each_way(sheet, "declined", lambda o: not o.answered),
        **_in_each_way(sheet, "forced: F1", _f1),
        "forced: F1, share of standalone": sheet.ratio(lambda o: _f1(o.conversing), lambda o: _f1(o.standalone)),
    }


def _in_each_way(sheet: Sheet[TurnOutcome], name: str, credit: Callable[[Outcome], float]) -> dict[str, Figure]:
    return {
        f"{name}, alone": sheet.mean(lambda o: credit(o.alone)),
        f"{name}, conversing": sheet.mean(lambda o: credit(o.conversing)),
        f"{name}, standalone": sheet.mean(lambda o: credit(o.standalone)),
    }


def _recognised(sheet: Sheet[TurnOutcome]) -> dict[str, Figure]:
    return {
        "recognised, of all as typed": sheet.mean(lambda o: _leant(o.conversing) == o.turn.leans),
        "of those that lean": sheet.mean(lambda o: _leant(o.conversing), lambda o: o.turn.leans),
        "of those that stand alone": sheet.mean(lambda o: not _leant(o.conversing), lambda o: not o.turn.leans),
        "of changes of subject": sheet.mean(lambda o: not _leant(o.conversing), lambda o: o.turn.first),
        "of words that stand alone": sheet.mean(lambda o: not _leant(o.after)),
    }


def _unchanged(sheet: Sheet[TurnOutcome]) -> dict[str, Figure]:
    return {
        "right, nothing said before": sheet.mean(lambda o: o.standalone.right),
        "right, after a conversation": sheet.mean(lambda o: o.after.right),
        "right, first questions": sheet.mean(lambda o: o.standalone.right, lambda o: o.turn.first),
        "right, first, after another": sheet.mean(lambda o: o.after.right, lambda o: o.turn.first),
    }


def _leant(outcome: Outcome) -> bool:
    return outcome.answer.about is not None


def _shown(outcome: Outcome) -> bool:
    """Whether the right answer is given or stands in a sentence that is shown."""
    return outcome.right or outcome.told > 0


def _f1(outcome: Outcome) -> float:
    """Of the likeliest answer, against the likeliest of those due."""
    return best_of(f1, outcome.forced.text, outcome.asked.forms)
