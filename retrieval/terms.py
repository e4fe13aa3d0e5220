"""Text becomes the terms that word search compares: the same for a passage and for a question.

    "Sergey Lavrov's 3,549 co-workers"  -> sergi lavrov 3549 co worker coworker

What differs only in spelling meets: case, accents, possessives, separators in numbers, hyphens, English endings, and
the usual ways of writing a foreign name in Latin letters (Serguei, Sergei, Sergey). Two words that fold to one term by
accident cost little: BM25 weighs a question's terms together.
"""

import re
import unicodedata
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from functools import lru_cache
from string import ascii_lowercase

import Stemmer
from rapidfuzz.distance import OSA

# words that stand in every second passage, or that ask; in capitals (US, WHO, IT) they are names
_STOP_WORDS_TEXT = """
a an the and or but if of in on at to by for from with about into than then as that this these those there here
is are was were be been being am do does did doing done has have had having can could will would shall should may
might must not no nor so such it its he she they them his her their theirs him we our ours us you your yours i me my
mine who whom whose which what when where why how many much any some each all both more most other own same also
just only very during according please tell name list give find show
"""
STOP_WORDS = frozenset(_STOP_WORDS_TEXT.split())

# a longer one is not a word, and may be a whole file
REMEMBERED_LETTERS = 40
FALLIBLE_LETTERS = 6

_WORD = re.compile(r"[^\W_]+(?:[-.,'’‐‑][^\W_]+)*")
_HYPHEN = re.compile(r"[-‐‑]")
_APOSTROPHE = re.compile(r"['’]")
_POSSESSIVE = re.compile(r"['’]s$")
_DECIMAL = re.compile(r"\d+(?:,\d{3})*\.\d+")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")
# several ways to write one sound become one; after stemming, which needs English endings as they are
_SPELLINGS = (
    (re.compile(r"gu(?=[ei])"), "g"),  # Serguei
    (re.compile(r"tch"), "ch"),  # Gorbatchev
    (re.compile(r"kh|ck|c(?![hei])|q(?!u)"), "k"),  # Nicolas, Nikolas; Qatar
    (re.compile(r"ph"), "f"),
    (re.compile(r"w"), "v"),  # Lawrow
    (re.compile(r"x"), "ks"),  # Alexei, Aleksei
    (re.compile(r"[ei]?y|[ei]j|ei\b|iy|ii"), "i"),  # Sergey, Zelenskiy, Andrej
    (re.compile(r"([^\W\d])\1+"), r"\1"),  # Mohammed, Mohamed
)
_STEMMER = Stemmer.Stemmer("english", 0)


def terms(text: str) -> list[str]:
    """The terms of `text`, in order; a hyphenated word gives its parts, and then itself in one piece.

    "3,549" -> ["3549"], "2.5" -> ["2.5"], "20th" -> ["20"], "U.S." -> ["us"], "Melik-Bagdasarov" -> ["melik",
    "bagdasarov", "melikbagdasarov"]; "" and "?!" have none.
    """
    return [term for word in _words(text) for term in _terms_of(word)]


def asked_terms(question: str) -> dict[str, str]:
    """The different terms of a question that can tell one passage from another, in order, each with the first word that
    it is a term of; there may be none.

    "Who attended the US talks?" -> {"atend": "attended", "us": "US", "talk": "talks"}
    """
    found: dict[str, str] = {}
    for word in _words(question):
        if not _is_stop_word(word):
            for term in _terms_of(word):
                found.setdefault(term, word)
    return found


def terms_one_edit_away(word: str, term: str) -> frozenset[str]:
    """The terms of what a word with this term is, if one letter of it is wrong, missing, too many or in the place of
    the next; the first letter is right. None for short words, of which too many are another name (Iran, Iraq)."""
    part = next((part for part in _parts(word) if _term(part) == term), "")
    if not FALLIBLE_LETTERS <= len(part) <= REMEMBERED_LETTERS or not part.isalpha():
        return frozenset()
    cuts = [(part[:at], part[at:]) for at in range(1, len(part) + 1)]
    meant = {before + after[1:] for before, after in cuts}
    meant |= {before + after[1] + after[0] + after[2:] for before, after in cuts if len(after) > 1}
    meant |= {before + one + after[cut:] for before, after in cuts for one in ascii_lowercase for cut in (0, 1)}
    return frozenset(map(_term, meant))


def spelling_in_texts(found: AbstractSet[str], texts: Iterable[str], typed: str) -> str | None:
    """The first word of the texts that is one of the terms `found`, and one typo away from the word `typed`, as
    it is written there; None where none is.

    {"lavrov"}, ["Mr. Lavrov's plane landed"], "Lavrof" -> "Lavrov"
    """
    parts = _parts(typed)
    for word in (word for text in texts for word in _words(text)):
        if not found.isdisjoint(_terms_of(word)):
            meant = [part for part in _parts(word) if _term(part) in found]
            if any(OSA.distance(one, other, score_cutoff=1) <= 1 for one in meant for other in parts):
                return _POSSESSIVE.sub("", word)
    return None


def plain(text: str) -> str:
    """`text` without case and accents: "Yván ÁÉ" -> "yvan ae"."""
    if text.isascii():  # as most words are
        return text.casefold()
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text))


def _is_stop_word(word: str) -> bool:
    return word.lower() in STOP_WORDS and not (len(word) > 1 and word.isupper())


def _terms_of(word: str) -> tuple[str, ...]:
    return _terms(word) if len(word) <= REMEMBERED_LETTERS else _terms.__wrapped__(word)


@lru_cache(maxsize=1 << 17)
def _terms(word: str) -> tuple[str, ...]:
    return tuple(map(_term, _parts(word)))


def _parts(word: str) -> list[str]:
    parts = _HYPHEN.split(_APOSTROPHE.sub("", _POSSESSIVE.sub("", plain(word))))
    if len(parts) > 1:
        parts.append("".join(parts))
    return [part for part in parts if part]


def _term(word: str) -> str:
    if word[0].isdigit():
        number = word if _DECIMAL.fullmatch(word) else word.replace(".", "")
        return _ORDINAL.sub(r"\1", number.replace(",", "").lstrip("0") or "0")
    term: str = _STEMMER.stemWord(word.replace(".", "").replace(",", ""))
    for spelling, one in _SPELLINGS:
        term = spelling.sub(one, term)
    return term
