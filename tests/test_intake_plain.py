"""Wikitext, transcripts and scanned pages: what is not the article's words is left out and named."""

from datetime import UTC, datetime

import pytest

from retrieval.intake.articles import parse
from tests.intake import only

WIKI = """{{date|June 2, 2011}}
{{Weather}}
[[Image:Dike.jpg|thumb|The dike {{credit|J. Roe}}]]
The dike at '''[[w:Orla (town)|Orla]]''' broke on Monday, the {{w|Water Board|water board}} said. {{formatnum:340}}
people left their homes.<ref name="a">Orla Times</ref> See [https://orla.example the map].

== Damage ==
* Two [[bridge]]s fell.

== Sources ==
* {{source|url=https://wire.example/dike|title=Dike|pub=Wire|date=June 2, 2011}}

[[Category:Weather]]
"""


def test_wikitext_is_its_words() -> None:
    (intake,) = parse(WIKI.encode(), "dike.txt").intakes
    assert [line for line in intake.article.text.split("\n") if line] == [
        "The dike at Orla broke on Monday, the water board said. 340",
        "people left their homes. See the map.",
        "Damage",
        "- Two bridges fell.",
    ]
    assert intake.article.published == datetime(2011, 6, 2, tzinfo=UTC)
    assert [drop.line for drop in intake.dropped] == [1, 2, 3, 10, 11, 13]


def test_brackets_in_a_text_are_no_wikitext() -> None:
    text = "He said that it [the dike] was old. [[Sic]] it was. == so =="
    assert only(text, "a.txt").text == text


VTT = """WEBVTT

NOTE made by hand

intro
00:00:01.000 --> 00:00:03.500 align:start
<v Ida Moss>The dike <i>broke</i> at
<v Ida Moss>four.

00:00:03.500 --> 00:00:05.000
Nobody was hurt.
"""
SRT = (
    "1\n00:00:01,000 --> 00:00:03,500\nThe dike broke at four.\n\n2\n00:00:03,500 --> 00:00:05,000\nNobody was hurt.\n"
)


def test_cues_are_what_is_said_in_them() -> None:
    assert only(VTT, "a.vtt").text == "Ida Moss: The dike broke at\nIda Moss: four.\nNobody was hurt."
    assert only(SRT, "a.srt").text == only(SRT, "a.txt").text == "The dike broke at four.\nNobody was hurt."


@pytest.mark.parametrize("stamp", ["[00:0{}:31] ", "00:0{}:31 ", "(0{}:31) ", "0{}:31 - "])
def test_times_in_front_of_the_lines_of_a_transcript_are_left_out(stamp: str) -> None:
    lines = [f"MS MOSS: The dike broke, for the {number}th time." for number in range(4, 8)]
    text = "\n".join(stamp.format(number) + line for number, line in enumerate(lines, 1))
    (intake,) = parse(text.encode(), "a.txt").intakes
    assert intake.article.text == "\n".join(lines)
    assert len(intake.dropped) == 4


def test_a_programme_with_a_few_times_keeps_them() -> None:
    text = "The programme:\n\n9:00 The mayor speaks.\n\n" + "It was a long day for all of them, he said.\n" * 12
    assert "9:00 The mayor speaks." in only(text, "a.txt").text


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (
            "ships of eight thou-\nsand tons, the har-\nbour master said",
            "ships of eight thousand\ntons, the harbour\nmaster said",
        ),
        ("by A. Bran-\ndon, who spoke", "by A. Brandon,\nwho spoke"),
        ("a self-\nmade man", "a self-made\nman"),
        ("the two-storey pier and the two-\nstorey shed", "the two-storey pier and the two-storey\nshed"),
        ("pre-\nand post-war piers", "pre-\nand post-war piers"),
        ("from 1938-\n39 on", "from 1938-\n39 on"),
        ("Anglo-\nSaxon piers -\nand sheds", "Anglo-\nSaxon piers -\nand sheds"),
    ],
)
def test_a_word_broken_at_the_end_of_a_line_is_whole(written: str, words: str) -> None:
    assert only(written, "a.txt").text == words


def test_the_running_heads_of_pages_are_left_out() -> None:
    head = "ORLA TIMES, 2 June 1911, page {}\n\n"
    text = f"{head.format(4)}DIKE BREAKS AT ORLA\nThe dike broke.\n\n{head.format(5)}Nobody was hurt."
    (intake,) = parse(text.encode(), "a.txt").intakes
    assert intake.article.title == "DIKE BREAKS AT ORLA"
    assert intake.article.text == "DIKE BREAKS AT ORLA\n\nThe dike broke.\n\n\nNobody was hurt."
    assert [drop.line for drop in intake.dropped] == [1, 6]
