"""The JSON that other programs read. The shapes are stable: keys may be added, never renamed or removed.

One object a line. Text stays as it is, not escaped to ASCII; a lone surrogate, which UTF-8 cannot hold, is escaped.
"""

import json
import re
from typing import Any

from reader.types import Answer, AnswerItem, Citation
from retrieval.types import Article, Hit, IndexReport, StoreStatus

_SURROGATE = re.compile("[\ud800-\udfff]")


def answer_json(answer: Answer) -> str:
    """An answer with its citations and the evidence, as `dateline ask --json` prints it; times in milliseconds."""
    return _document(
        {
            "question": answer.question,
            "kind": answer.kind,
            "answers": [_item(item) for item in answer.answers],
            "evidence": [_hit(hit, answer.evidence.article(hit)) for hit in answer.evidence.hits],
            "timing_ms": {
                "retrieve": float(answer.timing.retrieve),
                "read": float(answer.timing.read),
                "total": float(answer.timing.total),
            },
        }
    )


def report_json(report: IndexReport) -> str:
    """What a run of the index did, as `dateline index --json` prints it."""
    return _document(
        {
            "generation": report.generation,
            "articles": {
                "added": report.added,
                "changed": report.changed,
                "removed": report.removed,
                "unchanged": report.unchanged,
            },
            "skipped": [{"path": skipped.path, "reason": skipped.reason} for skipped in report.skipped],
            "passages": {"total": report.passages, "embedded": report.embedded, "reused": report.reused},
            "seconds": float(report.seconds),
        }
    )


def status_json(status: StoreStatus) -> str:
    """What the store holds, as `dateline status --json` prints it."""
    return _document(
        {
            "generation": status.generation,
            "created": status.created.isoformat(),
            "model": status.model,
            "fingerprint": status.fingerprint,
            "dimension": status.dimension,
            "passages": status.passages,
            "bytes": status.bytes,
            "articles": [
                {
                    "id": article.id,
                    "title": article.title,
                    "source": article.source,
                    "published": article.published.isoformat() if article.published is not None else None,
                    "path": article.path,
                    "passages": article.passages,
                }
                for article in status.articles
            ],
        }
    )


def _item(item: AnswerItem) -> dict[str, Any]:
    return {
        "text": item.text,
        "confidence": float(item.confidence),
        "resolved_date": item.resolved_date,
        "citations": [_citation(citation) for citation in item.citations],
    }


def _citation(citation: Citation) -> dict[str, Any]:
    return {
        "article_id": citation.article_id,
        "title": citation.title,
        "source": citation.source,
        "url": citation.url,
        "published": citation.published.isoformat() if citation.published is not None else None,
        "quote": citation.quote,
        "quote_start": citation.quote_start,
        "quote_end": citation.quote_end,
        "answer_start": citation.answer_start,
        "answer_end": citation.answer_end,
    }


def _hit(hit: Hit, article: Article) -> dict[str, Any]:
    return {
        "article_id": article.id,
        "title": article.title,
        "text": hit.text,
        "start": hit.passage.start,
        "end": hit.passage.end,
        "score": float(hit.score),
    }


def _document(value: dict[str, Any]) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
