"""`dateline evaluate pages` counts what is lost of an article, what is taken besides, and which rule left out what."""

from pathlib import Path

import pytest

from evaluation.pages import main
from retrieval.errors import UsageError

GOLD = [
    "The old bridge was opened to traffic on Thursday after two years of repairs, the mayor said.",
    "The works cost 14 million euros, three more than had been planned by the town.",
    "Shopkeepers on the left bank said that they had lost a third of their custom.",
]


def test_lines_lost_and_lines_too_many_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = [*GOLD[:2], "A line that nobody who read the page would have taken for a part of it."]
    body = "".join(f"<p>{line}</p>" for line in shown)
    (tmp_path / "a.html").write_text(f"<html><body><article><h1>Bridge</h1>{body}</article></body></html>")
    (tmp_path / "a.gold.txt").write_text("\n".join(GOLD))
    (tmp_path / "without.html").write_text("<html></html>")
    main([str(tmp_path), "--lines"])
    out = capsys.readouterr().out
    assert ["all", "1", "pages", "3", "1", "1"] in [line.split() for line in out.splitlines()]
    assert f"- {GOLD[2]}" in out
    assert f"+ {shown[2]}" in out


def test_a_folder_without_gold_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no page with gold lines beside it"):
        main([str(tmp_path)])
