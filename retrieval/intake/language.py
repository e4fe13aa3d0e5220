"""The language of a text, by py3langid, where there is text enough to be sure.

py3langid: Barbaresi's fork of langid.py (Lui and Baldwin, "langid.py: an off-the-shelf language identification tool",
ACL 2012). It takes half a second to load, so it is loaded when first asked.
"""

import functools
import tempfile
from pathlib import Path
from typing import Any

from retrieval.errors import ModelError

MIN_LETTERS = 200
MIN_PROBABILITY = 0.99
# what comes after does not change the verdict
_SAMPLE = 5000
# labels of their own that are written as the language is
_DIALECTS = {"wuu": "zh", "yue": "zh", "arz": "ar", "ary": "ar"}


def detect(text: str) -> str | None:
    """The ISO 639-1 code of the language of `text`; None where it is too short or the language is in doubt."""
    if sum(map(str.isalpha, text[:_SAMPLE])) < MIN_LETTERS:
        return None
    likely = probabilities(text)
    code = max(likely, key=likely.__getitem__)
    return code if likely[code] >= MIN_PROBABILITY and len(code) == 2 else None


def probabilities(text: str) -> dict[str, float]:
    """How likely `text` is to be in each language that is known, by ISO 639 code; together 1."""
    likely: dict[str, float] = {}
    for label, probability in _identifier().rank(text[:_SAMPLE]):
        code = _DIALECTS.get(label, label)
        likely[code] = likely.get(code, 0.0) + probability
    return likely


@functools.cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    try:
        return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    except OSError as error:
        text = "The language model cannot be unpacked into %s (%s); free space there."
        raise ModelError(text, Path(tempfile.gettempdir())) from error
