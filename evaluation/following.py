"""What followed questions report and cost: `dateline evaluate follow DATA [--articles N] [--questions N] ...`

DATA is a folder of articles and questions about news (see evaluation.newsfiles).

told    Questions with one answer are followed while only the articles of the training split are there; then the
        articles that they are about are added, all at once. Counted: for how many questions the news has the right
        answer, only wrong ones, or nothing; and the same for questions that had been answered before, rightly or not.
cost    --questions questions about articles of the training split are followed, without being answered first. Then
        --new articles of the other split are added. Counted: the pairs of a question and a passage that are scored,
        the passages that are read, and the seconds of both. With --articles N, they are asked among N articles that are
        recombined from sentences of the training split (see evaluation.summed).
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from evaluation.commands import PASSAGES, Parser, output, positive
from evaluation.newsfiles import Asked, Collection, news_articles, questions
from evaluation.paragraphs import sample
from evaluation.scoring import taken_for_right
from evaluation.stores import kept_folder
from evaluation.summed import summed
from evaluation.wiring import fill, shipped_answerer, shipped_encoder, shipped_reader
from reader.following import Follower, NewPassages
from reader.novelty import Statement
from retrieval.encoder import Encoder
from retrieval.errors import NoIndexError
from retrieval.matching import COMPETING, Matches, OpenQuestion, match
from retrieval.progress import on_stderr
from retrieval.question import parsed
from retrieval.search import REPRINTS, Query, Retriever, search
from retrieval.storage.local import LocalStore
from retrieval.types import EVERYTHING, Article


@dataclass(frozen=True, slots=True)
class Followed:
    """A question with what is needed to ask it of new passages, and what was told of it."""

    text: str
    query: Query
    scores: tuple[float, ...]
    told: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class ToldFigures:
    """Of so many questions: those answered plainly before; those told the right answer, wrong ones only, nothing."""

    questions: int
    before: int
    right: int
    wrong: int
    nothing: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What it took to ask so many questions of so many new passages, among all: in pairs, passages and seconds."""

    articles: int
    passages: int
    questions: int
    new: int
    pairs: int
    read: int
    matching: float
    reading: float
    news: int


@dataclass(frozen=True, slots=True)
class Measured:
    """See the module."""

    told: ToldFigures
    cost: Cost


class Newsdesk:
    """A store, and what follows questions in it."""

    def __init__(self, folder: Path, encoder: Encoder, follower: Follower) -> None:
        self.store = LocalStore(folder)
        self.encoder = encoder
        self.follower = follower
        self.retriever = Retriever(self.store, encoder)

    def follow(self, question: str, *, asking: bool) -> Followed:
        """Follows a question; without `asking` nothing counts as told."""
        query = self.retriever.query(parsed(question))
        with self.retriever.hold() as held:
            evidence = search(held, query, COMPETING, EVERYTHING)
        scores = tuple(hit.score for hit in evidence.hits)
        if not asking:
            return Followed(question, query, scores)
        evidence = self.retriever.search(query.question, self.follower.passages, EVERYTHING)
        answer = self.follower.answerer.answer(evidence, 0.0)
        told = tuple(Statement.of(item, answer) for item in answer.answers) if answer.certain else ()
        return Followed(question, query, scores, told)

    def publish(self, articles: Sequence[Article]) -> list[int]:
        """Articles come in; the ids of their passages."""
        with self.store.snapshot() as snapshot:
            before = max(id for id, _ in snapshot.arrivals(0))
        fill(self.store, articles, self.encoder, progress=on_stderr)
        with self.store.snapshot() as snapshot:
            return [id for id, _ in snapshot.arrivals(before)]

    def match(self, followed: Sequence[Followed], passages: Sequence[int]) -> tuple[Matches, list[NewPassages]]:
        """What is to be read for each question."""
        asked = [OpenQuestion.of(each.query, each.scores) for each in followed]
        with self.store.snapshot(self.encoder.fingerprint) as snapshot:
            found = match(snapshot, asked, passages)
            ids = {hit.passage.article_id for hits in found.hits for hit in hits}
            groups = snapshot.source_groups(ids, EVERYTHING, REPRINTS)
            articles = snapshot.articles(groups)
        return found, [NewPassages(hits, articles, groups, found.articles) for hits in found.hits]

    def news(self, followed: Followed, to_read: NewPassages) -> list[str]:
        """What is told."""
        if not to_read.hits:
            return []
        update = self.follower.ask(followed.query.question, to_read, followed.told, 1)
        return [item.text for news in update.news for item in news.answer.answers]


