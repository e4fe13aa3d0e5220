"""`dateline evaluate` reaches every benchmark, and pays for none that is not asked for."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from bot.evaluating import BENCHMARKS
from tests.conftest import ROOT, Run
from tests.test_cli import HEAVY

FOLDER = ROOT / "evaluation"
# makes what others measure
TOOLS = {"peer", "newsroom"}


def module_of(name: str) -> Path:
    return FOLDER / f"{BENCHMARKS[name].module}.py"


def runs(path: Path) -> bool:
    """Whether the module ends by running its `main`."""
    last = ast.unparse(ast.parse(path.read_text(encoding="utf-8")).body[-1])
    return last == "if __name__ == '__main__':\n    sys.exit(main())"


def test_every_benchmark_is_listed() -> None:
    mains = {path.stem for path in FOLDER.glob("*.py") if "def main(" in path.read_text(encoding="utf-8")}
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
    module_of(name)
    outcome = run("evaluate", name, "--help")
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.startswith(f"usage: dateline evaluate {name} ")
    assert f"dateline evaluate {name} " in outcome.out.replace("`", " ").split("\n\n", 1)[1]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_bad_usage_of_a_benchmark_is_one_sentence_and_status_2(run: Run, name: str) -> None:
    module_of(name)
    outcome = run("evaluate", name, "--wrong")
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.endswith(f"See `dateline evaluate {name} --help`.\n")
    assert len(outcome.err.splitlines()) == 1


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_is_a_module_that_runs(name: str) -> None:
    assert runs(module_of(name))


def test_as_a_module_it_is_the_same_command(run: Run) -> None:
    command = [sys.executable, "-m", "evaluation.retrieval", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == run("evaluate", "retrieval", "--help").out


def test_for_an_unknown_name_the_nearest_is_suggested(run: Run) -> None:
    outcome = run("evaluate", "retreival")
    assert (outcome.status, outcome.out) == (2, "")
    assert "No such command 'retreival'" in outcome.err
    assert "Did you mean 'retrieval'" in outcome.err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["answers", "none.json"], "none.json cannot be read (No such file or directory); check its path."),
        (["news", "nowhere"], "nowhere/articles_dev.jsonl cannot be read (No such file or directory)"),
        (["retrieval", "none.json"], "none.json is not a SQuAD-shaped question file"),
        (["reader", "none.json", "--model", "."], "none.json is not a SQuAD-shaped question file"),
        (["calibration", "none.json", "other.json"], "none.json is not a SQuAD-shaped question file"),
        (["indexing", "--data", "nowhere"], "nowhere has no .json file"),
    ],
)
def test_a_file_that_is_missing_is_one_sentence_and_status_1(run: Run, args: list[str], said: str) -> None:
    outcome = run("evaluate", *args)
    assert (outcome.status, outcome.out) == (1, "")
    assert said in outcome.err
    assert len(outcome.err.splitlines()) == 1


@pytest.mark.parametrize("content", ["{", '[{"question": "Who?"}]', "[1]", '{"a": 1}', "\\u00ff"])
def test_a_file_of_no_questions_is_one_sentence_without_a_name_of_python(
    run: Run, tmp_path: Path, content: str
) -> None:
    (tmp_path / "bad.json").write_text(content)
    outcome = run("evaluate", "answers", "bad.json")
    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err.startswith("bad.json is no file of questions, a JSON list of objects with question, kind, ")
    assert "Error" not in outcome.err


@pytest.mark.parametrize("args", [["evaluate"], ["evaluate", "--help"], ["evaluate", "spead"]])
def test_the_list_does_not_pay_for_heavy_imports(args: list[str]) -> None:
    code = f"import sys; from bot.cli import main; main({args!r}); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    modules = done.stderr.split()
    assert "bot.evaluating" in modules
    assert not {*HEAVY, "evaluation", "matplotlib"} & set(modules)
