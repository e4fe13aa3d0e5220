"""Rules for lines of boilerplate, recognised by shape and length alone.

A rule wants the whole line, and one of no more than so many words: a sentence of the article that merely mentions a
newsletter, or Getty Images, is longer, goes on, or begins otherwise. Each pattern below is one shape.
"""

import re
from dataclasses import dataclass

# a longer line is prose, whatever stands in it
MAX_CHARACTERS = 700

PHOTO_CREDIT = "photo credit"
CAPTION = "photo caption"
TWEET = "embedded tweet"
OTHER_STORY = "link to another story"


@dataclass(frozen=True, slots=True)
class Rule:
    """Lines of at most `words` words that `pattern` matches whole; `example` is one of them."""

    reason: str
    example: str
    words: int
    pattern: re.Pattern[str]


def _exactly(*shapes: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{shape})" for shape in shapes))


def _any_case(*shapes: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{shape})" for shape in shapes), re.IGNORECASE)


_AGENCY = (
    r"(?:AFP|AP(?: Photo)?|Associated Press|Reuters|REUTERS|Getty(?: Images)?|EPA(?:-EFE)?|EFE|TASS|Sputnik|Xinhua"
    r"|RIA Novosti|Anadolu(?: Agency)?|AA|dpa|DPA|ANSA|Bloomberg|NurPhoto|Alamy|Shutterstock|iStock|ZUMA|UPI|PTI|ANI"
    r"|PA(?: Wire| Media| Images)?|Kyodo|Yonhap|MAXPPP|SIPA|Corbis|Pool|POOL|Handout|HANDOUT|Wikimedia Commons)"
)
_NAME = r"[\w.'’-]+(?: [\w.'’-]+){0,4}"
_IMAGE = r"(?:[Ff]ile )?(?:[Pp]hotos?|[Pp]hotographs?|[Ii]mages?|[Pp]ictures?|[Ii]llustration|PHOTO|IMAGE)"
# the words of a credit: names, and what joins them; "Photos: Ten killed as bus falls" has others
_CREDITED = r"[(\[]?(?:[@A-Z][\w.@'’-]*[)\]]?|by|via|of|courtesy|and|for|from|in|the|de|da|van|von|der|den|iStock)"
_SLASH = r" ?[/|] ?"
_IN_BRACKETS = r"[^()\[\]]"
# a person's name before the agency's tells a credit from a list of sources such as (AFP/Reuters)
_CREDIT = (
    rf"[(\[]+(?:{_IMAGE}(?: ?:| by| courtesy| credit)\b{_IN_BRACKETS}{{1,80}}"
    rf"|AP Photo{_SLASH}{_IN_BRACKETS}{{1,60}}"
    rf"|{_NAME} {_NAME}{_SLASH}(?:{_IN_BRACKETS}{{1,40}}{_SLASH})?{_AGENCY}\b{_IN_BRACKETS}{{0,40}})[)\]]+"
)
_SITE = (
    r"(?:twitter|x|facebook|instagram|telegram|whatsapp|youtube|tiktok|linkedin|threads|bluesky|google news|reddit"
    r"|pinterest|flipboard|messenger|e-?mail|print|copy link|social media)"
)
_SITES = rf"{_SITE}(?:[\s,|/&•·]+(?:and )?{_SITE})*"
_STORIES = r"(?:stories|story|articles?|news|posts|topics|coverage|content|links|videos?)"
_MAILING = r"(?:newsletters?|inbox|e-?mails?|alerts?|updates|briefing|bulletin|digest|channel|podcast|feed)"

