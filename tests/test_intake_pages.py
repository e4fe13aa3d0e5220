"""A web page becomes its article, with what the page itself declares about it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from retrieval.errors import ArticleError
from retrieval.intake.articles import parse
from tests.intake import only, said

FIRST = "The old bridge over the Tarn was opened to traffic on Thursday after two years of repairs, the mayor said."
SECOND = "“We are relieved,” she told reporters. The works cost 14 million euros, three more than had been planned."
THIRD = "Shopkeepers on the left bank said that they had lost a third of their custom in the meantime."
MORNING = datetime(2023, 5, 4, 9, 30, tzinfo=timezone(timedelta(hours=2)))


def page(head: str = "", article: str = "", attributes: str = "", before: str = "") -> str:
    return (
        f"{before}<!DOCTYPE html><html{attributes}><head><meta charset='utf-8'>{head}</head><body>"
        "<nav><ul><li><a href='/'>Home</a></li><li><a href='/w'>World news</a></li></ul></nav>"
        f"<main><article>{article}<p>{FIRST}</p><p>{SECOND}</p><p>{THIRD}</p></article>"
        "<section class='related'><h3>Related stories</h3><ul><li><a href='/1'>Floods again</a></li></ul></section>"
        "<div id='comments'><h3>Comments</h3><p>Bob: about time too, I say.</p></div></main>"
        "<footer>© 2023 Example Post. All rights reserved.</footer></body></html>"
    )


JSON_LD = (
    '<script type="application/ld+json">{"@context": "http://schema.org", "@graph": [{"@type": "WebSite"},'
    '{"@type": ["NewsArticle"], "headline": "Bridge reopens", "datePublished": "2023-05-04T09:30:00+02:00",'
    ' "publisher": {"@type": "Organization", "name": "Example Post"}, "inLanguage": "en-GB",'
    ' "mainEntityOfPage": {"@id": "https://example.org/bridge"}}]}</script>'
)


@pytest.mark.parametrize("name", ["a.html", "a.HTM", "saved.txt"])
def test_a_page_is_its_article(name: str) -> None:
    article = only(page(), name)
    assert article.text == f"{FIRST}\n\n{SECOND}\n\n{THIRD}"
    assert article.published is None
    assert (article.source, article.url) == (None, None)


def test_a_page_says_what_it_is_in_json_ld() -> None:
    assert said(only(page(JSON_LD), "a.html")) == (
        "Bridge reopens",
        "Example Post",
        "https://example.org/bridge",
        MORNING,
        "en",
    )


def test_a_page_says_what_it_is_in_meta_tags() -> None:
    head = (
        "<title>Bridge reopens - Example Post</title><meta property='og:title' content='Bridge  reopens'>"
        "<meta property='og:site_name' content='Example Post'><link rel='canonical' href='https://example.org/bridge'>"
        "<meta property='og:url' content='https://example.org/other'>"
        "<meta property='article:published_time' content='2023-05-04T09:30:00+02:00'>"
    )
    assert said(only(page(head, attributes=" lang='EN-us'"), "a.html")) == (
        "Bridge reopens",
        "Example Post",
        "https://example.org/bridge",
        MORNING,
        "en",
    )


def test_a_page_says_what_it_is_in_its_heading_and_time() -> None:
    article = "<h1>Bridge <b>reopens</b></h1><time datetime='2023-05-04T09:30:00+02:00'>Thursday</time>"
    assert said(only(page(article=article), "a.html"))[:4] == ("Bridge reopens", None, None, MORNING)


@pytest.mark.parametrize(
    ("head", "article"),
    [
        ("", "<time datetime='2023-05-04'>a</time><time datetime='2023-05-05'>b</time>"),
        ("", "<time datetime='2023-05'>May</time>"),
        ("", "<p>Published in Porto on 4 May 2023 by the Example Post.</p>"),
        ("<meta name='article:modified_time' content='2023-05-04'>", ""),
        ("<meta name='date' content='03/04/2023'>", ""),
        ('<script type="application/ld+json">{"@type": "WebPage", "datePublished": "2023-05-04"}</script>', ""),
        ('<script type="application/ld+json">{"@type": "NewsArticle", "datePublished": </script>', ""),
        ('<script type="application/ld+json">' + "[" * 100_000 + "</script>", ""),
    ],
)
def test_no_date_is_guessed_for_a_page(head: str, article: str) -> None:
    assert only(page(head, article), "a.html").published is None


def test_nothing_else_is_guessed_for_a_page() -> None:
    head = (
        "<meta name='publisher' content='https://example.org/us'><meta property='og:site_name' content=' '>"
        "<link rel='canonical' href='/bridge'><base href='https://example.org'>"
    )
    article = only(page(head, "<h1>One</h1><h1>Two</h1><h2>Three</h2>"), "a.html")
    assert (article.source, article.url) == (None, None)
    assert "Three" not in article.title


def test_the_day_may_stand_in_the_address_of_a_page() -> None:
    head = "<link rel='canonical' href='https://example.org/2023/05/04/bridge'>"
    assert only(page(head), "a.html").published == datetime(2023, 5, 4, tzinfo=UTC)


def test_the_address_that_a_browser_saved_counts_where_the_page_has_none() -> None:
    saved = "<!-- saved from url=(0027)https://example.org/saved -->\n"
    assert only(page(before=saved), "a.html").url == "https://example.org/saved"
    assert only(page(JSON_LD, before=saved), "a.html").url == "https://example.org/bridge"
    assert only(page(before="<!-- saved from url=(0014)about:internet -->"), "a.html").url is None


def test_captions_and_tweets_of_a_page_are_left_out() -> None:
    extra = (
        "<figure><img src='b.jpg'><figcaption>Workers on the bridge on Monday.</figcaption></figure>"
        "<blockquote class='twitter-tweet'><p>We cross again!</p>— City (@city) May 4, 2023</blockquote>"
        "<p>The mayor cuts the ribbon. (AP Photo/Jane Roe)</p>"
    )
    assert only(page(article=extra), "a.html").text == f"{FIRST}\n\n{SECOND}\n\n{THIRD}"


def test_headings_lists_and_tables_of_a_page_stay() -> None:
    extra = (
        f"<p>{THIRD}</p><h2>What The Repairs Of The Bridge Have Cost</h2><p>{SECOND} Others disagree with her.</p>"
        "<ul><li>Length: 210 metres</li></ul><table><tr><th>Year</th><th>Cost</th></tr><tr><td>2021</td>"
        "<td>5 million</td></tr></table>"
    )
    lines = only(page(article=extra), "a.html").text.split("\n\n")
    for line in ("What The Repairs Of The Bridge Have Cost", "Length: 210 metres", "Year | Cost", "2021 | 5 million"):
        assert line in lines


def test_a_page_is_decoded_as_it_declares() -> None:
    text = page().replace("charset='utf-8'", "http-equiv='Content-Type' content='text/html; charset=windows-1251'")
    text = text.replace(FIRST, "Мост открыли в четверг после двух лет ремонта, сказал мэр города журналистам.")
    assert "Мост открыли" in only(text.encode("cp1251"), "a.html").text
    assert "“We are" in only(page().replace("utf-8", "iso-8859-1").encode("cp1252"), "a.html").text
    assert "“We are" in only(page().replace("utf-8", "iso-8859-1").encode(), "a.html").text


@pytest.mark.parametrize("text", ["<html><body></body></html>", "<html>", "<!-- only this -->"])
def test_a_page_without_an_article_is_refused(text: str) -> None:
    with pytest.raises(ArticleError, match="HTML page"):
        parse(text.encode(), "a.html")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("<html><body>" + "<div>" * 3_800_000, "nested deeper"),
        ("<html><body><p>" + "word " * 3_800_000, "longer text"),
        ("<html><body>" + "<p>a</p>" * 200_000, "more than 20,000 HTML elements"),
        ("<html><body><p>" + "<br>" * 400_000, "more than 20,000 HTML elements"),
        ("<html><body><!--" + "x" * 19_000_000, "HTML page|nested deeper"),
    ],
    ids=["nested", "one text", "paragraphs", "breaks", "comment"],
)
def test_a_page_made_to_choke_on_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ArticleError, match=complaint):
        parse(text.encode(), "a.html")


def test_what_follows_a_part_nested_too_deep_is_not_lost_in_silence() -> None:
    with pytest.raises(ArticleError, match="nested deeper"):
        parse(page(article="<div>" * 300 + "</div>" * 300).encode(), "a.html")


def test_half_characters_do_not_come_through_references() -> None:
    text = only(page(article="<p>One &#xD800; two &shy;and&#8203; three are four.</p>"), "a.html").text
    assert not set(text) & set("\ud800\xad\u200b")
    assert "three are four." in text
