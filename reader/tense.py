"""Whether a question asks how things are now."""

import re

from retrieval.types import Question

_IRREGULAR = (
    "beat|became|began|bought|broke|brought|built|came|caught|chose|drew|drove|fell|fled|flew|fought|found|gave|got|grew"
    "|held|hit|hung|kept|knew|laid|led|left|lost|made|met|paid|put|quit|ran|rose|said|sat|saw|sent|shook|shot|sold|spent"
    "|spoke|stood|struck|swore|thought|threw|told|took|went|withdrew|won|wrote"
)
_VERB = re.compile(
    r"\b(?:(?P<present>would|could|should|may|might|must|can|cannot|is|are|am|do|does|be|being)"
    rf"|was|were|been|had|has|(?<!to )have|did|will|shall|{_IRREGULAR}|[a-z]+(?:[^\We]|agre|fre)ed)(?:n[’']t)?\b"
)


def asks_of_now(question: Question) -> bool:
    """Whether a question asks how things are: it names no time, and its first known verb, if any, is of the present.

    "Who is the mayor?", "Who leads the party?", "price of bread?" -> True;  "Who was the mayor?" -> False
    """
    verb = _VERB.search(question.text.lower())
    return question.period is None and (verb is None or verb["present"] is not None)
