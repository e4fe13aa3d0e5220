"""Whatever a file holds, it gives articles or one clear sentence, and quickly."""

import json
import subprocess
import sys
import tracemalloc

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from retrieval.errors import ArticleError
from retrieval.intake.articles import parse
from retrieval.intake.files import SUFFIXES
from tests.intake import only

WORDS = (
    "The mayor spoke.",
    "Bridge",
    " ",
    "\n",
    "\n\n",
    "12",
    "é",
    "\ud800",
    "\x00",
    "Source: ",
    "2024-02-21",
    "Share",
)
TAGS = (
    "<p>",
    "</p>",
    "<div>",
    "</div>",
    "<h1>",
    "<time datetime='2024-02-21'>",
    "<!--",
    "-->",
    "<table><tr><td>",
    "<br>",
)
MARKS = ("---\n", "+++\n", "title: ", "title = ", '"', "[", "]", "{", "}", ":", ",", "&a ", "*a", '{"text":', "<html>")
MARKS_OF_PAGES = (
    "<meta charset='",
    "<script type='application/ld+json'>",
    "</script>",
    "<![CDATA[",
    "&#0;",
    "&#xD800;",
)

scraps = st.lists(st.sampled_from(WORDS + TAGS + MARKS + MARKS_OF_PAGES) | st.text(max_size=5), max_size=30).map(
    "".join
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["text", "title", "url", "date", "source", "@graph", "articles", "id", "name", "@id", "lang"]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)
written = st.binary(max_size=200) | scraps.map(lambda text: text.encode("utf-8", "surrogatepass"))
quietly = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check(data: bytes, path: str) -> None:
    try:
        contents = parse(data, path)
    except ArticleError as error:
        assert str(error)
        assert len(str(error)) < 1000
        return
    assert contents.intakes
    for skipped in contents.skipped:
        assert skipped.reason.encode()
    ids = [intake.article.id for intake in contents.intakes]
    assert len(set(ids)) == len(ids)
    for intake in contents.intakes:
        article = intake.article
        assert article.text.strip()
        assert article.published is None or article.published.tzinfo is not None
        fields = (article.text, article.title, article.source, article.url, article.language)
        for field in fields:
            assert field is None or field.encode().decode() == field
            assert field is None or not set(field) & set("\x00\r\ufeff\u200b\xad")
        assert "\n" not in article.title
        for dropped in intake.dropped:
            assert dropped.text.encode()


@pytest.mark.parametrize("suffix", sorted(SUFFIXES - {".html", ".htm"}))
@given(data=written)
@quietly
def test_any_file_gives_articles_or_a_reason(suffix: str, data: bytes) -> None:
    check(data, f"a{suffix}")


@given(written)
@settings(quietly, max_examples=40)
def test_any_page_gives_an_article_or_a_reason(data: bytes) -> None:
    check(data, "a.html")


@given(values | st.lists(values, max_size=6))
@example([{"text": "The mayor spoke.", "id": "\ud800", "title": "\udc00"}, {"text": "\ud800.", "\udc00": "\udc00"}])
@quietly
def test_any_json_gives_articles_or_a_reason(value: object) -> None:
    check(json.dumps(value).encode(), "a.json")
    if isinstance(value, list):
        check("\n".join(map(json.dumps, value)).encode(), "a.jsonl")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a\n" * 9_000_000, "a.txt"),
        ("(Photo by Jane Roe/AFP)\n" * 800_000, "a.txt"),
        ("---\n" * 4_000_000, "a.md"),
        ("{\n" * 9_000_000, "a.jsonl"),
    ],
    ids=["lines", "credits", "rules", "records"],
)
def test_a_file_of_too_many_lines_is_refused_before_they_are_looked_at(text: str, path: str) -> None:
    with pytest.raises(ArticleError, match=r"more than the \d00,000 allowed; split it"):
        parse(text.encode(), path)


SAID = "The mayor spoke about the bridge."
WIKI = "[[Halla]] and [[Oslo]] and [[Bergen]] {{x}} {{y}}\n"


# so long that whoever looks at a part of it again and again never comes to the end
@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a" * 5_000_000, "a.txt"),
        ("<!---->" * 500, "a.txt"),
        ("Source: Example News\n\nA" + " " * 1_000_000 + "b\n", "a.txt"),
        (WIKI + "=" + " " * 1_000_000 + "x\n" + "=" * 100_000 + "x\n", "a.txt"),
        (WIKI + "[http://" * 1_000_000, "a.txt"),
        (WIKI + "[http://a" + " " * 1_000_000, "a.txt"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n<v" + " " * 1_000_000, "a.vtt"),
        ("a" + " " * 1_000_000 + "b\n", "a.json"),
    ],
    ids=["letters", "comments", "headline", "headings", "links", "link", "voice", "spaces"],
)
def test_what_is_long_is_read_once(text: str, path: str) -> None:
    text = f"{text}\n\n{SAID}"
    assert SAID in only(json.dumps({"text": text}) if path.endswith(".json") else text, path).text


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("<!--" + "a-" * 500_000, "a.md"),
        (WIKI + "<!--" + "a-" * 500_000, "a.txt"),
        (WIKI + "[[File:" + "a" * 1_000_000, "a.txt"),
        (WIKI + "[[" + "|" * 1_000_000, "a.txt"),
        (f"|{'a|' * 900}\n|{'-|' * 900}\n" + "|b\n" * 900, "a.md"),
    ],
    ids=["markdown", "comment", "file", "pipes", "table"],
)
def test_what_never_ends_takes_little_memory(text: str, path: str) -> None:
    tracemalloc.start()
    try:
        parse(text.encode(), path)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000 + 30 * len(text)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "text",
    [
        f"# {'T' * 3000}\n\n{SAID}",
        f"---\ntitle: {'T' * 3000}\n---\n{SAID}",
        f"{'T' * 3000}\n\n{SAID}",
        f"+++\ntitle = 0x{'f' * 5000}\n+++\n{SAID}",
        f"+++\ntitle = [0x{'f' * 5000}]\n+++\n{SAID}",
    ],
    ids=["heading", "field", "first line", "number", "list"],
)
def test_what_is_no_line_is_no_title(text: str) -> None:
    article = only(text, "a.md")
    assert article.title == ""
    assert article.text.endswith(SAID)


def test_the_libraries_for_pages_and_languages_wait_until_they_are_needed() -> None:
    program = (
        "import sys; from retrieval.intake.articles import parse; parse(b'The mayor spoke.', 'a.txt'); "
        "print({'trafilatura', 'lxml', 'py3langid', 'charset_normalizer'} & sys.modules.keys() or 'none')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "none\n"
