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


TAGS = (
    "<title>Bridge reopens - Example Post</title><meta property='og:title' content='Bridge  reopens'>"
    "<meta property='og:site_name' content='Example Post'><link rel='canonical' href='https://example.org/bridge'>"
    "<meta property='og:url' content='https://example.org/other'>"
    "<meta property='article:published_time' content='2023-05-04T09:30:00+02:00'>"
)


@pytest.mark.parametrize("written", [page(JSON_LD), page(TAGS, attributes=" lang='EN-us'")], ids=["JSON-LD", "tags"])
def test_a_page_says_what_it_is_in_its_head(written: str) -> None:
    expected = ("Bridge reopens", "Example Post", "https://example.org/bridge", MORNING, "en")
    assert said(only(written, "a.html")) == expected


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
        ("<html><body>" + "<div>" * 3_800_000, "more than 20,000 HTML elements"),
        ("<html><body><p " + " ".join(f"a{number}" for number in range(200_000)) + ">", "more than 1,000 attributes"),
        (f"<html><body><div class='{'a ' * 2_000_000}'>" + "<p>word" * 19_000, "more than 10,000 characters"),
        ("<html><body><p>" + "word " * 3_800_000, "longer text"),
        ("<html><body>" + "<p>a</p>" * 200_000, "more than 20,000 HTML elements"),
        ("<html><body><p>" + "<br>" * 400_000, "more than 20,000 HTML elements"),
        ("<html><body>" + "<div><h2><a href=x>A story</a></h2>" * 200 + "<p>" + "word " * 1_500_000, "nested deep"),
        ("<html><body><!--" + "x" * 19_000_000, "HTML page|nested deeper"),
    ],
    ids=["nested", "attributes", "names", "one text", "paragraphs", "breaks", "boxes", "comment"],
)
def test_a_page_made_to_choke_on_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ArticleError, match=complaint):
        parse(text.encode(), "a.html")


def test_what_follows_a_part_nested_too_deep_is_not_lost_in_silence() -> None:
    with pytest.raises(ArticleError, match="nested deeper"):
        parse(page(article="<div>" * 300 + "</div>" * 300).encode(), "a.html")


LONG = (
    "The bridge had been closed since the spring of 2021, when a diver found cracks in the third of its five piers, "
    "and the town had to run a ferry, which cost it more than a million euros a year."
)


def blocks_of(body: str, head: str = "") -> list[str]:
    return only(f"<html><head>{head}</head><body>{body}</body></html>", "a.html").text.split("\n\n")


def test_a_second_container_of_the_body_is_read() -> None:
    part = "<div class='chunk body-text'><div class='in'>{}</div></div>"
    paragraphs = [LONG, FIRST, SECOND, THIRD, LONG.replace("third", "fourth"), FIRST.replace("Thursday", "Friday")]
    body = part.format("".join(f"<p>{text}</p>" for text in paragraphs[:4])) + "<div class='ad'>Buy a boat now</div>"
    body += part.format("".join(f"<p>{text}</p>" for text in paragraphs[4:]))
    assert blocks_of(f"<main><h1>Bridge</h1>{body}</main>")[-6:] == paragraphs


def test_paragraphs_that_are_mostly_links_are_read_and_lines_that_are_one_link_are_not() -> None:
    linked = f"<a href='/a'>{THIRD[:-1]}</a>."
    more = "<p><a href='/b'>MORE ON THIS: How the ferry of the town was paid for</a></p>"
    found = blocks_of(f"<article><p>{LONG}</p><p>{linked}</p>{more}<p>{SECOND}</p><p>{FIRST}</p></article>")
    assert found == [LONG, THIRD, SECOND, FIRST]


def test_lists_between_and_below_paragraphs_are_read() -> None:
    items = ["Ana Prieto, for Larch", "Colm Daly, for Upper Fenn", "Rosa Klein, for Lower Fenn"]
    listed = "<ul>{}</ul>".format("".join(f"<li><b>{item}</b></li>" for item in items))
    menu = "<ul><li><a href='/'>Home</a></li><li><a href='/w'>World</a></li></ul>"
    found = blocks_of(f"{menu}<h1>Bridge</h1><p>{LONG}</p>{listed}<p>{SECOND}</p><p>{FIRST}</p>{listed}")
    assert [line for line in found if line in items] == items * 2
    assert "World" not in found


