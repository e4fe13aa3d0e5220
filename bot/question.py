"""What counts as a question: checked before any model is loaded."""

import unicodedata

from retrieval.errors import UsageError

# question, heading and passage share the reader's 384 tokens: 400 characters are some 100 of them, less than its limit
# for the question, so that nothing of what is asked is cut
MAX_CHARACTERS = 400
# letters that are drawn as nothing: text of these alone cannot be seen
FILLERS = "\u034f\u115f\u1160\u2800\u3164\uffa0"


def checked(question: str) -> str:
    """The question on one line, without white space around it.

        "  Who attended\\n the meeting? " -> "Who attended the meeting?"

    Raises UsageError where it is empty, too long, or holds what is no text.
    """
    line = " ".join(question.split())
    if not line:
        raise UsageError("The question is empty; write one, such as: Who attended the meeting?")
    if len(line) > MAX_CHARACTERS:
        raise UsageError(f"The question has {len(line)} characters, expected at most {MAX_CHARACTERS}; shorten it.")
    for character in line:
        category = unicodedata.category(character)
        if category == "Cs":
            raise UsageError("The question is not UTF-8 text; send it in that encoding.")
        if category == "Cc":
            raise UsageError(f"The question holds the control character U+{ord(character):04X}; remove it.")
    if not any(character.isalnum() and character not in FILLERS for character in line):
        raise UsageError(f"The question {line[:40]!r} holds no word; write one, such as: Who attended the meeting?")
    return line
