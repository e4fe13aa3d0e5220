"""Whatever a file holds, it gives articles or one clear sentence, and quickly."""

import json
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrieval.errors import ArticleError
from retrieval.intake.articles import parse
from retrieval.intake.files import SUFFIXES

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


@pytest.mark.parametrize("suffix", sorted(SUFFIXES - {".html", ".htm"}))
@given(data=written)
@quietly
def test_any_file_gives_articles_or_a_reason(suffix: str, data: bytes) -> None:
    check(data, f"a{suffix}")


@given(written)
@settings(quietly, max_examples=40)
def test_any_page_gives_an_article_or_a_reason(data: bytes) -> None:
    check(data, "a.html")


@given(values)
@quietly
def test_any_json_gives_articles_or_a_reason(value: object) -> None:
    check(json.dumps(value).encode(), "a.json")


@given(st.lists(values, max_size=6))
@quietly
def test_any_feed_gives_articles_or_a_reason(lines: list[object]) -> None:
    check("\n".join(map(json.dumps, lines)).encode(), "a.jsonl")


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


def test_the_libraries_for_pages_and_languages_wait_until_they_are_needed() -> None:
    program = (
        "import sys; from retrieval.intake.articles import parse; parse(b'The mayor spoke.', 'a.txt'); "
        "print({'trafilatura', 'lxml', 'py3langid', 'charset_normalizer'} & sys.modules.keys() or 'none')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "none\n"
