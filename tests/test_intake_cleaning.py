"""Boilerplate goes, by whole lines; every sentence of the article stays as it is written."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.errors import ArticleError
from retrieval.intake.articles import parse
from retrieval.intake.cleaning import REPEAT, clean
from retrieval.intake.rules import CAPTION, OTHER_STORY, PHOTO_CREDIT, RULES, TWEET, Rule, rule_for
from retrieval.intake.types import text_lines
from retrieval.types import Article, Intake
from tests.conftest import ROOT, raw_articles

PROSE = "The old bridge was opened to traffic on Friday, two years after the flood."
MORE = "The mayor thanked the workers, and said that the ferry would stop at the end of May."
LAST = "Tolls will be charged from June on, the council decided after a long debate."


def cleaned(text: str) -> tuple[str, dict[int, str]]:
    """What stays of a text, and why each dropped line went, by its number."""
    lines, gone = clean(text_lines(text))
    return "\n".join(line.text for line in lines), {drop.line: drop.reason for drop in gone}


def dropped(*paragraphs: str) -> dict[int, str]:
    return cleaned("\n\n".join(paragraphs))[1]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.reason)
def test_each_rule_drops_its_example_and_is_the_first_to(rule: Rule) -> None:
    assert rule_for(rule.example) is rule
    assert dropped(PROSE, f"  {rule.example} ", MORE) == {3: rule.reason}


BOILERPLATE = """
Listen to this article
Listen to this story. 4 min
NEWYou can now listen to Example Post articles!
00:00 / 04:31
(Photo by Jane Roe/Getty Images)
Photo: Jane Roe/AFP
Photo by Jane Roe
Image: Jane Roe/AP Photo
[Jane Roe/Reuters]
((Jane Roe/AFP/Getty Images))
(AP Photo/Jane Roe, File)
REUTERS/Jane Roe/File Photo
Jane Roe | AFP | Getty Images
AFP via Getty Images
FILE PHOTO: The old bridge in Porto in May
FILE - The mayor speaks to reporters in Porto, May 4, 2023.
The mayor cuts the ribbon on Friday. (AP Photo/Jane Roe)
The mayor cuts the ribbon on Friday [Jane Roe/Reuters]
The mayor cuts the ribbon on Friday. REUTERS/Jane Roe
The mayor cuts the ribbon. Photograph: Jane Roe/AFP/Getty Images
Image source, Reuters
Image caption, The mayor cuts the ribbon
![The bridge](bridge.jpg)
See also: Ferry strike goes on
See also\xa0 Ferry strike goes on into a second week
READ MORE: Ferry strike goes on
Also read | Ferry strike goes on
Related: Ferry strike
Related articles
More from Example News
Read more about the ferry strike
Recommended stories
More from The Example Post
MORE : The ferry strike in pictures
Most read in Sport
With files from Jane Roe and The Example Press
(Additional reporting by Jane Roe in Oslo)
Example Press writer Jane Roe in Oslo contributed to this report.
You are receiving this email because you signed up at example.org.
Got a story? Get in touch with our news team.
Big day! pic.twitter.com/abcDEF12
— Jane Roe (@janeroe) May 4, 2023
&mdash; Jane Roe (@janeroe) 4 May 2023
Leave a Reply
Leave a Reply Cancel reply
12 Comments
Your email address will not be published.
Save my name, email, and website in this browser for the next time I comment.
Required fields are marked *
Sign up here for our daily newsletter.
Subscribe to our YouTube channel
Get the latest news delivered to your inbox
Subscribe now
Share this article
Share on Facebook
Facebook Twitter WhatsApp
Follow us on Facebook, Instagram and X
Follow @examplenews on Twitter
Advertisement
ADVERTISEMENT - CONTINUE READING BELOW
Story continues below advertisement
Click here to read the full report
For more news visit our site
Accept all cookies
By signing up, you agree to our Terms of Service.
All rights reserved
© 2024 Example News
Copyright 2023 Example News
This material may not be published, broadcast, rewritten, or redistributed.
Reporting by Jane Roe in Porto; writing by John Doe; editing by Ann Poe
""".strip().splitlines()

SENTENCES = """
The ministry said its newsletter had been read by two million people before it was closed.
Getty Images said on Monday that it would sue the company over the use of its archive.
“Follow us,” the guide told the tourists, and led them down to the harbour.
Follow-up talks are planned for the spring in Oslo.
Share prices fell on X.
Related parties must declare their interests, the court ruled.
Watch-makers in Geneva went on strike over pay.
Like other ministers, he announced it on Twitter on Friday.
See also the report of the commission, he told the court.
Copyright law was changed on Monday, the minister said.
By submitting to the terms of the ceasefire, the rebels gave up the port.
(c) the tenant shall leave the house within a month.
The bridge collapsed shortly after noon (images show the damage).
Officials in both capitals confirmed the deal. (AFP/Reuters)
MOSCOW (Reuters) - The two ministers met on Friday.
He wrote on Twitter (@mayor) that the works would begin on May 4, 2023.
Comments by the mayor angered the fishermen on Tuesday.
Advertisement of alcohol will be banned from next year.
Listen to the people, the bishop told the president.
Click here, the screen said, and thousands did.
Photo finishes decided both races on Saturday.
Sign language courses will be paid for by the city.
Print run: 40,000 copies
The members of the jury were chosen by lot (Ana Roe/John Doe).
Recommended: two litres of water a day.
Read more books, the minister advised.
We use cookies in this recipe, the cook said, laughing.
Sponsored by Norway, the resolution passed.
Reporting by the UN mission showed that the camp was empty.
Email was down for two days, the ministry said.
Más información en la página del ministerio
Die Präsidentin trifft den Kanzler in Bonn
Президент встретил министра в Казани
首相は大統領と会談した
""".strip().splitlines()


@pytest.mark.parametrize("line", BOILERPLATE)
def test_lines_of_boilerplate_go(line: str) -> None:
    assert 3 in dropped(PROSE, line, MORE)


SHORT = """
Best Singer: Ana Poe for The Long Way Home
Tickets: Friday 4 May at the Harbour Hall in Oslo
Norway and Sweden, Denmark, Finland
Photos: Three hurt as a crane falls
Foreign Minister Ana Roe
What happens next in Oslo?
The works in numbers
WHAT WE KNOW ABOUT THE FLOOD SO FAR
- Ana Roe: Foreign Minister of Norway Since May
1. Ana Roe: Foreign Minister of Norway
Among those present at the opening were the following:
She Said That The Bridge Would Be Opened In May.
Die Präsidentin von Ungarn trifft Kanzler Scholz in Bonn
El presidente de Chile llega mañana a Buenos Aires
""".strip().splitlines()


@pytest.mark.parametrize("line", [*SENTENCES, *SHORT])
def test_sentences_that_merely_mention_such_things_and_other_short_lines_stay(line: str) -> None:
    assert dropped(PROSE, line, MORE) == {}
    assert dropped(line, PROSE) == {}


def test_the_caption_goes_with_its_credit_and_wherever_else_it_stands() -> None:
    caption = "The mayor cuts the ribbon on the bridge"
    text = f"Bridge opens\n\n{PROSE}\n\n{caption}\n\n{caption}\n(AP Photo/Jane Roe)\n\n{MORE}"
    assert cleaned(text) == (f"Bridge opens\n\n{PROSE}\n\n\n\n{MORE}", {5: CAPTION, 7: CAPTION, 8: PHOTO_CREDIT})


def test_a_caption_a_blank_line_above_its_credit_goes_where_it_is_no_sentence() -> None:
    credit = "(AP Photo/Jane Roe)"
    caption = "The mayor cuts the ribbon on the bridge in Oslo"
    assert dropped(PROSE, caption, credit, MORE) == {3: CAPTION, 5: PHOTO_CREDIT}
    assert dropped(PROSE, "Our favourite bridges", credit, MORE) == {5: PHOTO_CREDIT}, "a heading stays"
    assert dropped(PROSE, credit, MORE) == {3: PHOTO_CREDIT}
    assert dropped("The mayor cuts the ribbon", credit, MORE) == {3: PHOTO_CREDIT}, "the headline stays"
    assert dropped(PROSE, "- Foreign Minister Ana Roe of Oslo", credit, MORE) == {5: PHOTO_CREDIT}


def test_paragraphs_on_lines_of_their_own_are_no_captions() -> None:
    caption = "The mayor cuts the ribbon on the bridge in Oslo"
    text = f"Bridge opens\n{PROSE}\n{caption}\n(AP Photo/Jane Roe)\n{MORE}\nREUTERS/Jane Roe\n{LAST}"
    assert cleaned(text) == (
        f"Bridge opens\n{PROSE}\n{MORE}\n{LAST}",
        {3: CAPTION, 4: PHOTO_CREDIT, 6: PHOTO_CREDIT},
    )


def test_a_long_paragraph_is_no_caption() -> None:
    long = " ".join([PROSE, MORE, LAST] * 2)
    assert dropped(PROSE, f"{long}\n(AP Photo/Jane Roe)", MORE) == {4: PHOTO_CREDIT}


def test_a_tweet_goes_with_who_wrote_it() -> None:
    tweet = "What a day for our city!\nThank you all\n— Jane Roe (@janeroe) May 4, 2023"
    assert dropped(PROSE, tweet, MORE) == {3: TWEET, 4: TWEET, 5: TWEET}


def test_a_repeat_goes_and_the_first_stays() -> None:
    assert dropped(PROSE, MORE, PROSE, LAST) == {5: REPEAT}
    assert dropped(PROSE, f"{MORE}\n{LAST}", f"{MORE}\n{LAST}") == {6: REPEAT, 7: REPEAT}
    assert cleaned(f"{PROSE}\n{MORE}\n{PROSE}") == (f"{PROSE}\n{MORE}", {3: REPEAT})


def test_answers_figures_and_items_may_stand_twice() -> None:
    assert (
        dropped(
            PROSE,
            "- The ferry to Oslo is run by the town itself.",
            MORE,
            "- The ferry to Oslo is run by the town itself.",
        )
        == {}
    )
    assert dropped(PROSE, "The mayor was there", MORE, "The mayor was there") == {}
    assert dropped("Did you go?", "No.", "Did he?", "No.", "Brazil", "12", "Chile", "12") == {}


def test_a_list_of_names_or_a_verse_stays() -> None:
    names = [f"Foreign Minister {name} Of The Kingdom Of {land}" for name, land in (("Roe", "A"), ("Doe", "B"))]
    assert dropped(PROSE, *names, MORE) == {}
    assert dropped("Three came:", names[0], MORE) == {}
    assert dropped(PROSE, "Poe: I never said that to you\nRoe: You did and you know it", MORE) == {}


def test_what_links_to_other_stories_may_be_the_headline() -> None:
    headline = "Watch: The mayor of Porto opens a bridge"
    assert dropped(headline, PROSE) == {}
    assert dropped(PROSE, headline, MORE) == {3: OTHER_STORY}
    assert dropped("Photos: Three Hurt", PROSE) == {}


def test_a_text_of_nothing_else_is_refused() -> None:
    with pytest.raises(ArticleError, match=r"holds nothing but boilerplate \(comment form, copyright notice\)"):
        parse("Leave a Reply\n\n© 2024 Example News".encode(), "a.txt")


def test_lines_are_counted_in_the_file() -> None:
    (intake,) = parse(f"---\ntitle: Bridge\n---\n\n{PROSE}\n\nAdvertisement\n".encode(), "a.md").intakes
    assert [(drop.line, drop.text) for drop in intake.dropped] == [(7, "Advertisement")]


some_line = st.sampled_from(
    [*BOILERPLATE, *SENTENCES, PROSE, MORE, LAST, *(rule.example for rule in RULES), "The mayor cuts the ribbon again"]
) | st.text(max_size=30).filter(lambda text: "\n" not in text)
some_lines = st.lists(st.sampled_from(["", "", " "]) | some_line, max_size=20)


@given(some_lines)
def test_what_stays_is_lines_of_the_text_in_their_order(lines: list[str]) -> None:
    stays, goes = clean(text_lines("\n".join(lines), 5))
    by_number = dict(enumerate(lines if lines else [""], 5))
    kept, gone = [line.number for line in stays], [drop.line for drop in goes]
    assert kept == sorted(set(kept))
    assert gone == sorted(set(gone))
    assert all(by_number[line.number] == line.text for line in stays)
    assert all(by_number[drop.line] == drop.text for drop in goes)
    # only blank lines at the ends are neither kept nor dropped
    assert not any(by_number[number].strip() for number in by_number.keys() - {*kept, *gone})


@given(some_lines)
def test_cleaning_what_is_clean_changes_nothing(lines: list[str]) -> None:
    once, _ = clean(text_lines("\n".join(lines)))
    assert clean(once) == (once, ())


def test_the_sample_articles_lose_nothing() -> None:
    for path in sorted((ROOT / "corpus").glob("2*.md")):
        (intake,) = parse(path.read_bytes(), path.name).intakes
        assert intake.dropped == ()
        assert intake.article.text == path.read_text("utf-8").split("---\n", 2)[2].strip("\n")


def seed(start: str) -> tuple[Intake, Article, Path]:
    (path,) = raw_articles().glob(f"{start}*.txt")
    (intake,) = parse(path.read_bytes(), path.name).intakes
    return intake, intake.article, path


@pytest.mark.parametrize(("start", "sentences"), [("000", 12), ("002", 9)])
def test_real_articles_keep_their_sentences_and_lose_the_rest(start: str, sentences: int) -> None:
    intake, article, path = seed(start)
    for gone in ("Getty", "AP Photo", "Leave a Reply", "email address", "pic.twitter.com", "See also", "listen to"):
        assert gone not in article.text
    # three headlines of other stories among them: no shape tells these from a prize and its winner, or a heading
    paragraphs = [line for line in article.text.split("\n") if line and line != article.title]
    assert len(paragraphs) == sentences
    written = path.read_text("utf-8")
    assert all(line in written for line in article.text.split("\n"))
    assert not any(drop.text.strip() in article.text for drop in intake.dropped)


def test_real_articles_say_what_they_are() -> None:
    _, first, _ = seed("000")
    _, second, _ = seed("002")
    assert first.title.startswith("Venezuelan Vice President meets")
    assert (first.source, first.url, first.published, first.language) == (None, None, None, "en")
    assert second.published is not None
    assert second.published.isoformat() == "2024-02-21T00:00:00+00:00"
    assert (second.title, second.language) == ("", "en")
    assert second.text.startswith('"A fruitful')
