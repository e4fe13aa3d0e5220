"""A question and its evidence become an answer."""

import time
from collections.abc import Sequence

from reader.aggregate import Threshold, aggregate
from reader.citations import cite, reprints
from reader.confidence import Calibration
from reader.differing import newest_first
from reader.merging import Candidate, Finding
from reader.times import resolved
from reader.types import Answer, AnswerItem, Citation, Reader, Timing
from retrieval.types import Evidence

# sentences, reprints of them aside
MAX_CITATIONS = 4


class Answerer:
    """Reads evidence with a model and says what it comes to."""

    def __init__(self, reader: Reader, calibration: Calibration, threshold: Threshold) -> None:
        self._reader = reader
        self._calibration = calibration
        self._threshold = threshold

    def answer(self, question: str, evidence: Evidence, retrieve_ms: float) -> Answer:
        """The answer to `question` that `evidence` holds; `retrieve_ms` is what finding it took, for the timing."""
        began = time.perf_counter()
        readings = self._reader.read(question, evidence) if evidence.hits else ()
        findings = aggregate(question, readings, evidence, self._reader, self._calibration, self._threshold)
        items = tuple(_item(finding, evidence) for finding in findings.found)
        if findings.kind == "differing":
            items = newest_first(items)
        read_ms = (time.perf_counter() - began) * 1000
        return Answer(
            question=question,
            kind=findings.kind,
            answers=items,
            evidence=evidence,
            timing=Timing(retrieve=retrieve_ms, read=read_ms, total=retrieve_ms + read_ms),
            certain=findings.certain,
            nearest=None if findings.nearest is None else _cite(findings.nearest, evidence),
        )


def _item(finding: Finding, evidence: Evidence) -> AnswerItem:
    """The finding with the sentences that say it, the best first, each followed by its reprints."""
    sentences: dict[tuple[str, str], Citation] = {}
    for candidate in (finding.best, *finding.same):
        citation = _cite(candidate, evidence)
        sentences.setdefault((citation.source_group, citation.quote), citation)
    cited = _independent_first(list(sentences.values()))[:MAX_CITATIONS]
    return AnswerItem(
        text=finding.best.text,
        confidence=finding.best.probability,
        resolved_date=_date(finding, evidence),
        citations=tuple(each for citation in cited for each in (citation, *reprints(citation, evidence))),
    )


def _cite(candidate: Candidate, evidence: Evidence) -> Citation:
    article = evidence.article(candidate.span.hit)
    return cite(article, candidate.span, evidence.groups[article.id])


def _date(finding: Finding, evidence: Evidence) -> str | None:
    """What the time words of the finding mean; None where they mean another day in another of its articles."""
    best, *others = (
        resolved(evidence.article(candidate.span.hit), candidate.span.start, candidate.span.end)
        for candidate in (finding.best, *finding.same)
    )
    return best if set(others) <= {best, None} else None


def _independent_first(citations: Sequence[Citation]) -> list[Citation]:
    """The first citation of each source group, then the others; each part in the order it had."""
    first: dict[str, Citation] = {}
    for citation in citations:
        first.setdefault(citation.source_group, citation)
    return sorted(citations, key=lambda citation: citation is not first[citation.source_group])
