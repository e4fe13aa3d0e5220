"""The recipe of the reader: which questions it is trained on, how often, how each is set, and the rates."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from reader.train.data import Kind
from retrieval.errors import CorpusError

DEFAULT = Path(__file__).with_name("recipe.toml")
Make = Literal["plain", "trapped", "grouped", "news", "conversing", "pairs"]


@dataclass(frozen=True, slots=True)
class Set:
    """Questions of one file, set in one way.

    `file`        as in the data folder, without suffix; "own/passages" is beside this module, "enumerations" are the
                  questions of all files whose answer is an enumeration
    `share`       how often each question is drawn: 0.5 is every second one, 2 each one twice
    `make`        see the methods of `reader.train.examples.Maker`; "pairs": `reader.train.comparisons`
    `stage`       stages are trained one after another
    `others`      for "grouped" and "news": how many passages that hold no answer are beside the one that does
    `wants`       only the questions of this kind; None for all
    `kind_known`  whether what is asked (one, a list, a passage) is learned from them
    """

    file: str
    share: float
    make: Make
    stage: int = 0
    others: int = 0
    wants: Kind | None = None
    kind_known: bool = False


@dataclass(frozen=True, slots=True)
class Training:
    """What decides a run beside its data. Rates are the peaks of AdamW's, losses are weighted by `weights`.

    `rank` of a new adapter; one that is trained further keeps its own. `tokens` padded ones a step. `warm_up` share of
    the run in which the rate rises. `dropout` of the encoder's own layers.
    """

    rank: int = 32
    rate: float = 3e-4
    head_rate: float = 1e-3
    tokens: int = 4096
    warm_up: float = 0.03
    clip: float = 1.0
    item_weight: float = 1.0
    sentence_weight: float = 0.3
    kind_weight: float = 0.2
    pair_weight: float = 1.0
    dropout: float = 0.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """`dev` names files and how many questions of each are scored while training."""

    seed: int
    training: Training
    sets: tuple[Set, ...]
    dev: Mapping[str, int]

    @classmethod
    def load(cls, path: Path) -> "Recipe":
        """Reads a TOML file. Raises CorpusError where it is none, or names what is not known."""
        try:
            with path.open("rb") as file:
                data = tomllib.load(file)
            sets = tuple(Set(**entry) for entry in data["sets"])
            recipe = cls(data["seed"], Training(**data.get("training", {})), sets, data.get("dev", {}))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CorpusError(f"{path} is not a training recipe ({error}); write it like {DEFAULT.name}.") from error
        for each in sets:
            if each.make not in get_args(Make):
                raise CorpusError(f"{path}: make = {each.make!r}; use one of {', '.join(get_args(Make))}.")
        return recipe