def test_a_table_that_lays_out_a_page_is_no_row() -> None:
    menu = "<td><a href='/'>Home</a> <a href='/a'>Archive</a></td>"
    body = f"<table><tr>{menu}<td><h1>Bridge</h1><p>{LONG}<p>{FIRST}</td></tr></table>"
    assert blocks_of(body) == ["Bridge", LONG, FIRST]


def test_the_standfirst_is_read_and_teasers_are_not() -> None:
    told = "<p>The river rose by two metres on Sunday night.</p>"
    teaser = f"<div class='card'><h3><a href='/x'>Floods again</a></h3>{told}</div>"
    figure = "<figure><figcaption>The bridge in May.</figcaption></figure>"
    head = f"<article><h1>Bridge</h1><p class='standfirst'>{THIRD}</p>{figure}"
    assert blocks_of(f"{head}<p>{LONG}</p><p>{FIRST}</p>{teaser * 2}<p>{SECOND}</p></article>")[-4:] == [
        THIRD,
        LONG,
        FIRST,
        SECOND,
    ]


def test_a_long_paragraph_that_is_not_of_the_article_is_named() -> None:
    box = f"<aside><p>{LONG}</p></aside>"
    (intake,) = parse(page(article=box).encode(), "a.html").intakes
    assert LONG not in intake.article.text
    assert [(drop.text, drop.reason) for drop in intake.dropped] == [(LONG, "part of the page beside its article")]


def test_a_front_page_is_no_article() -> None:
    cards = "".join(
        f"<div class='card'><h2><a href='/{n}'>Story {n} of the many</a></h2><p>{FIRST[:60]} number {n}.</p></div>"
        for n in range(12)
    )
    with pytest.raises(ArticleError, match="without an article"):
        parse(f"<html><body><main>{cards}</main></body></html>".encode(), "index.html")


def test_the_body_that_a_page_declares_is_read_where_it_shows_less() -> None:
    body = " ".join([LONG, FIRST, SECOND, THIRD] * 2)
    fields = f'{{"@type": "NewsArticle", "headline": "Bridge", "articleBody": "{body}"}}'
    head = f'<script type="application/ld+json">{fields}</script>'
    found = blocks_of(f"<article><h1>Bridge</h1><p>{FIRST}</p><p>Subscribe to read on, please.</p></article>", head)
    assert found == [body]


@pytest.mark.parametrize(
    "script",
    [
        "//<![CDATA[\n{}\n//]]>",
        "{};",
        '{{"@type": "WebPage", "mainEntity": {}}}',
        '[{{"@type": "NewsArticle", "headline": "Another story"}}, {}]',
        "<!-- {} -->",
    ],
)
def test_json_ld_is_read_as_it_is_written(script: str) -> None:
    fields = (
        '{"@type": "NewsArticle", "headline": "Bridge &amp; ferry", "datePublished": "2023-05-04T09:30:00+02:00",\n'
        '"description": "One\ntwo", "publisher": {"name": "Example Post",},}'
    )
    head = f'<title>Bridge &amp; ferry</title><script type="application/ld+json">{script.format(fields)}</script>'
    assert said(only(page(head), "a.html"))[:4] == ("Bridge & ferry", "Example Post", None, MORNING)


def test_a_page_changed_long_after_it_was_published_is_of_the_day_of_the_change() -> None:
    fields = '"@type": "NewsArticle", "datePublished": "2012-05-10", "dateModified": "{}"'
    for modified, day in (("2026-04-25", "2026-04-25"), ("2012-05-12", "2012-05-10")):
        head = f'<script type="application/ld+json">{{{fields.format(modified)}}}</script>'
        published = only(page(head), "a.html").published
        assert published is not None
        assert published.date().isoformat() == day


def test_a_post_of_a_sites_generator_is_read_with_its_front_matter() -> None:
    front = "---\ntitle: Bridge\ndate: 2023-05-04\n---\n"
    post = f"{front}<p>{FIRST} {{% include ad.html %}}</p>\n<ul><li>One</li></ul>"
    article = only(post, "2023-05-04-bridge.html")
    assert (article.title, article.text) == ("Bridge", f"{FIRST}\n\nOne")


def test_the_publishers_name_is_no_part_of_the_title() -> None:
    head = (
        "<meta property='og:title' content='Bridge reopens | Example Post'>"
        "<meta property='og:site_name' content='Example Post'>"
    )
    assert only(page(head), "a.html").title == "Bridge reopens"
