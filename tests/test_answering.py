"""From readings to an answer with its citations: each source once, and its reprints beside it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from bot.discord.cards import answer_card
from bot.layout import plain
from bot.render import answer_lines
from reader.answering import MAX_CITATIONS, MAX_SCORE_GAP, Answerer
from reader.citations import check
from reader.types import Answer, PassageReading
from retrieval.question import parsed, reader_text
from retrieval.types import Article, Evidence, Hit
from tests.test_aggregate import PLAIN, THRESHOLD, passage, reading
from tests.test_differing import Excluding


class Finds(Excluding):
    """A reader that finds `words` wherever a passage has them, the earlier hit with the higher score."""

    def __init__(self, *words: str) -> None:
        super().__init__()
        self._words = words
        self.read_hits: list[list[int]] = []
        self.questions: list[str] = []

    def read(self, evidence: Evidence) -> tuple[PassageReading, ...]:
        self.questions.append(reader_text(evidence.question))
        self.read_hits.append([hit.passage.id for hit in evidence.hits])
        return tuple(
            reading(hit, {word: 9.0 - place for word in self._words if word in hit.text})
            for place, hit in enumerate(evidence.hits)
        )


def equally(number: int, key: str, text: str) -> Hit:
    """The whole article, found with the same score as all others."""
    return replace(passage(number, key, text), score=1.0)


def asked(texts: Mapping[str, str], groups: Mapping[str, str], hits: str) -> Answer:
    """The answer to "Where was it?" from the articles `texts`, of which those in `hits` are read whole, in order."""
    articles = {key: Article(key, "", None, None, None, None, f"{key}.txt", text) for key, text in texts.items()}
    read: tuple[Hit, ...] = tuple(equally(number, key, texts[key]) for number, key in enumerate(hits))
    answer = Answerer(Finds("Oslo"), PLAIN, THRESHOLD).answer(
        Evidence(parsed("Where was it?"), read, articles, groups, 1), 0.0
    )
    check(answer, articles)
    return answer


def cited(answer: Answer) -> list[str]:
    (item,) = answer.answers
    return [citation.article_id for citation in item.citations]


SAID = "They met in Oslo ."


def test_a_reprint_stands_after_the_article_that_it_reprints_and_counts_as_one_source() -> None:
    texts = {"a": SAID, "b": "It was in Oslo .", "c": f"Wire report.\n\n{SAID}", "d": SAID}
    answer = asked(texts, {"a": "a", "b": "b", "c": "a", "d": "d"}, "abd")
    assert cited(answer) == ["a", "c", "b", "d"]
    assert answer.answers[0].sources == 3


def test_a_reprint_that_was_read_too_is_cited_once() -> None:
    answer = asked({"a": SAID, "b": SAID}, {"a": "a", "b": "a"}, "ba")
    assert cited(answer) == ["b", "a"]
    assert answer.answers[0].sources == 1


def test_independent_sources_come_before_other_sentences_of_one_and_reprints_push_nothing_out() -> None:
    texts = {key: f"Report {key} has it in Oslo ." for key in "abcdefg"} | {"r": "Report a has it in Oslo ."}
    groups = {key: key for key in "abcdefg"} | {"b": "a", "c": "a", "r": "a"}
    answer = asked(texts, groups, "abcdefg")
    assert cited(answer) == ["a", "r", "d", "e", "f"]
    assert answer.answers[0].sources == MAX_CITATIONS
    assert cited(asked(texts, groups, "abcd")) == ["a", "r", "d", "b", "c"]


def test_where_articles_differ_the_newest_comes_first_even_by_its_reprint() -> None:
    texts = {
        "a": "Ruiz spoke in Oslo .",
        "b": "Ruiz spoke in Rome .",
        "c": "Ruiz spoke in Bern .",
        "r": "Ruiz spoke in Oslo .",
    }
    days = {"a": 1, "b": 2, "r": 3}
    articles = {
        key: Article(
            key, "", None, None, datetime(2024, 3, days[key], tzinfo=UTC) if key in days else None, None, key, text
        )
        for key, text in texts.items()
    }
    hits = tuple(equally(number, key, texts[key]) for number, key in enumerate("cba"))
    evidence = Evidence(parsed("?"), hits, articles, {"a": "a", "b": "b", "c": "c", "r": "a"}, 1)
    answer = Answerer(Finds("Oslo", "Rome", "Bern"), PLAIN, THRESHOLD).answer(evidence, 0.0)
    check(answer, articles)
    assert answer.kind == "differing"
    assert [[c.article_id for c in item.citations] for item in answer.answers] == [["a", "r"], ["b"], ["c"]]


def test_articles_that_fit_much_worse_are_read_only_where_the_others_do_not_answer() -> None:
    texts = {"a": "It was in Oslo .", "b": "They met in Rome .", "c": "They met in Lima ."}
    articles = {key: Article(key, "", None, None, None, None, f"{key}.txt", text) for key, text in texts.items()}
    scores = [("a", 0.9), ("b", 0.9 - MAX_SCORE_GAP + 0.01), ("a", 0.1), ("c", 0.9 - MAX_SCORE_GAP - 0.01), ("b", 0.2)]
    hits = tuple(replace(passage(n, key, texts[key]), score=score) for n, (key, score) in enumerate(scores))
    evidence = Evidence(parsed("?"), hits, articles, {key: key for key in texts}, 1)
    # those that fit are read whole, wherever their passages rank
    for word, turns in (("Oslo", [[0, 1, 2, 4]]), ("Lima", [[0, 1, 2, 4], [3]])):
        reader = Finds(word)
        answer = Answerer(reader, PLAIN, THRESHOLD).answer(evidence, 0.0)
        assert [item.text for item in answer.answers] == [word]
        assert reader.read_hits == turns
        # what is found is shown, read or not
        assert answer.evidence.hits == hits


def test_a_word_with_a_slip_in_it_is_read_as_it_is_meant_and_said_to_be() -> None:
    article = Article("a", "", None, None, None, None, "a.txt", SAID)
    hit = equally(0, "a", SAID)
    question = replace(parsed("Who met in Osol?"), respelled={"Osol": "Oslo"})
    evidence = Evidence(question, (hit,), {"a": article}, {"a": "a"}, 1)
    reader = Finds("Oslo")
    answer = Answerer(reader, PLAIN, THRESHOLD).answer(evidence, 0.0)
    assert reader.questions == ["Who met in Oslo?"]
    assert answer.question == "Who met in Osol?"
    assert plain(answer_lines(answer)).splitlines()[0] == "Osol: read as Oslo"
    assert "Osol: read as Oslo" in answer_card(answer, "source Example Wire").footer
