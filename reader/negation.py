"""What a sentence says is *not* so: by its form, and only where that leaves no doubt. English only.

    Who attended?           "[Poland] and Chad did not attend."   "All came but not [Chad]."   "[Bo], ill, was absent."
    Who did not attend?     "[Ana Ruiz] attended, too."

A negation counts where its verb is the question's, or both are about being there, and what it is said of stands right
before it. What "He denied that Bo came" says is left to the reader.
"""

import re

STEM = 4
_AUXILIARY = r"(?:did|does|do|was|were|is|are|has|have|had|would|will)"
_NEGATED_QUESTION = re.compile(
    rf"\b(?:whom?|(?:which|what)(?: \w+){{1,9}}?) {_AUXILIARY}(?: (?:not|never)|n['’]t)(?: be(?:en)?)? (?P<verb>\w+)",
    re.IGNORECASE,
)
_ANY_NEGATION = re.compile(
    r"\b(?:not|never|no|none|nobody|neither|nor|without|except|exclud\w+|left out|absent|absence|missing|missed|away"
    r"|refus\w+|declin\w+|reject\w+|skip\w+|boycott\w+|fail\w+)\b|n['’]t\b",
    re.IGNORECASE,
)
_LEFT_OUT = re.compile(
    r"\b(?:except(?: for)?|excluding|not|without|instead of|rather than|apart from|other than)\s+"
    r"(?:the\s+)?(?:[A-Z][\w'’.-]*\s+)*$"
)
# the rest of the subject: more names, and what commas set off
_SUBJECT = r"(?:(?:,? (?:and|or|nor)|,)?(?: the| of)* [A-Z][\w'’.-]*)*(?:, [^,.;]*,)?"
_NEGATED_VERB = re.compile(
    rf"{_SUBJECT} (?:{_AUXILIARY}(?: (?:not|never)|n['’]t)|(?:fail|refus|declin)ed to)(?: be(?:en)?)? (?P<verb>\w+)"
)
_AWAY = re.compile(rf"{_SUBJECT} (?:{_AUXILIARY} (?:absent|missing)|stayed away|(?:boycott|skipp|miss)ed) ?\b")
_WORD = re.compile(r"\w+")
_PRESENCE = frozenset({"at", "in", "ther", "pres", "atte", "come", "came", "part", "take", "took"})


def negated(question: str) -> bool:
    """Whether a question asks of whom something is not so: "Who did not attend?", "Which countries haven't signed?"."""
    return _NEGATED_QUESTION.search(question) is not None


def contrary(question: str, before: str, words: str, after: str, *, presence: bool) -> bool:
    """Whether a sentence says of `words` in it, between `before` and `after`, the opposite of what is asked.

    `presence`: the question asks who was there, or was not.
    """
    negation = _NEGATED_QUESTION.search(question)
    if negation is not None:
        sentence = before + words + after
        says_it = presence or _stem(negation["verb"]) in map(_stem, _WORD.findall(sentence))
        return says_it and _ANY_NEGATION.search(sentence) is None
    if _ANY_NEGATION.search(question) is not None:
        return False
    if _LEFT_OUT.search(before) is not None or (presence and _AWAY.match(after) is not None):
        return True
    found = _NEGATED_VERB.match(after)
    if found is None:
        return False
    verb = _stem(found["verb"])
    return verb in map(_stem, _WORD.findall(question)) or (presence and verb in _PRESENCE)


def _stem(word: str) -> str:
    return word[:STEM].lower()
