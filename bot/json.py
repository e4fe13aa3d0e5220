"""The JSON that other programs read. The shapes are stable: keys may be added, never renamed or removed.

One object a line. Text stays as it is, not escaped to ASCII; a lone surrogate, which UTF-8 cannot hold, is escaped.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from bot.mends import terminal_message
from reader.types import Answer, AnswerItem, Citation
from retrieval.types import (
    Article,
    ArticleSummary,
    Hit,
    IndexReport,
    Intake,
    SearchFilter,
    Skipped,
    StoreStatus,
    Unread,
)

if TYPE_CHECKING:  # they bring the network and the index along
    from bot.doctor.types import Finding
    from retrieval.adding import AddReport
    from retrieval.storage.types import Verification

_SURROGATE = re.compile("[\ud800-\udfff]")


def answer_json(answer: Answer) -> str:
    """An answer with its citations and the evidence, as `dateline ask --json` prints it; times in milliseconds."""
    return document(answer_object(answer))


def answer_object(answer: Answer) -> dict[str, Any]:
    """The same as what `json.dumps` takes."""
    return {
        "question": answer.question,
        "about": answer.about,
        "respelled": dict(answer.evidence.question.respelled),
        "unmentioned": list(answer.evidence.question.unmentioned),
        "kind": answer.kind,
        "certain": answer.certain,
        "answers": [_item(item) for item in answer.answers],
        "evidence": [_hit(hit, answer.evidence.article(hit)) for hit in answer.evidence.hits],
        "timing_ms": {name: float(milliseconds) for name, milliseconds in asdict(answer.timing).items()},
    }


def report_json(report: IndexReport) -> str:
    """What a run of the index did, as `dateline index --json` prints it."""
    return document(
        {
            "generation": report.generation,
            "articles": {
                "added": report.added,
                "changed": report.changed,
                "removed": report.removed,
                "unchanged": report.unchanged,
            },
            "skipped": _skipped(report.skipped),
            "passages": {"total": report.passages, "embedded": report.embedded, "reused": report.reused},
            "seconds": float(report.seconds),
            "unread": [asdict(each) for each in report.unread],
        }
    )


def added_json(report: "AddReport") -> str:
    """What came into the corpus, as `dateline add --json` prints it before what `index` prints."""
    return document(
        {
            "added": list(report.added),
            "unchanged": list(report.unchanged),
            "skipped": _skipped(report.skipped),
            "unread": [asdict(each) for each in report.unread],
        }
    )


def verification_json(found: "Verification") -> str:
    """What `dateline verify --json` prints."""
    return document(
        {
            "generation": found.generation,
            "articles": found.articles,
            "passages": found.passages,
            "problems": [{"problem": each.problem, "mend": terminal_message(each.mend)} for each in found.findings],
        }
    )


def intake_json(intake: Intake, status: StoreStatus) -> str:
    """One article and what was left out of its file, as `dateline status --article ID --json` prints it."""
    article = intake.article
    (summary,) = [each for each in status.articles if each.id == article.id]
    return document(
        {
            **_summary(summary),
            "url": article.url,
            "text": article.text,
            "left_out": [asdict(drop) for drop in intake.dropped],
        }
    )


def status_json(status: StoreStatus, unread: Sequence[Unread] = ()) -> str:
    """What the store holds and which files of the corpus are not read, as `dateline status --json` prints it."""
    return document(
        {
            "generation": status.generation,
            "created": status.created.isoformat(),
            "model": status.model,
            "fingerprint": status.fingerprint,
            "dimension": status.dimension,
            "passages": status.passages,
            "bytes": status.bytes,
            "unread": [asdict(each) for each in unread],
            "articles": [_summary(article) for article in status.articles],
        }
    )


def _skipped(several: Sequence[Skipped]) -> list[dict[str, str]]:
    return [{"path": skipped.path, "reason": terminal_message(skipped.reason)} for skipped in several]


def _summary(article: ArticleSummary) -> dict[str, Any]:
    known = asdict(article) | {"published": _iso(article.published)}
    known["lines_left_out"] = known.pop("dropped")
    return known


def _item(item: AnswerItem) -> dict[str, Any]:
    return {
        "text": item.text,
        "confidence": float(item.confidence),
        "sources": item.sources,
        "resolved_date": item.resolved_date,
        "citations": [citation_object(citation) for citation in item.citations],
    }


def citation_object(citation: Citation) -> dict[str, Any]:
    """A citation as answers have it."""
    return asdict(citation) | {"published": _iso(citation.published)}


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _hit(hit: Hit, article: Article) -> dict[str, Any]:
    return {
        "article_id": article.id,
        "title": article.title,
        "text": hit.text,
        "start": hit.passage.start,
        "end": hit.passage.end,
        "score": float(hit.score),
    }


def findings_json(findings: Sequence["Finding"]) -> str:
    """What is wrong with an installation, as `dateline doctor --json` prints it; `mend` is null where all is well."""
    return document(
        {
            "healthy": all(each.level != "problem" for each in findings),
            "findings": [asdict(each) for each in findings],
        }
    )


def scope_json(where: SearchFilter) -> str:
    """A filter, as the databases keep it; what it leaves open is left out or null."""
    return document(scope_object(where))


def scope_object(where: SearchFilter) -> dict[str, str | None]:
    """The same as what `json.dumps` takes."""
    days = {name: day.isoformat() for name, day in (("since", where.since), ("until", where.until)) if day is not None}
    return {"article_id": where.article_id, "source": where.source, **days}


def scope_of(kept: str) -> SearchFilter:
    """What `scope_json` wrote."""
    parts = json.loads(kept)
    since, until = (date.fromisoformat(parts[name]) if name in parts else None for name in ("since", "until"))
    return SearchFilter(parts["article_id"], since, until, parts["source"])


def document(value: dict[str, Any]) -> str:
    """An object as one line of JSON."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
