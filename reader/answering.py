"""A question and its evidence become an answer."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from reader.aggregate import Findings, Threshold, aggregate
from reader.citations import cite, reprints
from reader.confidence import Calibration
from reader.differing import UNDATED, newest_first, published
from reader.merging import Candidate, Finding, Judge
from reader.tense import asks_of_now
from reader.times import resolved
from reader.types import Answer, AnswerItem, Citation, PassageReading, Reader, Timing
from retrieval.question import leaning
from retrieval.types import Evidence, Hit, Question, Turn

Readings = Mapping[Hit, PassageReading]

# sentences, reprints of them aside
MAX_CITATIONS = 4
# Articles whose best passage scores so much less than the best of all are read only where the others do not answer
# plainly. Of 356 questions about news 354 got the same answer as with all passages read, and 5.7 of 8 were. To stop
# after the best four where they answer with 0.9 would save 15 % of the tokens at most, but of 90 questions about which
# articles differ 8 lost the other version.
MAX_SCORE_GAP = 0.15
# Whether a question leans on the conversation is read beside so many passages: a single one that answers "Where was she
# born?" with another's birthplace makes it look whole. Of 92 questions of conversations 88 are taken for what they are.
LEANING_PASSAGES = 2


class Answerer:
    """Reads evidence with a model and says what it comes to."""

    def __init__(self, reader: Reader, calibration: Calibration, threshold: Threshold) -> None:
        self._reader = reader
        self._calibration = calibration
        self._threshold = threshold

    def ask(self, question: Question, conversation: Sequence[Turn], search: Callable[[Question], Evidence]) -> Answer:
        """The answer to a question after a `conversation`, oldest turn first.

        A question that seems to refer to it, but has a confident answer only by itself, is taken to stand alone.
        `search` finds the evidence; the time before the evidence that answers is read counts as `timing.retrieve`.
        """
        began = time.perf_counter()

        def answer(evidence: Evidence) -> Answer:
            return self.answer(evidence, (time.perf_counter() - began) * 1000)

        alone = search(question)
        if not self.leans(alone, conversation):
            return answer(alone)
        leant = answer(search(leaning(question, conversation)))
        if leant.is_confident:
            return leant
        whole = answer(alone)
        return whole if whole.is_confident else leant

    def leans(self, evidence: Evidence, conversation: Sequence[Turn]) -> bool:
        """Whether a question leans on the `conversation` before it, oldest turn first: likelier than not.

        `evidence` is what the question finds by itself. Without a conversation, and to a reader that cannot tell, each
        question stands alone.
        """
        if not conversation or not evidence.hits:
            return False
        question = leaning(evidence.question, conversation)
        readings = self._reader.read(replace(evidence, question=question, hits=evidence.hits[:LEANING_PASSAGES]))
        return sum(reading.leans for reading in readings if reading.leans is not None) > 0

    def answer(self, evidence: Evidence, retrieve_ms: float) -> Answer:
        """The answer that `evidence` holds to its question; `retrieve_ms` is what finding it took, for the timing."""
        began = time.perf_counter()
        findings, readings = self._findings(evidence)
        items = tuple(_item(finding, evidence, readings) for finding in findings.found)
        if findings.kind == "differing":
            items = newest_first(items)
        read_ms = (time.perf_counter() - began) * 1000
        return Answer(
            kind=findings.kind,
            answers=items,
            evidence=replace(evidence, question=replace(evidence.question, asked=findings.asked)),
            timing=Timing(retrieve=retrieve_ms, read=read_ms, total=retrieve_ms + read_ms),
            certain=findings.certain,
            nearest=None if findings.nearest is None else _cite(findings.nearest, evidence),
        )

    def _findings(self, evidence: Evidence) -> tuple[Findings, Readings]:
        """What the nearest articles say, or all of them where those give no confident answer; and what was read.

        Where it is asked how things are now, newer ones may say otherwise: they are read, too.
        """
        near = nearest(evidence)
        judge = Judge(evidence, self._reader)
        readings = self._read(near)
        findings = aggregate([*readings.values()], evidence, judge, self._calibration, self._threshold)
        rest = [hit for hit in evidence.hits if hit not in readings]
        if findings.found and findings.certain:
            newest = max(published(finding.best.span.hit, evidence) for finding in findings.found)
            now = findings.kind in ("span", "differing") and asks_of_now(evidence.question)
            rest = [hit for hit in rest if now and UNDATED < newest < published(hit, evidence)]
        if not rest:
            return findings, readings
        found = readings | self._read(replace(evidence, hits=tuple(rest)))
        readings = {hit: found[hit] for hit in evidence.hits if hit in found}
        return aggregate([*readings.values()], evidence, judge, self._calibration, self._threshold), readings

    def _read(self, evidence: Evidence) -> dict[Hit, PassageReading]:
        return {each.hit: each for each in self._reader.read(evidence)} if evidence.hits else {}


def nearest(evidence: Evidence) -> Evidence:
    """The evidence without the passages of articles that fit the question much worse than the best one.

    Passages of one article stay together, since a list may go on where none of the question's words is repeated.
    """
    if not evidence.hits:
        return evidence
    best: dict[str, float] = {}
    for hit in evidence.hits:
        article = hit.passage.article_id
        best[article] = max(best.get(article, hit.score), hit.score)
    least = max(best.values()) - MAX_SCORE_GAP
    return replace(evidence, hits=tuple(hit for hit in evidence.hits if best[hit.passage.article_id] >= least))


def _item(finding: Finding, evidence: Evidence, readings: Readings) -> AnswerItem:
    """The finding with the sentences that say it, the best first, each followed by its reprints."""
    sentences: dict[tuple[str, str], Citation] = {}
    for candidate in (finding.best, *finding.same):
        citation = _cite(candidate, evidence)
        sentences.setdefault((citation.source_group, citation.quote), citation)
    cited = _independent_first(list(sentences.values()))[:MAX_CITATIONS]
    return AnswerItem(
        text=finding.best.text,
        confidence=finding.best.probability,
        resolved_date=_date(finding, evidence, readings),
        citations=tuple(each for citation in cited for each in (citation, *reprints(citation, evidence))),
    )


def _cite(candidate: Candidate, evidence: Evidence) -> Citation:
    article = evidence.article(candidate.span.hit)
    return cite(article, candidate.span, evidence.groups[article.id])


def _date(finding: Finding, evidence: Evidence, readings: Readings) -> str | None:
    """What the time words of the finding mean; None where they mean another day in another of its articles."""
    best, *others = (
        resolved(evidence.article(span.hit), span.start, span.end, readings.get(span.hit))
        for span in (candidate.span for candidate in (finding.best, *finding.same))
    )
    return best if set(others) <= {best, None} else None


def _independent_first(citations: Sequence[Citation]) -> list[Citation]:
    """The first citation of each source group, then the others; each part in the order it had."""
    first: dict[str, Citation] = {}
    for citation in citations:
        first.setdefault(citation.source_group, citation)
    return sorted(citations, key=lambda citation: citation is not first[citation.source_group])
