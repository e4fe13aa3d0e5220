"""From what is known of a candidate answer to the probability that it is right.

A logistic regression over a few readable features. It belongs to the reader whose scores it was fitted on,
and lies beside that reader's adapter; `dateline evaluate calibration` fits it on questions with known answers.
"""

import json
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from retrieval.errors import ModelError

FILE_NAME = "calibration.json"
SHIPPED = Path(__file__).parent / "weights"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Features:
    """What is known of one candidate.

    `mass`      log-odds of the reader's probability for this answer, in all its places and wordings, against every
                other span of every passage and "nowhere" (`reader.candidates`); 0 for an item of a list, which has
                others beside it that are right, too
    `span`      start + end - null logit of the reader, in nats
    `best`      for an item of a list, the same of the best span of its passage; else 0
    `item`      for an item of a list, what the list head makes of it, in nats; else, or without a list head, 0
    """

    mass: float
    span: float
    best: float
    item: float


@dataclass(frozen=True, slots=True)
class Logistic:
    """One weight for each feature, and the bias; in nats."""

    bias: float
    weights: Features

    def probability(self, features: Features) -> float:
        """The probability, 0 to 1, that a candidate with these features is right."""
        logit = self.bias + sum(getattr(self.weights, f.name) * getattr(features, f.name) for f in fields(Features))
        return probability_of(logit)


@dataclass(frozen=True, slots=True)
class Calibration:
    """One regression for the answer to a question, one for the items of a list, one for sentences that tell."""

    span: Logistic
    item: Logistic
    sentence: Logistic

    @classmethod
    def load(cls, adapter: Path | None = SHIPPED) -> "Calibration":
        """The calibration in an adapter's folder. For a reader that has none, the shipped one, with a warning.

        Raises ModelError if the file is damaged.
        """
        path = (SHIPPED if adapter is None else adapter) / FILE_NAME
        if adapter is None or not path.is_file():
            path = SHIPPED / FILE_NAME
            log.warning("This reader has no %s: its confidence is that of the shipped reader.", FILE_NAME)
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            return cls(*(_logistic(data[field.name]) for field in fields(cls)))
        except (OSError, ValueError, KeyError, TypeError) as error:
            text = "The calibration %s cannot be read (%s); restore it, or {fit it again}."
            raise ModelError(text, path) from error


def log_odds(probability: float) -> float:
    """log(p / (1 - p)), in nats, for p kept within a millionth of 0 and 1."""
    kept = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(kept / (1 - kept))


def probability_of(odds: float) -> float:
    """The inverse of `log_odds`."""
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, odds))))


def _logistic(data: Mapping[str, Any]) -> Logistic:
    weights = data["weights"]
    return Logistic(float(data["bias"]), Features(**{f.name: float(weights[f.name]) for f in fields(Features)}))
