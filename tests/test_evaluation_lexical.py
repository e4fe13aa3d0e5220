"""The two engines for words agree, since both rank by BM25 over the same terms."""

from pathlib import Path

from evaluation.lexical import compare, recombined
from retrieval.terms import terms

SENTENCES = ["The river rose in Oslo", "Lavrov flew to Caracas", "Talks in Havana about the river", "A volcano in Oslo"]


def test_both_engines_find_the_same(tmp_path: Path) -> None:
    passages = [terms(sentence) for sentence in SENTENCES]
    found = compare(tmp_path, passages, [terms("volcano in Oslo"), terms("Caracas"), terms("river talks")], 4)
    assert (found.passages, found.questions, found.in_common) == (4, 3, 1.0)
    assert [engine.name for engine in found.engines] == ["tantivy", "FTS5"]
    assert all(engine.bytes > 0 and 0 < engine.p50_ms <= engine.p99_ms for engine in found.engines)


def test_recombined_passages_are_made_of_real_halves() -> None:
    passages = [["a", "b", "c", "d"], ["e", "f", "g", "h"]]
    made = list(recombined(passages, 5, seed=0))
    assert made[:2] == passages
    assert all(one[:2] in (["a", "b"], ["e", "f"]) and one[2:] in (["c", "d"], ["g", "h"]) for one in made)
