"""Runs the real `dateline` command with the fake assistant in place of `bot.assistant`: with_fake.py ARGUMENT..."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bot.cli import run_and_exit
from tests import fakes

sys.modules["bot.assistant"] = fakes
run_and_exit()
