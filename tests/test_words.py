"""The word index: what it finds, what an update changes, and that it stays in step with the generations."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.encoder import Encoder
from retrieval.errors import StoreError
from retrieval.progress import silent
from retrieval.question import parsed
from retrieval.refresh import refresh
from retrieval.search import Retriever, search
from retrieval.spelling import spellings
from retrieval.storage.bm25 import WordEntry, WordFilter, WordIndex, word_files, write_words
from retrieval.storage.integrity import FileRecord, recorded
from retrieval.storage.local import LocalStore
from retrieval.storage.store import Store
from retrieval.storage.verify import verify
from retrieval.terms import asked_terms, terms
from retrieval.types import EVERYTHING, SearchFilter
from tests.stores import no_file_above, write

ANYTHING = WordFilter()
DAY = date(2024, 2, 20)


def entry(passage: int, text: str, article: int = 1, source: str | None = None, day: date | None = None) -> WordEntry:
    return WordEntry(passage, article, source, day, terms(text))


def found(index: WordIndex, question: str, where: WordFilter = ANYTHING) -> list[int]:
    return index.search(terms(question), 10, where)


def test_rare_words_and_repeated_words_count_more() -> None:
    texts = ["talks", "talks in Caracas", "talks talks talks", "a flood", "the talks of the talks in Havana"]
    index = WordIndex.in_memory(entry(number, text) for number, text in enumerate(texts))
    assert found(index, "talks in Caracas")[0] == 1
    assert found(index, "talks")[0] == 2
    assert set(found(index, "talks")) == {0, 1, 2, 4}
    assert found(index, "volcano") == []
    assert index.search([], 10, ANYTHING) == index.search(terms("talks"), 0, ANYTHING) == []
    assert (index.frequency("talk"), index.frequency("volcano"), len(index)) == (4, 0, 5)


ENTRIES = st.lists(
    st.tuples(
        st.sampled_from(["talks", "talks in Caracas", "flood"]),
        st.integers(0, 3),
        st.sampled_from([None, "Example Wire", "example wire", 'Ünicode "Times" OR x']),
        st.none() | st.integers(0, 3).map(lambda days: DAY + timedelta(days)),
    ),
    max_size=8,
)
FILTERS = st.builds(
    WordFilter,
    article=st.none() | st.integers(0, 4),
    sources=st.none() | st.lists(st.sampled_from(["Example Wire", 'Ünicode "Times" OR x', "nobody"]), max_size=2),
    since=st.none() | st.just(DAY + timedelta(1)) | st.just(date.min),
    until=st.none() | st.just(DAY + timedelta(2)) | st.just(date.max),
)


@settings(max_examples=60, deadline=None)
@given(ENTRIES, FILTERS)
def test_filters_let_through_just_what_they_say(
    rows: list[tuple[str, int, str | None, date | None]], where: WordFilter
) -> None:
    entries = [entry(number, text, *rest) for number, (text, *rest) in enumerate(rows)]  # type: ignore[arg-type]
    through = [
        each.passage
        for each in entries
        if "talk" in each.terms
        and where.article in (None, each.article)
        and (where.sources is None or each.source in where.sources)
        and (where.since is None or (each.day is not None and each.day >= where.since))
        and (where.until is None or (each.day is not None and each.day <= where.until))
    ]
    assert sorted(found(WordIndex.in_memory(entries), "talks", where)) == through


def as_recorded(folder: Path) -> dict[str, FileRecord]:
    """The files of a word index, all of them read."""
    return {file.name: recorded(file) for file in word_files(folder)}


def test_an_update_leaves_the_index_before_it_as_it_was(tmp_path: Path) -> None:
    old, new = tmp_path / "words-1", tmp_path / "words-2"
    before = write_words(old, None, (), [entry(1, "talks"), entry(2, "a flood", article=2)])
    held = WordIndex.load(old)
    write_words(new, before, [2], [entry(3, "a volcano", article=3)])
    assert as_recorded(old) == before.files
    now = WordIndex.load(new)
    assert (held.passages(), sorted(now.passages())) == ([1, 2], [1, 3])
    assert (found(now, "flood"), found(now, "volcano")) == ([], [3])
    shutil.rmtree(old)
    assert (found(held, "flood"), sorted(now.passages())) == ([2], [1, 3])


@pytest.mark.parametrize("room", [0, 100, 1000, 20_000])
def test_a_full_disk_is_an_error_and_harms_nothing(room: int, tmp_path: Path) -> None:
    old, new = tmp_path / "words-1", tmp_path / "words-2"
    before = write_words(old, None, (), [entry(1, "talks")])
    many = [entry(number, f"report {number} of talks {number * 7919}") for number in range(2, 5000)]
    with pytest.raises(StoreError, match="free some disk space"), no_file_above(room):
        write_words(new, before, (), many)
    assert as_recorded(old) == before.files
    # what was half written is in nobody's way
    write_words(new, before, (), many)
    assert len(WordIndex.load(new)) == 4999


def test_many_updates_keep_few_files(tmp_path: Path) -> None:
    before = write_words(tmp_path / "words-0", None, (), [entry(0, "talks")])
    for number in range(1, 30):
        written = write_words(tmp_path / f"words-{number}", before, (), [entry(number, "talks", article=number)])
        assert written.files == as_recorded(written.folder)
        shutil.rmtree(before.folder)
        before = written
    assert len(WordIndex.load(tmp_path / "words-29")) == 30
    assert len(list((tmp_path / "words-29").iterdir())) < 80


def test_a_folder_that_is_no_index_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="bring the index up to date"):
        WordIndex.load(tmp_path / "nowhere")
    (tmp_path / "words-1").mkdir()
    (tmp_path / "words-1" / "meta.json").write_text("{")
    with pytest.raises(StoreError, match="bring the index up to date"):
        WordIndex.load(tmp_path / "words-1")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    write(folder, "flood.md", "---\ntitle: Flood in Oslo\n---\nThe river rose by two metres.\n")
    write(folder, "talks.txt", "Serguei Lavrov flew to Caracas.\n")
    return folder


def lexical(retriever: Retriever, question: str) -> list[str]:
    hits = [hit for hit in retriever.search(parsed(question), 9, EVERYTHING).hits if hit.lexical_rank is not None]
    return [hit.text.strip() for hit in sorted(hits, key=lambda hit: hit.lexical_rank or 0)]


def test_the_heading_of_a_passage_is_searched_too(store: Store, corpus: Path, encoder: Encoder) -> None:
    refresh(corpus, store, encoder, "model")
    assert lexical(Retriever.open(store, encoder), "the Oslo flood") == ["The river rose by two metres."]


def test_a_change_is_found_by_words_and_what_is_gone_is_not(store: Store, corpus: Path, encoder: Encoder) -> None:
    refresh(corpus, store, encoder, "model")
    retriever = Retriever.open(store, encoder)
    query = retriever.query(parsed("Where did Lavrov fly?"))
    with retriever.hold() as held:
        write(corpus, "flood.md", "A volcano near Reykjavik.\n")
        (corpus / "talks.txt").unlink()
        refresh(corpus, store, encoder, "model")
        # the search that has begun keeps its generation
        hits = search(held, query, 9, EVERYTHING).hits
        assert {hit.text.strip() for hit in hits if hit.coverage} == {"Serguei Lavrov flew to Caracas."}
    assert lexical(retriever, "Lavrov flood") == []
    assert lexical(retriever, "volcano") == ["A volcano near Reykjavik."]
    assert not isinstance(store, LocalStore) or len(list(store.folder.glob("words-*"))) == 1
    assert verify(store, silent).findings == ()


def test_a_misspelt_name_is_found(store: Store, corpus: Path, encoder: Encoder) -> None:
    refresh(corpus, store, encoder, "model")
    (hit, other) = Retriever.open(store, encoder).search(parsed("Where did Larvov fly?"), 2, EVERYTHING).hits
    assert "Lavrov" in hit.text
    assert (hit.coverage > 0.2, other.coverage) == (True, 0)


def test_a_slip_of_the_hand_finds_the_word_and_another_word_does_not(
    store: Store, corpus: Path, encoder: Encoder
) -> None:
    write(corpus, "more.md", "In October the Senate of Iraq met Maduro, Lavrova and a general in Genoa-Voltri.\n")
    refresh(corpus, store, encoder, "model")

    def meant(word: str) -> set[str]:
        with store.snapshot(encoder.fingerprint) as snapshot:
            return {term for several in spellings(snapshot, asked_terms(word)).values() for term in several}

    for typed in ("Lavrov", "Lavrof", "Larvov's", "Lavrrov", "LAVROFV"):
        assert meant(typed) == set(terms("Lavrov"))
    # as stems, these are further from what is meant than one letter
    assert (meant("Octobhr"), meant("Sexate"), meant("Madruo")) == ({"oktob"}, {"senat"}, {"maduro"})
    assert meant("Voltra") == set(terms("Voltri"))
    # another first letter, a short name, no slip, a stem that other words have, no word
    for typed in ("Bavrov", "Iran", "Havana", "Geneva", "2024123", "北京北京北京", "q" * 300):
        assert meant(typed) == set(terms(typed))


@pytest.mark.parametrize("question", ["What is it?", "?!", "who who who", 'NOT "', "Lavrov OR (", "2024", "北京"])
def test_any_question_is_just_a_question(question: str, store: Store, corpus: Path, encoder: Encoder) -> None:
    refresh(corpus, store, encoder, "model")
    assert len(Retriever.open(store, encoder).search(parsed(question), 9, SearchFilter()).hits) == 2
