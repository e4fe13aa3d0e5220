"""From what each passage says to what the articles say: candidates, merged into answers.

span       the candidate with the highest probability, cited wherever the same answer was found
list       every item that belongs (`reader.lists`), parts merged into wholes, in reading order
differing  the answers of articles that contradict each other (`reader.differing`)
none       nothing is likely enough, and the sentence that comes nearest

What is likely enough to be said plainly is looked for first; where there is nothing, what may be offered as unsure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reader.candidates import item_candidates, span_candidates
from reader.confidence import Calibration
from reader.deciding import asks_yes_or_no, sentence_candidates
from reader.differing import versions
from reader.lists import enumerated, in_reading_order, members, possible
from reader.merging import Candidate, Finding, merged, say_the_same
from reader.questions import asks_who_was_there, wanted
from reader.types import Kind, PassageReading
from retrieval.types import Evidence


@dataclass(frozen=True, slots=True)
class Findings:
    """What the articles say: nothing, one answer, its versions, or the items of a list in reading order.

    `certain` is false for what is offered as unsure. `nearest` is the likeliest candidate where nothing is found; None
    where something is, and where no passage was read.
    """

    kind: Kind
    found: tuple[Finding, ...]
    certain: bool = True
    nearest: Candidate | None = None


@dataclass(frozen=True, slots=True)
class Threshold:
    """An answer is said plainly from the probability `answer`, and offered as unsure from `unsure`, which is no higher;
    a list has at most so many `items`."""

    answer: float
    unsure: float
    items: int

    def enough(self, certain: bool) -> float:
        """The probability from which an answer is given, as certain or as unsure."""
        return self.answer if certain else self.unsure


def aggregate(
    question: str,
    readings: Sequence[PassageReading],
    evidence: Evidence,
    calibration: Calibration,
    threshold: Threshold,
) -> Findings:
    """What `readings` of the passages of one question come to.

    An open question ("Who attended ...?") gets a list where at least two items are likely enough, or the one answer
    enumerates names; else one answer.
    One answer has several versions where articles differ, if all are certain. What asks yes or no gets the sentence
    that decides it.
    """
    asked, deciding = wanted(question), asks_yes_or_no(question)
    items = item_candidates(question, readings, evidence, calibration) if asked != "one" else []
    offered = sentence_candidates if deciding else span_candidates
    spans = offered(question, readings, evidence, calibration)
    nearest = spans[0] if spans else None
    if asked != "one":
        spans = possible(question, spans, evidence)
    for certain in (True, False):
        enough = threshold.enough(certain)
        found = merged(members(question, items, evidence, calibration.item, enough))[: threshold.items]
        if len(found) > 1 or (asked == "several" and found):
            return Findings("list", tuple(in_reading_order(found, evidence)), certain)
        likely = [span for span in spans if span.probability >= enough]
        if asked != "several" and not deciding and not asks_who_was_there(question):
            found = versions(question, spans, evidence, calibration.span, enough)
            if certain and len(found) > 1:
                return Findings("differing", tuple(found))
            if found and likely and _brought_up_to_date(found[0].best, likely[0], evidence):
                return Findings("span", (found[0],), certain)
        if likely:
            best = merged(likely)[0]
            names = enumerated(best.best, evidence) if asked != "one" and not deciding else []
            if len(names) > 1:
                return Findings("list", tuple(Finding(name, (name,)) for name in names[: threshold.items]), certain)
            return Findings("span", (best,), certain)
    return Findings("none", (), nearest=nearest)


def _brought_up_to_date(newest: Candidate, likeliest: Candidate, evidence: Evidence) -> bool:
    """Whether another article of the likeliest answer's own source has put something else in its place."""
    article, other = (candidate.span.hit.passage.article_id for candidate in (newest, likeliest))
    one_source = article != other and evidence.groups[article] == evidence.groups[other]
    return one_source and not say_the_same(newest, likeliest)