def told(desk: Newsdesk, collection: Collection, asked: Sequence[Asked]) -> ToldFigures:
    """See the module; the store has the articles of the training split."""
    with on_stderr("Asking", len(asked)) as advance:
        followed = []
        for question in asked:
            followed.append(desk.follow(question.text, asking=True))
            advance(1)
    passages = desk.publish(list(collection.articles.values()))
    _, to_read = desk.match(followed, passages)
    right = wrong = 0
    with on_stderr("Reading", len(asked)) as advance:
        for question, each, some in zip(asked, followed, to_read, strict=True):
            news = desk.news(each, some)
            if any(taken_for_right(text, question.forms) for text in news):
                right += 1
            elif news:
                wrong += 1
            advance(1)
    before = sum(bool(each.told) for each in followed)
    return ToldFigures(len(asked), before, right, wrong, len(asked) - right - wrong)


def cost(desk: Newsdesk, texts: Sequence[str], new: Sequence[Article]) -> Cost:
    """See the module."""
    followed = [desk.follow(text, asking=False) for text in texts]
    passages = desk.publish(new)
    began = time.perf_counter()
    found, to_read = desk.match(followed, passages)
    matched = time.perf_counter()
    news = sum(len(desk.news(each, some)) for each, some in zip(followed, to_read, strict=True))
    ended = time.perf_counter()
    status = desk.retriever.status()
    read = sum(len(hits) for hits in found.hits)
    took = matched - began, ended - matched
    return Cost(len(status.articles), status.passages, len(texts), len(passages), found.pairs, read, *took, news)


def shown(measured: Measured) -> str:
    """Both, in words."""
    told, cost = measured.told, measured.cost
    return (
        f"Of {told.questions:,} questions whose article came in later, {told.right:,} were told the right "
        f"answer, {told.wrong:,} only wrong ones, {told.nothing:,} nothing; {told.before:,} had an answer before.\n"
        f"{cost.questions:,} questions among {cost.articles:,} articles ({cost.passages:,} passages), "
        f"{cost.new:,} new passages: {cost.pairs:,} pairs scored in {cost.matching:.2f} s, "
        f"{cost.read:,} passages read in {cost.reading:.2f} s, {cost.news:,} news."
    )


def main(arguments: Sequence[str]) -> None:
    """See the module."""
    parser = Parser("follow", __doc__, "data", "--seed", "--keep", "--json")
    parser.offer("--articles", help="ask among N recombined articles")
    parser.offer("--questions", default=1000, help="how many questions to follow among them")
    parser.offer("--new", type=positive, default=10, metavar="N", help="how many articles to add later")
    parser.offer("--limit", default=300, help="how many questions with one answer to follow")
    options = parser.parse_args(arguments)
    encoder, reader = shipped_encoder(), shipped_reader()
    follower = Follower(shipped_answerer(reader), reader, PASSAGES)
    collection = news_articles(options.data)
    single = questions(options.data / "dev_single.json", collection)
    asked = sample([each for each in single if each.due], options.limit, options.seed)
    trained = questions(options.data / "train_single.json", collection)
    texts = [each.text for each in sample(trained, options.questions, options.seed)]
    held = {each.article.id for each in single}
    base = [article for key, article in collection.articles.items() if key not in held]
    new = [article for key, article in collection.articles.items() if key in held][: options.new]
    with kept_folder(options.keep) as folder:
        with _copy(*_crowd(folder, base, None, options.data, encoder)) as copy:
            figures = told(Newsdesk(copy, encoder, follower), collection, asked)
        with _copy(*_crowd(folder, base, options.articles, options.data, encoder)) as copy:
            costs = cost(Newsdesk(copy, encoder, follower), texts, new)
    output(Measured(figures, costs), shown, options.json)


def _crowd(
    folder: Path, base: Sequence[Article], count: int | None, data: Path, encoder: Encoder
) -> tuple[Path, Callable[[LocalStore], None]]:
    """Where a store of the training articles, or of `count` recombined ones, is kept; and what fills it."""
    if count is None:
        return folder / "told", lambda store: fill(store, base, encoder, progress=on_stderr)
    collection, stand_in = summed([data / "train_single.json"], encoder, folder, on_stderr)
    many = map(collection.article, range(count))
    return folder / f"recombined-{count}", lambda store: fill(store, many, stand_in, progress=on_stderr)


@contextmanager
def _copy(folder: Path, filled: Callable[[LocalStore], None]) -> Iterator[Path]:
    """The store in a folder, which is filled if that has not been done, or not to the end; a copy of it, which may be
    changed."""
    store = LocalStore(folder)
    try:
        with store.snapshot():
            pass
    except NoIndexError:
        filled(store)
    with tempfile.TemporaryDirectory(prefix="dateline-") as copy:
        yield Path(shutil.copytree(folder, Path(copy, "store")))
