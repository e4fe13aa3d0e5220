"""How well questions about a large collection are answered, from the search to the answer that is shown or withheld.

    dateline evaluate endtoend FILE... [--distractors FILE...] [--limit N] [--passages K] [--threshold T] [--json]
                                       [--adapter FOLDER] [--cache FOLDER] [--plot FILE.png] [--seed N] [--verbose]

The different paragraphs of SQuAD-shaped question files are the articles of one store. Each question is searched in it,
and its passages are read and answered as a person's are; and once more those of the right paragraph alone. The figures
are those of `dateline evaluate news`, for each file and each kind of question, with 95 % intervals (bootstrap over
events, or over paragraphs where the file names no events).

A question counts as unanswerable if its own paragraph does not answer it, though another one might: nobody has looked.
"""

from collections.abc import Sequence
from itertools import chain

from evaluation.commands import Parser
from evaluation.measuring import ANSWERING, Plan
from evaluation.news import Part, measure, show
from evaluation.newsfiles import Asked, Collection
from evaluation.paragraphs import File, article_id, as_articles, words_of
from evaluation.wiring import shipped_encoder, shipped_reader
from reader.train.data import Paragraph, Question, paragraphs_of, read_file
from retrieval.progress import on_stderr


def part(files: Sequence[File], distractors: Sequence[Paragraph]) -> Part:
    """The collection of all paragraphs, and the questions of each file."""
    every = as_articles(chain(*(file.paragraphs for file in files), distractors))
    collection = Collection({article.id: article for article in every}, {})
    asked = {file.name: [_asked(question, collection) for question in file.questions] for file in files}
    return Part(collection, asked, alone=frozenset(asked))


def _asked(question: Question, collection: Collection) -> Asked:
    article = collection.articles[article_id(question.paragraph)]
    words = words_of(question)
    due = (tuple(words),) if words and question.kind == "one" else tuple((each,) for each in words)
    return Asked(
        id=question.id,
        text=question.text,
        article=article,
        day=None,
        event=question.paragraph.cluster or article.id,
        same_event=frozenset({article.id}),
        due=due,
        wants=question.kind,
    )


def main(arguments: Sequence[str]) -> None:
    """See the module."""
    parser = Parser("endtoend", __doc__, "files", "--distractors", *ANSWERING)
    options = parser.parse_args(arguments)
    files = [File.read(path, options.limit, options.seed, answerable=False) for path in dict.fromkeys(options.files)]
    distractors = [paragraph for path in options.distractors for paragraph in paragraphs_of(read_file(path))]
    if options.plot is not None and all(q.listed and q.answers for file in files for q in file.questions):
        parser.error("--plot is of questions with one answer or none, and these files have only lists")
    plan, encoder, reader = Plan.of(options), shipped_encoder(), shipped_reader(options.adapter)
    show(measure([part(files, distractors)], encoder, reader, plan, on_stderr), options)
