"""Text of articles in Discord: nothing in it is formatted, linked or called, and it reads as it did."""

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.discord.text import MAX_LABEL, MAX_URL, cut, link, plain, safe_url, units, visible
from tests.discord_syntax import ESCAPE, ESCAPED, MASKED_LINK, constructs, seen, shown, without_joiners

ACTIVE = {
    "# Big": "heading",
    "one\n## Big": "heading",
    "-# small": "subtext",
    "> said": "quote",
    ">>> said": "quote",
    "- item": "list",
    "* item": "list",
    "+ item": "list",
    " 12. item": "list",
    "**bold**": "emphasis",
    "_slanted_": "emphasis",
    "\\\\*slanted*": "emphasis",
    "~~struck~~": "strike",
    "||hidden||": "spoiler",
    "```py\ncode```": "code",
    "[word](https://a.example)": "masked link",
    "<@123>": "mention",
    "<@!123>": "mention",
    "<@&123>": "mention",
    "<#123>": "angle brackets",
    "\\<@123>": "mention",
    "</ask:123>": "angle brackets",
    "<t:1700000000:R>": "angle brackets",
    "<a:wave:123>": "angle brackets",
    "<id:customize>": "angle brackets",
    "<mailto:a@b.example>": "angle brackets",
    "@everyone": "everyone",
    "me@HERE": "everyone",
    "at https://a.example/": "link",
    "steam://run": "link",
    "discord.gg/abc": "invite",
    "https://discordapp.com/invite/abc": "invite",
    ":smile:": "emoji",
    "a\u202eb": "unseen",
    "a\x1b[31m": "unseen",
}
awkward = st.sampled_from(
    [*ACTIVE, *"\\*_~`|<>[]()#-+@:/.1 \n\t\r", "http", "://", "discord.gg", "\u200b", "\u200d", "\u2028", "\u3164"]
)
texts = st.lists(awkward | st.text(max_size=6), max_size=10).map("".join)


@pytest.mark.parametrize(("text", "name"), ACTIVE.items())
def test_what_discord_acts_on_is_found_before_and_not_after(text: str, name: str) -> None:
    assert name in constructs(text)
    assert constructs(plain(text)) == set()
    assert constructs(plain(text, lines=True)) == set()


@given(texts)
def test_nothing_is_formatted_linked_or_called(text: str) -> None:
    assert constructs(plain(text)) == set()
    assert "\n" not in plain(text)


@given(texts)
def test_nothing_is_with_its_lines_either(text: str) -> None:
    assert constructs(plain(text, lines=True)) == set()


@example("\\")
@example("a \u202e b")
@given(texts)
def test_without_the_escapes_it_is_what_can_be_seen(text: str) -> None:
    assert without_joiners(shown(plain(text))) == seen(text)
    assert shown(plain(text)) == visible(text)
    assert shown(plain(text, lines=True)) == visible(text, lines=True)


@given(texts, texts)
def test_two_texts_side_by_side_in_bold_call_nobody(left: str, right: str) -> None:
    calls = {"everyone", "mention", "invite", "link"}
    assert not constructs(f"{plain(left)}**{plain(right)}**{plain(left)}") & calls


def test_ordinary_words_stay_as_they_are() -> None:
    text = "“Two men,” he said at 10:30 (GMT) - a 5.2 % rise; a@b.example, C# and 100 €."
    assert plain(text) == text


def test_lines_and_paragraphs_stay_where_they_are_wanted() -> None:
    assert visible("One \r\ntwo.\n \n\n\tThree.", lines=True) == "One\ntwo.\n\nThree."
    assert visible("One \r\ntwo.\n \n\n\tThree.") == "One two. Three."


def test_joiners_stay_inside_words_that_need_them() -> None:
    assert visible("می\u200cخواهم 👩\u200d🚀") == "می\u200cخواهم 👩\u200d🚀"
    assert visible("pass\u200dword \u200d.") == "password ."


@given(texts, st.integers(0, 40))
def test_a_cut_is_short_enough_and_the_beginning_of_the_text(text: str, limit: int) -> None:
    escaped = plain(text)
    short = cut(escaped, limit)
    assert units(short) <= limit
    if short != escaped and limit:
        assert short.endswith("…")
        kept = short[:-1]
        assert (len(kept) - len(kept.rstrip("\\"))) % 2 == 0
        assert visible(text).startswith(shown(kept))
        assert constructs(short) == set()
    else:
        assert short == (escaped if units(escaped) <= limit else "")


def test_cuts_are_at_words_where_there_are_some() -> None:
    assert cut("the two men met", 10) == "the two…"
    assert cut("the two men met", 8) == "the two…"
    assert cut("the two men met", 15) == "the two men met"
    assert cut("a" * 20, 10) == "a" * 9 + "…"
    assert cut("𝔞" * 20, 10) == "𝔞" * 4 + "…"
    assert cut(plain("*" * 20), 10) == r"\*" * 4 + "…"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://a.example/x(1)?q=a b#é", "https://a.example/x%281%29?q=a%20b#%C3%A9"),
        ("HTTP://A.example", "http://a.example/"),
        ("https://a.example:8443/%20?x=1&y=[2]*", "https://a.example:8443/%20?x=1&y=%5B2%5D%2A"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("  https://a.example/\n", "https://a.example/"),
        ("javascript:alert(1)", None),
        ("discord://x/y", None),
        ("file:///etc/passwd", None),
        ("https://", None),
        ("https://user:word@a.example/", None),
        ("https://a.example:99999/", None),
        ("https://a..example/", None),
        ("https://a)b.example/", None),
        ("https://[::1]/", None),
        ("https://[::1", None),
        ("https://a.example/\ud800", None),
        ("talks.txt", None),
        ("https://a.example/" + "x" * MAX_URL, None),
        ("", None),
        (None, None),
    ],
)
def test_only_addresses_that_can_be_clicked_are_links(url: str | None, address: str | None) -> None:
    assert safe_url(url) == address
    assert link("Talks", url) == ("Talks" if address is None else f"[Talks]({address})")


@given(texts, texts | texts.map("https://a.example/{}".format))
def test_a_link_is_a_link_and_nothing_else(label: str, url: str) -> None:
    written, address = link(label, url), safe_url(url)
    inside = written
    if address is not None and written:
        assert MASKED_LINK.fullmatch(ESCAPE.sub(ESCAPED, written)) is not None
        inside = written.removeprefix("[").removesuffix(f"]({address})")
        assert urlsplit(address).scheme in ("http", "https")
    assert constructs(inside) == set()
    assert units(inside) <= MAX_LABEL
    brackets_round = visible(label.replace("[", "(").replace("]", ")")).strip()
    assert brackets_round.startswith(shown(inside)[:-1])


@given(
    st.text(
        st.characters(min_codepoint=33, exclude_categories=["Cs", "Zs", "Zl", "Zp"], exclude_characters="%#?"),
        max_size=40,
    )
)
def test_an_encoded_address_leads_to_the_same_place(path: str) -> None:
    address = safe_url(f"https://a.example/{path}")
    assert address is not None
    assert unquote(address) == f"https://a.example/{path}".strip()
    assert address.isascii()


def test_units_are_those_of_utf_16() -> None:
    assert [units(text) for text in ("", "é", "𝔞b", "👩\u200d🚀")] == [0, 1, 3, 5]


def test_many_joiners_are_no_work() -> None:
    """Looked at again from each of them, they would take hours."""
    joined = "\u0645" + "\u200d" * 300_000 + "\u0645"
    assert visible(joined) == joined
    assert visible(f"a{joined[1:-1]}b") == "ab"
