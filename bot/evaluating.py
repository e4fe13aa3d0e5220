"""`dateline evaluate`: the benchmarks. Each is imported when it is called, because most bring PyTorch along."""

from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module

import click

from bot.options import Command, Group


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One benchmark: the `module` of evaluation whose `main` it is, and what it measures."""

    module: str
    summary: str


BENCHMARKS = {
    "answers": Benchmark("answers", "How well questions about the sample articles are answered."),
    "calibration": Benchmark("calibration", "How far the confidence can be trusted; can also fit it again."),
    "concurrency": Benchmark("concurrency", "Whether questions see one generation while others publish."),
    "dates": Benchmark("dates", "How often the date shown behind a time word is right."),
    "endtoend": Benchmark("endtoend", "How well a large collection answers, and when it declines."),
    "follow": Benchmark("following", "What followed questions report, and what a thousand cost."),
    "freshness": Benchmark("freshness", "How soon a new article is answerable."),
    "indexing": Benchmark("indexing", "What indexing costs, and what is not done twice."),
    "news": Benchmark("news", "How well questions about news are answered, by kind."),
    "pages": Benchmark("pages", "How much of an article is extracted from web pages."),
    "peers": Benchmark("peers", "Dateline beside Haystack and txtai."),
    "reader": Benchmark("reader", "How well the reader reads when the right paragraph is given."),
    "retrieval": Benchmark("retrieval", "How well passages are found, by meaning, words and both."),
    "scale": Benchmark("scale", "How searching keeps up with a large collection."),
    "speed": Benchmark("speed", "How long a person waits for an answer."),
}


@click.group(cls=Group)
def evaluate() -> None:
    """Measure quality and speed; `dateline evaluate NAME --help` explains each benchmark."""


def _command(name: str, benchmark: Benchmark) -> click.Command:
    @click.command(
        name,
        cls=Command,
        short_help=benchmark.summary,
        # what stands after the name, --help too, is for the benchmark itself
        add_help_option=False,
        context_settings={"ignore_unknown_options": True},
    )
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def command(arguments: tuple[str, ...]) -> None:
        # argparse exits when it has shown the help
        with suppress(SystemExit):
            import_module(f"evaluation.{benchmark.module}").main(arguments)

    return command


for _name, _benchmark in BENCHMARKS.items():
    evaluate.add_command(_command(_name, _benchmark))