RULES = (
    Rule(
        "audio player",
        "NEW You can now listen to Example News articles!",
        14,
        _any_case(
            r"(?:the ?)?(?:new ?)?(?:you can )?(?:now )?listen to [\w ]{1,30}(?:articles?|story|stories|episode|report)"
            r"[.!]?(?: ?[·•|(-]? ?[\d:]+(?: ?min(?:ute)?s?)?\)?)?",
            r"play audio|audio player|[\d:]{4,8} ?/ ?[\d:]{4,8}",
            r"your browser does not support .*",
        ),
    ),
    Rule(
        PHOTO_CREDIT,
        "(Photo by JANE ROE/AFP via Getty Images)",
        15,
        _exactly(
            _CREDIT,
            rf"[(\[]+(?:{_NAME}(?:{_SLASH}| via )){{0,6}}{_AGENCY}(?:(?:{_SLASH}| via ){_NAME}){{0,6}}[)\]]+",
            rf"[(\[]+{_IMAGE}[)\]]+",
            rf"{_AGENCY}{_SLASH}{_NAME}(?:{_SLASH}{_NAME})?",
            rf"{_NAME}(?:{_SLASH}{_AGENCY})+(?: via {_AGENCY})?",
            rf"{_IMAGE}(?: credit| courtesy| source)?: ?{_CREDITED}(?:[ /|,&]+{_CREDITED}){{0,8}}[)\]]?",
            rf"{_IMAGE} by {_NAME}(?:{_SLASH}.*)?",
            r"Credit: ?.+|Getty Images",
        ),
    ),
    Rule(
        CAPTION,
        "FILE PHOTO: The two presidents shake hands in Lisbon on Friday. REUTERS/Jane Roe",
        80,
        _exactly(
            r"(?:FILE(?: PHOTO)?|File (?:photo|image|picture)) ?[:–—-].+",
            rf".+ {_CREDIT}\.?",
            rf".+\WREUTERS/{_NAME}",
            r".+(?:via |/)Getty Images[)\]]*",
            rf".+\. (?:Photograph|Photo|Picture): {_NAME}{_SLASH}.+",
            r"(?:Image|Media|Video|Photo) (?:source|caption|copyright|credit)(?:,|:| [A-Z(]).*",
            r"!\[[^\]]*\]\([^)]*\)",
        ),
    ),
    Rule(
        OTHER_STORY,
        "Read more: Ferry strike enters its second week",
        40,
        _exactly(
            r"(?i:see also|also (?:see|read)|read (?:also|more|next)|up next|related|don['’]t miss|more on this|watch)"
            rf"(?: (?i:{_STORIES}))?(?:(?:\s*[:：|»>]\s*|\s+[–—-]\s+).*)?",
            r"(?i:see also|also read|read also|read more)\s+(?:(?:about|on)\s.*|[A-Z“\"'‘].*)[^.]",
            r"(?:READ MORE|ALSO READ|READ ALSO)\b.*|MORE ?: .*",
            r"More from (?:the |The )?[A-Z][\w ]{1,30}|Most read in [A-Z][\w ]{1,30}|Read next",
            r"For more stories like this, .*|Follow along with .{1,30}(?:updates|coverage) below\.",
            rf"(?i:(?:recommended|most read|trending|top {_STORIES}|you (?:may|might) also like)(?: {_STORIES})?:?)",
        ),
    ),
    Rule(
        TWEET,
        "We are so proud! — Jane Roe (@janeroe) February 1, 2022",
        100,
        _exactly(
            r".*\bpic\.(?:twitter|x)\.com/\w+.*",
            r"(?:.*\s)?(?:—|--|–|&mdash;) ?.{1,80}\(@\w{1,30}\) [A-Z][a-z]+\.? \d{1,2}, \d{4}",
            r"(?:.*\s)?(?:—|--|–|&mdash;) ?.{1,80}\(@\w{1,30}\) \d{1,2} [A-Z][a-z]+\.? \d{4}",
        ),
    ),
    Rule(
        "comment form",
        "Your email address will not be published. You can sign with any name.",
        30,
        _any_case(
            r"(?:leave|post|write|add|submit) (?:a |your )?(?:reply|comment)s?(?: cancel reply)?\.?|cancel reply",
            r"your e-?mail address will not be published\..*|this site uses akismet.*",
            r"save my name,? e-?mail.*|notify me of (?:follow-?up|new).*|required fields are marked ?\*?\.?",
            r"(?:name|e-?mail|website|comment) ?\*|(?:\d+|no) comments?(?: yet)?|comments",
        ),
    ),
    Rule(
        "newsletter",
        "Sign up for our daily newsletter and never miss a story",
        30,
        _any_case(
            rf"(?:please )?(?:sign up|subscribe|register)\b.{{0,80}}\b{_MAILING}\b.{{0,80}}",
            r"(?:sign up|subscribe|register|log in|sign in)(?: now| today| here| for free)?[.!]?",
            r"get (?:the|our|all) .{0,80}\b(?:inbox|newsletters?|e-?mail)\b.{0,40}",
            r"(?:download|get) (?:our|the) (?:[\w ]{1,30} )?app\b.{0,60}",
            r"(?:check out|for) .{3,120}\b(?:sign(?:ing)? up|subscrib(?:e|ing)) (?:to|for) (?:our|the) "
            r".{0,30}newsletter\b.{0,30}",
            r"you(?:'re| are) receiving this (?:e-?mail|newsletter|message)\b.*|unsubscribe\b.{0,80}",
            r"(?:view|read) (?:this )?(?:e-?mail|newsletter|message)?(?: online)? ?in (?:your|a) browser\b.{0,80}"
            r"|(?:update your|manage) (?:e-?mail )?preferences\b.{0,80}",
        ),
    ),
    Rule(
        "sharing or advertising",
        "Follow us on Facebook and Twitter",
        40,
        _any_case(
            r"share(?: this)?(?: (?:article|story|post|page|news))?:?|facebook|twitter|whatsapp|print|copy link",
            rf"(?:share|tweet|pin)(?: this| it)?(?: article| story| post)? (?:on|via|to) {_SITES}|{_SITE}\W+{_SITES}",
            rf"(?:follow|like|join|find) us on {_SITES}.{{0,40}}|follow [\w@. ]{{1,30}} on {_SITES}\b.{{0,160}}",
            r"(?:(?:do you have|got|have) a (?:story|tip|news tip)(?: to (?:tell|share))?\?.*"
            r"|get in touch with (?:our|the) .{1,30} (?:at|by e-?mailing)\b.*)",
            r"(?:advertisement|advertising|sponsored(?: content)?|promoted|ads?)\.?|advertisement ?[-–—:].{0,60}",
            r"(?:story|article|content) continues (?:below|after)\b.{0,30}|(?:scroll )?to continue reading\b.{0,30}",
            r"(?:click|tap) here(?: (?:to|for|and)\b.{0,100})?[.!]?",
            r"for more (?:news|stories|updates|videos)\b.{0,30}\b(?:visit|follow|click|go to|see)\b.{0,60}",
            r"skip to (?:main )?content|back to top|loading\W*",
        ),
    ),
    Rule(
        "cookie or privacy notice",
        "We use cookies to improve your experience.",
        50,
        _any_case(
            r"(?:we|our partners and we|(?:this|our) (?:web)?(?:site|page)) uses? cookies"
            r"(?: (?:to|and|for|on (?:this|our))\b.*|\.)?",
            r"(?:accept|reject|manage|allow)(?: all)? (?:cookies|preferences|settings)",
            r"(?:cookie|privacy) (?:policy|notice|settings)|terms (?:of (?:use|service)|(?:and|&) conditions)",
            r"by (?:signing up|subscribing|clicking|continuing|submitting)\b.*\byou (?:agree|accept|consent)\b.*",
        ),
    ),
    Rule(
        "copyright notice",
        "© 2022 Example News. All rights reserved.",
        40,
        _any_case(
            r"(?:copyright ?)?(?:©|\(c\) ?(?:19|20)\d\d).*|copyright (?:19|20)\d\d .{1,100}",
            r"(?:.*\W)?all rights reserved\.?",
            r"this material may not be published, broadcast.*",
            r"(?:if you (?:buy|make a purchase|click)|buying|when you buy)\b.{0,80}\b(?:links?|us)\b.{0,40}"
            r"\bearn\b.{0,30}\bcommission\b.*",
        ),
    ),
    Rule(
        "agency sign-off",
        "(Reporting by Jane Roe; Editing by John Doe)",
        60,
        _exactly(
            r"\(?(?:Additional )?[Rr]eporting by [^;]+;.*\b(?:[Ww]riting|[Ee]diting|[Rr]eporting) by .*",
            rf"[(–—-]* ?(?:(?:[Aa]dditional|[Ww]ith) (?:reporting|reports|files)|[Ww]ith files) (?:by|from) {_CREDITED}"
            rf"(?:[ /|,&]+{_CREDITED}){{0,14}}[.)]*",
            rf"[(–—-]* ?(?:The )?{_CREDITED}(?: {_CREDITED}){{0,3}} (?:[Ww]riters?|[Rr]eporters?|[Jj]ournalists?) "
            r".{3,120} contributed to this (?:report|story|article)\.?\)?",
            r"Our Standards: .*Trust Principles\.?(?:, opens new tab)?",
            r"This is a breaking (?:news? )?story.{0,60}|First published (?:in|on|by) [A-Z][\w ]{1,40}\.",
        ),
    ),
)


def rule_for(line: str) -> Rule | None:
    """The rule that drops `line`, if one does."""
    stripped = line.strip()
    if not stripped or len(stripped) > MAX_CHARACTERS:
        return None
    words = len(stripped.split())
    return next((rule for rule in RULES if words <= rule.words and rule.pattern.fullmatch(stripped)), None)
