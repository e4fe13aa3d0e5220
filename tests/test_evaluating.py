"""`dateline evaluate` reaches every benchmark, and pays for none that is not asked for."""

import subprocess
import sys
from pathlib import Path

import pytest

from bot.evaluating import BENCHMARKS
from tests.conftest import ROOT, Run
from tests.test_cli import HEAVY

# what another one starts
TOOLS = {"peer"}


def test_every_benchmark_is_listed() -> None:
    files = (ROOT / "evaluation").glob("*.py")
    mains = {path.stem for path in files if "def main(" in path.read_text(encoding="utf-8")}
    assert mains - TOOLS <= {benchmark.module for benchmark in BENCHMARKS.values()}


def test_without_a_name_they_are_listed_with_a_line_each(run: Run) -> None:
    for outcome in (run("evaluate"), run("evaluate", "--help")):
        lines = (outcome.out + outcome.err).splitlines()
        for name, benchmark in BENCHMARKS.items():
            assert [line.split(maxsplit=1) for line in lines if line.split()[:1] == [name]] == [
                [name, benchmark.summary]
            ]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_explains_itself(run: Run, name: str) -> None:
    outcome = run("evaluate", name, "--help")
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.startswith(f"usage: dateline evaluate {name} ")
    assert f"dateline evaluate {name} " in outcome.out.replace("`", " ").split("\n\n", 1)[1]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_bad_usage_of_a_benchmark_is_one_sentence_and_status_2(run: Run, name: str) -> None:
    outcome = run("evaluate", name, "--wrong")
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.endswith(f"See `dateline evaluate {name} --help`.\n")
    assert len(outcome.err.splitlines()) == 1


def test_for_an_unknown_name_the_nearest_is_suggested(run: Run) -> None:
    outcome = run("evaluate", "retreival")
    assert (outcome.status, outcome.out) == (2, "")
    assert "No such command 'retreival'" in outcome.err
    assert "Did you mean 'retrieval'" in outcome.err


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        ("answers none.json", 1, "none.json cannot be read (No such file or directory); check its path."),
        ("news nowhere", 1, "articles_dev.jsonl cannot be read (No such file or directory); name a folder of"),
        ("news . --kinds single,plural", 2, "'plural' is not one of single, lists, differing, broad, contrast, turns"),
        ("news . --kinds lists --plot x.png", 2, "add single or contrast to --kinds"),
        ("retrieval none.json", 1, "none.json is not a SQuAD-shaped question file"),
        ("reader none.json --model .", 1, "none.json is not a SQuAD-shaped question file"),
        ("calibration none.json other.json", 1, "none.json is not a SQuAD-shaped question file"),
        ("retrieval broken.json", 1, "KeyError('paragraphs')"),
        ("retrieval empty.json", 1, "has no question with an answer"),
        ("retrieval empty.json --limit 0", 2, "'0' is not a whole number of 1 or more"),
        ("retrieval empty.json --plot nowhere/x.png", 2, "nowhere/x.png is not a place for a picture"),
        ("retrieval empty.json --plot x.jpg", 2, "name a .png file"),
        ("endtoend empty.json", 1, "has no question;"),
        ("endtoend empty.json --threshold 1.5", 2, "'1.5' is not a number from 0 to 1"),
        ("endtoend empty.json --threshold nan", 2, "'nan' is not a number from 0 to 1"),
        ("scale empty.json", 1, "has an answer; name other files"),
        ("scale empty.json --passages 10,x", 2, "'x' is not a whole number of 1 or more"),
        ("scale empty.json --store floppy", 2, "choose from 'folder', 'postgres'"),
    ],
)
def test_a_mistake_is_one_sentence(run: Run, tmp_path: Path, args: str, status: int, said: str) -> None:
    (tmp_path / "empty.json").write_text('{"data": []}')
    (tmp_path / "broken.json").write_text('{"data": [{"title": "x"}]}')
    outcome = run("evaluate", *args.split())
    assert (outcome.status, outcome.out) == (status, "")
    assert said in outcome.err
    assert len(outcome.err.splitlines()) == 1


@pytest.mark.parametrize("content", ["{", '[{"question": "Who?"}]', "[1]", '{"a": 1}', "\\u00ff"])
def test_a_file_of_no_questions_is_one_sentence_without_a_name_of_python(
    run: Run, tmp_path: Path, content: str
) -> None:
    (tmp_path / "bad.json").write_text(content)
    outcome = run("evaluate", "answers", "bad.json")
    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err.startswith(
        "dateline: bad.json is not a file of questions, a JSON list of objects with question, kind, "
    )
    assert "Error" not in outcome.err


@pytest.mark.parametrize("args", [["evaluate"], ["evaluate", "--help"], ["evaluate", "spead"]])
def test_the_list_does_not_pay_for_heavy_imports(args: list[str]) -> None:
    code = f"import sys; from bot.cli import main; main({args!r}); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    modules = done.stderr.split()
    assert "bot.evaluating" in modules
    assert not {*HEAVY, "evaluation", "matplotlib"} & set(modules)
