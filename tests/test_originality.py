"""The repository holds none of the sentences of the raw articles that it retells."""

import re
import subprocess

from tests.conftest import ROOT, raw_articles

RUN = 8


def runs(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold())
    return {tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1)}


def test_no_eight_words_in_a_row_come_from_the_raw_articles() -> None:
    seeds = set[tuple[str, ...]]().union(*(runs(path.read_text("utf-8")) for path in raw_articles().glob("*.txt")))
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    texts = [ROOT / name for name in listed.split("\0") if name.endswith((".md", ".py", ".json", ".toml", ".txt"))]
    assert texts
    for path in texts:
        if path.is_file():
            assert not runs(path.read_text("utf-8")) & seeds, path
