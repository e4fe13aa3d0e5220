"""The command: what goes to which stream, the exit status, and how little a mistake costs."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.cli import cli
from tests.conftest import ROOT, Run, configured

COMMAND = [sys.executable, str(ROOT / "tests" / "with_fake.py")]
HEAVY = ["rich", "numpy", "torch", "prompt_toolkit", "pydantic", "transformers", "faiss", "logging.config", "sqlite3"]


def test_an_answer_goes_to_standard_output_and_nothing_else_does(run: Run) -> None:
    outcome = run("ask", "hello")
    assert outcome.out.startswith("hello — sure (99 %) · 2 sources [1] [2]\n")
    assert (outcome.status, outcome.err) == (0, "")


def test_an_honest_not_found_is_no_failure(run: Run) -> None:
    outcome = run("ask", "nowhere")
    assert outcome.out.startswith("Not found in these articles.")
    assert outcome.status == 0


def test_a_question_without_quotes_is_one_question(run: Run) -> None:
    assert json.loads(run("ask", "hello", "out", "there?", "--json").out)["question"] == "hello out there?"


def test_options_reach_the_search(run: Run) -> None:
    evidence = json.loads(run("ask", "hello", "--json", "--article", "a2", "--k", "1").out)["evidence"]
    assert [hit["article_id"] for hit in evidence] == ["a2"]


@pytest.mark.parametrize(
    ("folder", "said"), [("skips", "dateline: skipped bad"), ("busy", "dateline: Another process"), ("corpus", "")]
)
def test_a_question_may_have_the_index_brought_up_to_date_first(
    run: Run, tmp_path: Path, folder: str, said: str
) -> None:
    config = configured(tmp_path, f'[corpus]\npath = "{folder}"\n')
    outcome = run("ask", "--index", "hello", "--config", config)
    assert outcome.out.startswith("hello — sure (99 %)")
    assert (outcome.status, outcome.err[: len(said)]) == (0, said)
    assert bool(outcome.err) == bool(said)


def test_a_filter_and_the_day_that_is_today_reach_the_assistant(run: Run) -> None:
    assert run("ask", "filter").out.startswith("-/-/-/-/- — ")
    scope = ["--source", "Example Wire", "--since", "2024-02-01", "--until", "2024-02-20", "--as-of", "2024-03-14"]
    assert run("ask", "filter", *scope).out.startswith("-/Example_Wire/2024-02-01/2024-02-20/2024-03-14 — ")


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        ("2024", "2024", "-/-/2024-01-01/2024-12-31/-"),
        ("2024-02", "2024-02", "-/-/2024-02-01/2024-02-29/-"),
        ("2023-11", "2024-02-20", "-/-/2023-11-01/2024-02-20/-"),
    ],
)
def test_a_month_or_a_year_begins_on_its_first_day_and_ends_on_its_last(
    run: Run, since: str, until: str, said: str
) -> None:
    assert run("ask", "filter", "--since", since, "--until", until).out.startswith(f"{said} — ")


def test_questions_from_standard_input_are_answered_one_json_object_a_line(run: Run) -> None:
    outcome = run("ask", "--json", "-", stdin=b"\xef\xbb\xbfhello\r\n\n  \nlist")
    assert [json.loads(line)["question"] for line in outcome.out.splitlines()] == ["hello", "list"]
    assert (outcome.status, outcome.err) == (0, "")


def test_a_bad_question_among_them_is_one_sentence_and_the_rest_is_answered(run: Run) -> None:
    questions = b"hello\n" + b"x" * 100_000 + b"\nfail\n\xff\n?!\na\x1bb\nlist\n"
    outcome = run("ask", "-", "--json", stdin=questions)
    assert [json.loads(line)["question"] for line in outcome.out.splitlines()] == ["hello", "list"]
    assert outcome.status == 1
    complaints = outcome.err.splitlines()
    assert len(complaints) == 5
    for complaint, part in zip(
        complaints,
        ["line 2: The question has 100000", "line 3: The database", "line 4: ", "line 5: ", "line 6: "],
        strict=True,
    ):
        assert complaint.startswith(f"dateline: {part}")


def test_as_text_every_answer_stands_below_its_question(run: Run) -> None:
    out = run("ask", "-", stdin=b"hello\nnowhere\n").out
    assert out.startswith("> hello\nhello — ")
    assert "\n\n> nowhere\nNot found" in out


def test_lines_may_be_objects_with_a_conversation(run: Run) -> None:
    before = [{"question": "Who met?", "answers": ["Ana", "Bo"], "article_ids": ["a1"]}, {"question": "list"}]
    lines = [
        json.dumps({"question": "and when?", "conversation": before}),
        '{"question": "and why?"}',
        ' {"conversation": [], "question": "hello there"}',
        "and plainly?",
    ]
    outcome = run("ask", "--json", "-", stdin="\n".join(lines).encode())
    assert (outcome.status, outcome.err) == (0, "")
    answers = [json.loads(line) for line in outcome.out.splitlines()]
    assert [(found["question"], found["about"]) for found in answers] == [
        ("and when?", "Who met? / list"),
        ("and why?", None),
        ("hello there", None),
        ("and plainly?", None),
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{who met?}", "The line starts with { and is not JSON; write it as {"),
        ("{" * 100_000, "is not JSON"),
        ('{"question": 5}', "question is 5, expected a text in quotes."),
        ('{"conversation": []}', "question is missing, expected a text in quotes."),
        ('{"question": ""}', "The question is empty"),
        ('{"question": "\\ud800?"}', "not UTF-8"),
        ('{"question": "x", "conversatoin": []}', 'has the key "conversatoin", expected question, conversation.'),
        ('{"question": "x", "conversation": "y"}', 'conversation is "y", expected a list of turns, such as {'),
        ('{"question": "x", "conversation": ["y"]}', 'A turn of the conversation is "y", expected an object'),
        ('{"question": "x", "conversation": [{}]}', "question is missing"),
        ('{"question": "x", "conversation": [{"question": "y", "answers": "z"}]}', 'answers is "z", expected a list'),
        ('{"question": "x", "conversation": [{"question": "y", "article_ids": [1]}]}', "article_ids is 1, expected a"),
        (
            '{"question": "x", "conversation": [{"question": "y", "text": "z"}]}',
            'has the key "text", expected question,',
        ),
    ],
)
def test_a_line_that_is_no_such_object_is_one_sentence(run: Run, line: str, said: str) -> None:
    outcome = run("ask", "-", "--json", stdin=f"{line}\nhello".encode())
    assert outcome.status == 1
    assert outcome.err.startswith("dateline: line 1: ") and len(outcome.err.splitlines()) == 1
    assert said in outcome.err
    assert len(outcome.out.splitlines()) == 1


def test_what_utf_8_cannot_hold_in_an_answer_is_no_obstacle(run: Run) -> None:
    line = rb'{"question": "and?", "conversation": [{"question": "y", "answers": ["\ud800"]}]}'
    assert run("ask", "-", "--json", stdin=line).status == 0


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["aks"], ["No such command 'aks'", "Did you mean 'ask'", "See `dateline --help`"]),
        (["ask", "x", "--sinze", "2024-02-01"], ["No such option '--sinze'", "--since", "See `dateline ask --help`"]),
        (["ask"], ["Missing argument 'QUESTION'"]),
        (["ask", ""], ["The question is empty"]),
        (["ask", "?!"], ["has no words"]),
        (["ask", "who\x07?"], ["control character U+0007"]),
        (["ask", "who\udcff?"], ["not UTF-8"]),
        (["ask", "x" * 100_000], ["100000 characters", "at most 400"]),
        (["ask", "x", "--since", "20240201"], ["'20240201' is not a date", "such as 2024-02-20"]),
        (["ask", "x", "--since", "2024-W05-4"], ["'2024-W05-4' is not a date"]),
        (["ask", "x", "--until", "2024-02-30"], ["--until", "'2024-02-30' is not a date"]),
        (
            ["ask", "x", "--since", "2024-03-01", "--until", "2024-02-01"],
            ["2024-03-01 is later than --until 2024-02-01"],
        ),
        (["ask", "x", "--since", "2024-13"], ["'2024-13' is not a date", "month or year", "2024-02 or 2024."]),
        (["ask", "x", "--as-of", "2024-02"], ["'2024-02' is not a date, expected YYYY-MM-DD"]),
        (["ask", "x", "--k", "0"], ["--k", "'0' is not a whole number from 1 to"]),
        (["ask", "x", "--k", "x"], ["--k", "'x' is not a whole number from 1 to"]),
        (["ask", "x", "--article", "a11"], ["no article 'a11'", "did you mean a1?"]),
        (["ask", "x", "--source", "Exampel"], ["no articles from 'Exampel'", "did you mean Example Wire?"]),
        (["chat", "--source", "zzz"], ["no articles from 'zzz' in the index; `dateline status` lists the sources."]),
        (["chat", "--since", "2024-03-01", "--until", "2024-02-01"], ["2024-03-01 is later than --until 2024-02-01"]),
        (["--config", "nope.toml", "status"], ["nope.toml does not exist"]),
        (["status", "--config", "nope.toml"], ["nope.toml does not exist"]),
    ],
)
def test_bad_usage_is_one_sentence_and_status_2(run: Run, args: list[str], said: list[str]) -> None:
    outcome = run(*args)
    assert outcome.status == 2
    assert outcome.out == ""
    assert outcome.err.startswith("dateline: ")
    assert len(outcome.err.splitlines()) == 1
    for part in said:
        assert part in outcome.err


def test_the_configuration_can_stand_before_or_after_the_command(run: Run, tmp_path: Path) -> None:
    none = configured(tmp_path, '[storage]\npath = "none"\n')
    for args in (["--config", none, "status"], ["status", "--config", none]):
        outcome = run(*args)
        assert (outcome.status, outcome.out) == (1, "")
        assert outcome.err.startswith("dateline: There is no index in ")
        assert "none yet; run `dateline index`, or, if there is one elsewhere, go to the folder of its" in outcome.err


def test_errors_are_status_1_and_a_traceback_is_shown_with_debug_only(run: Run) -> None:
    outcome = run("ask", "fail")
    assert outcome.status == 1
    assert outcome.err == "dateline: The database is damaged; run `dateline index --full`.\n"
    for args in (["--debug", "ask", "fail"], ["ask", "fail", "--debug"]):
        outcome = run(*args)
        assert "Traceback" in outcome.err
        assert outcome.err.endswith("dateline: The database is damaged; run `dateline index --full`.\n")


def test_without_a_command_the_help_is_shown(run: Run) -> None:
    outcome = run()
    assert outcome.status == 2
    assert "Commands:" in outcome.err


@pytest.mark.parametrize("name", [None, *cli.commands])
def test_every_command_has_help_with_the_common_options(run: Run, name: str | None) -> None:
    outcome = run(*([name] if name is not None else []), "--help")
    assert (outcome.status, outcome.err) == (0, "")
    assert "--config FILE" in outcome.out
    assert "--debug" in outcome.out


@pytest.mark.parametrize(
    "args",
    [["--help"], ["ask", "--help"], ["aks"], ["ask", ""], ["ask", "x", "--k", "0"], ["status", "--config", "nope"]],
)
def test_help_and_mistakes_do_not_pay_for_heavy_imports(args: list[str]) -> None:
    code = f"import sys; from bot.cli import main; main({args!r}); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    modules = done.stderr.split()
    assert "bot.cli" in modules
    assert not set(HEAVY) & set(modules)


def called(folder: Path, *args: str, **more: Any) -> "subprocess.CompletedProcess[str]":
    """The command with the fake assistant, in a process of its own."""
    return subprocess.run([*COMMAND, *args], cwd=folder, text=True, check=False, stderr=subprocess.PIPE, **more)


def opened(folder: Path, *args: str) -> "subprocess.Popen[bytes]":
    """The same, still running."""
    pipe = subprocess.PIPE
    return subprocess.Popen([*COMMAND, *args], cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe)


def test_an_error_that_nobody_foresaw_is_one_sentence_too(tmp_path: Path) -> None:
    done = called(tmp_path, "ask", "break", stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr
        == "dateline: RuntimeError: shapes do not match. Internal error; run again with --debug and report it.\n"
    )
    assert "Traceback" in called(tmp_path, "ask", "break", "--debug").stderr


def test_every_answer_is_written_before_the_next_question_is_read(tmp_path: Path) -> None:
    with opened(tmp_path, "ask", "-", "--json") as process:
        assert process.stdin is not None and process.stdout is not None
        for question in (b"hello", b"list"):
            process.stdin.write(question + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["question"] == question.decode()


def test_a_reader_that_leaves_early_causes_no_noise(tmp_path: Path) -> None:
    with opened(tmp_path, "ask", "-") as process:
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        _, err = process.communicate(b"hello\n" * 50)
    assert process.returncode == 1
    assert err == b""


def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = called(tmp_path, "status", stdout=full)
    assert (done.returncode, done.stderr) == (1, "dateline: No space left on device.\n")


def test_an_interrupt_is_quiet_and_status_130(tmp_path: Path) -> None:
    with opened(tmp_path, "ask", "-") as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(b"hello\nslow\n")
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert process.returncode == 130
    assert err.strip() == b""


def test_a_terminal_without_unicode_gets_escapes_and_json_stays_utf_8(tmp_path: Path) -> None:
    latin = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run([*COMMAND, "ask", "Où"], cwd=tmp_path, env=latin, capture_output=True, check=True)
    assert done.stdout.startswith(b"O\xf9 \\u2014 sure")
    done = subprocess.run([*COMMAND, "ask", "Où", "--json"], cwd=tmp_path, env=latin, capture_output=True, check=True)
    assert json.loads(done.stdout.decode())["question"] == "Où"


def test_python_dash_m_bot_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "--version"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("dateline ")


@pytest.mark.parametrize(
    "token", ["abc", "abc def.x.y", "“MTIz.a.b”", "MTIz.a\nb.c", "Bot MTIz.a.b", "DISCORD_TOKEN=a.b.c"]
)
def test_what_cannot_be_a_token_is_not_sent_anywhere(token: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", token)
    outcome = run("discord")
    assert outcome.status == 2 and outcome.out == ""
    assert "DISCORD_TOKEN does not hold a bot's token" in outcome.err and token not in outcome.err
    assert len(outcome.err.splitlines()) == 1
