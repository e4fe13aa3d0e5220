"""The chat: in a real terminal, where keys are pressed, and piped, where lines are read."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest

from tests.fakes import SLOW_SECONDS
from tests.test_cli import COMMAND

UP = "\x1b[A"
CTRL_C = "\x03"
CTRL_D = "\x04"
PROMPT = "\x1b\\[\\?2004h"  # bracketed paste is on: keys are read

Open = Callable[..., "pexpect.spawn[str]"]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Open]:
    """Opens a chat in a terminal; all chats of one test share a folder."""
    (tmp_path / ".dateline").mkdir()
    opened = []

    def open_(**environment: str) -> "pexpect.spawn[str]":
        # without this, prompt_toolkit asks a terminal that is not there for the place of its cursor
        env = {**os.environ, "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1", **environment}
        env = {name: value for name, value in env.items() if name != "NO_COLOR" or environment}
        chat = pexpect.spawn(
            COMMAND[0],
            [*COMMAND[1:], "chat"],
            cwd=tmp_path,
            env=env,
            encoding="utf-8",
            timeout=20,
            dimensions=(40, 200),
        )
        opened.append(chat)
        chat.expect("Ctrl-D leaves")
        chat.expect(PROMPT)
        return chat

    yield open_
    for chat in opened:
        chat.close(force=True)


def ask(chat: "pexpect.spawn[str]", line: str) -> None:
    chat.send(line + "\r")


def left(chat: "pexpect.spawn[str]", keys: str = CTRL_D) -> None:
    chat.send(keys)
    chat.expect(pexpect.EOF)
    assert chat.wait() == 0


def piped(folder: Path, lines: bytes, *options: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    env = {**os.environ, **environment}
    done = subprocess.run(
        [*COMMAND, "chat", *options], cwd=folder, input=lines, env=env, capture_output=True, check=False
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_a_conversation(terminal: Open) -> None:
    chat = terminal()
    ask(chat, "hello there")
    chat.expect(r"sure \(99 %\)")
    chat.expect("Talks in Caracas")
    ask(chat, "/why")
    chat.expect("by meaning #1")
    ask(chat, "/sources")
    chat.expect("Cited in the last answer")
    left(chat, "/quit\r")


def test_ctrl_c_at_the_prompt_clears_the_line(terminal: Open) -> None:
    chat = terminal()
    chat.send("abc")
    chat.expect("abc")
    chat.send(CTRL_C)
    chat.expect(PROMPT)
    ask(chat, "nowhere")
    chat.expect("Not found in these articles")
    left(chat)


def test_ctrl_c_cancels_a_question_and_the_next_gets_its_own_answer(terminal: Open) -> None:
    chat = terminal()
    ask(chat, "slow question")
    chat.expect("Reading")
    began = time.monotonic()
    chat.send(CTRL_C)
    chat.expect("dateline: cancelled.")
    chat.expect(PROMPT)
    assert time.monotonic() - began < SLOW_SECONDS / 2
    ask(chat, "list")
    chat.expect("Finishing the cancelled question")
    chat.expect("2\\. ")
    assert "sure (99 %)" not in chat.before
    ask(chat, "/why")
    chat.expect("by meaning #1")
    left(chat)


def test_a_cancelled_question_is_no_turn(terminal: Open) -> None:
    chat = terminal()
    ask(chat, "hello")
    chat.expect(r"sure \(99 %\)")
    ask(chat, "slow question")
    chat.expect("Reading")
    chat.send(CTRL_C)
    chat.expect(PROMPT)
    ask(chat, "and then?")
    chat.expect("about: hello")
    assert "slow question" not in chat.before.rpartition("about")[2]
    left(chat)


def test_leaving_does_not_wait_for_a_cancelled_question(terminal: Open) -> None:
    chat = terminal()
    ask(chat, "slow question")
    chat.expect("Reading")
    began = time.monotonic()
    chat.send(CTRL_C)
    chat.expect(PROMPT)
    left(chat)
    assert time.monotonic() - began < SLOW_SECONDS - 1


def test_leaving_does_not_wait_for_the_models(terminal: Open) -> None:
    chat = terminal(FAKE_OPEN="60")
    began = time.monotonic()
    left(chat)
    assert time.monotonic() - began < 10


def test_the_models_load_while_the_first_question_is_typed(terminal: Open) -> None:
    chat = terminal(FAKE_OPEN="3")
    ask(chat, "hello")
    chat.expect("Loading the models")
    chat.expect(r"sure \(99 %\)")
    left(chat)


def test_questions_are_remembered_in_the_next_chat(terminal: Open) -> None:
    chat = terminal()
    ask(chat, "nowhere to be found")
    chat.expect("Not found in these articles")
    left(chat)
    chat = terminal()
    chat.send(UP)
    chat.expect("nowhere to be found")
    ask(chat, "")
    chat.expect("Not found in these articles")


def test_a_history_that_cannot_be_kept_does_not_stop_the_chat(terminal: Open, tmp_path: Path) -> None:
    (tmp_path / ".dateline" / "chat_history").mkdir()
    chat = terminal()
    ask(chat, "hello")
    chat.expect(r"sure \(99 %\)")
    chat.send(UP)
    chat.expect("hello")
    left(chat, CTRL_C + CTRL_D)


def test_what_is_no_text_is_refused_and_the_chat_goes_on(terminal: Open) -> None:
    chat = terminal()
    os.write(chat.fileno(), b"who\xff?\r")
    chat.expect("not UTF-8 text")
    ask(chat, "hello")
    chat.expect(r"sure \(99 %\)")


def test_no_color_marks_with_asterisks(terminal: Open) -> None:
    chat = terminal(NO_COLOR="1")
    ask(chat, "hello")
    chat.expect("\\*\\*Caracas\\*\\*")
    chat = terminal()
    ask(chat, "hello")
    chat.expect("\x1b\\[1mCaracas\x1b\\[0m")


def test_piped_lines_are_answered_in_turn(tmp_path: Path) -> None:
    done = piped(tmp_path, "\ufeffhello\n\n/why\n/sources\n/help\nlist\n/quit\nnowhere\n".encode())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("> hello\nhello — sure")
    assert "> list\n1. Ana" in done.stdout
    assert "nowhere" not in done.stdout
    assert "\x1b" not in done.stdout


def test_an_error_in_one_question_does_not_end_the_chat(tmp_path: Path) -> None:
    long = b"x" * 100_000
    done = piped(tmp_path, b"/why\nfail\nbreak\n" + long + b"\n\xff\n/sorces\n/zzz\nlist\n")
    assert done.returncode == 0
    assert [line.partition("dateline: ")[2][:24] for line in done.stderr.splitlines()] == [
        "Nothing has been answere",
        "The database is damaged;",
        "RuntimeError: shapes do ",
        "The question has 100000 ",
        "The question is not UTF-",
        "There is no command /sor",
        "There is no command /zzz",
    ]
    assert "did you mean /sources?" in done.stderr
    assert "1. Ana" in done.stdout


def test_a_question_may_lean_on_the_last_three_and_new_starts_over(tmp_path: Path) -> None:
    lines = (
        b"and first?\nhello\nnowhere\nfail\nand why?\nand where?\nand when?\nand so?\n"
        b"/NEW\nand now?\n/filter source Example Wire\nand last?\n"
    )
    done = piped(tmp_path, lines)
    assert done.returncode == 0
    said = [line for line in done.stdout.splitlines() if line.startswith(("> and", "about:", "The next"))]
    assert said == [
        "> and first?",
        "> and why?",
        "about: nowhere",
        "> and where?",
        "about: nowhere / and why?",
        "> and when?",
        "about: nowhere / and why? / and where?",
        "> and so?",
        "about: and why? / and where? / and when?",
        "The next question starts over.",
        "> and now?",
        "> and last?",
        "about: and now?",
    ]


def test_a_filter_holds_until_it_is_changed_and_every_answer_shows_it(tmp_path: Path) -> None:
    lines = (
        b"/filter\nfilter\n/filter source Example  Wire\nfilter\n/FILTER since 2024-02-01\n/filter until 2024-02-20\n"
        b"/filter as-of 2024-03-14\nfilter\n/filter source off\n/filter as-of OFF\nfilter\n/filter off\nfilter\n"
    )
    done = piped(tmp_path, lines)
    assert (done.returncode, done.stderr) == (0, "")
    said = [line for line in done.stdout.splitlines() if line.startswith(("Only", "All", "> "))]
    wire = "Only Example Wire"
    assert said == [
        "All articles are searched.",
        "> -/-/-/-/-",
        wire,
        wire,
        "> -/Example_Wire/-/-/-",
        f"{wire} · since 1 February 2024",
        f"{wire} · since 1 February 2024 · until 20 February 2024",
        f"{wire} · since 1 February 2024 · until 20 February 2024 · as of 14 March 2024",
        f"{wire} · since 1 February 2024 · until 20 February 2024 · as of 14 March 2024",
        "> -/Example_Wire/2024-02-01/2024-02-20/2024-03-14",
        "Only since 1 February 2024 · until 20 February 2024 · as of 14 March 2024",
        "Only since 1 February 2024 · until 20 February 2024",
        "Only since 1 February 2024 · until 20 February 2024",
        "> -/-/2024-02-01/2024-02-20/-",
        "All articles are searched.",
        "> -/-/-/-/-",
    ]


def test_a_filter_that_cannot_be_meant_changes_nothing(tmp_path: Path) -> None:
    lines = (
        b"/filter zzz\n/filter source Exampel\n/filter article a11\n/filter since 3/4/2024\n"
        b"/filter until 2024-01-31\n/filter since\n/filter source \n/filter\nfilter\n"
    )
    done = piped(tmp_path, lines, "--since", "2024-02-01", "--as-of", "2024-03-14")
    assert "/filter since needs a date; for example: /filter since 2024-02-20, or /filter since off" in done.stderr
    assert [line.removeprefix("dateline: ")[:25] for line in done.stderr.splitlines()] == [
        "/filter takes article, so",
        "There are no articles fro",
        "There is no article 'a11'",
        "'3/4/2024' is not a date,",
        "--since 2024-02-01 is lat",
        "/filter since needs a dat",
        "/filter source needs a na",
    ]
    active = "Only since 1 February 2024 · as of 14 March 2024\n"
    assert done.stdout.startswith(f"{active}\n{active}> -/-/2024-02-01/-/2024-03-14\n")


def test_sources_are_completed_and_a_filter_is_shown(terminal: Open) -> None:
    chat = terminal()
    chat.send("/filter so\t")
    chat.expect("urce Example Wire")  # the rest of the line was drawn before
    ask(chat, "")
    chat.expect("Only Example Wire")
    ask(chat, "hello")
    chat.expect("Only Example Wire")
    chat.expect(r"sure \(99 %\)")


def test_without_an_index_there_is_no_chat(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[storage]\npath = "none"\n')
    done = piped(tmp_path, b"hello\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert "none yet; run `dateline index`, or, " in done.stderr and len(done.stderr.splitlines()) == 1


def test_models_that_cannot_be_loaded_end_a_piped_chat(tmp_path: Path) -> None:
    done = piped(tmp_path, b"hello\n", FAKE_OPEN="no model")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "dateline: The model x is missing; run `make setup`.\n"
