"""The reading itself: an extractive question-answering model over the passages of one question."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from reader.heads import OUTPUTS, TIME, Heads, load_heads, log_softmax, span_logits
from reader.inputs import DEFAULT_LIMITS, Context, Limits, Window, windows
from reader.pairs import RELATIONS, Said, pair_ids
from reader.types import PassageReading
from retrieval.engine import TOKENIZER, CompiledNetwork, Network, Outputs, is_compiled
from retrieval.heading import heading
from retrieval.question import reader_text
from retrieval.types import Evidence, Hit, Precision


@dataclass(frozen=True, slots=True)
class _Logits:
    """What the model says of one window's passage tokens; rows as in `Window.tokens`, columns as in PassageReading."""

    window: Window
    start: NDArray[np.float32]
    end: NDArray[np.float32]
    null: float
    item: NDArray[np.float32] | None
    sentence: NDArray[np.float32] | None
    time: NDArray[np.float32] | None
    asked: NDArray[np.float32] | None
    leans: float | None


class TransformersReader:
    """Any extractive question-answering model of transformers, with the heads that it has beside its own."""

    def __init__(self, network: Network, tokenizer: Tokenizer, heads: Heads, limits: Limits = DEFAULT_LIMITS) -> None:
        """The network gives "start" and "end" logits, or "hidden" states for the heads, or all of them."""
        self.network = network
        self.tokenizer = tokenizer
        self._heads = heads
        self._limits = limits

    @classmethod
    def load(
        cls, folder: Path, precision: Precision | None = None, limits: Limits = DEFAULT_LIMITS
    ) -> "TransformersReader":
        """The model in a folder of transformers, or in one that was compiled; `heads.safetensors` is optional.

        Without a precision, in the one that is fastest on this machine. Raises ModelError where it is no whole
        extractive question-answering model.
        """
        if is_compiled(folder):
            network = CompiledNetwork.load(folder, precision)
            heads = load_heads(folder, network.more["hidden"])
            return cls(network, Tokenizer.from_file(str(folder / TOKENIZER)), heads, limits)
        from reader.pytorch import loaded

        return cls(*loaded(folder, precision), limits)

    def read(self, evidence: Evidence) -> tuple[PassageReading, ...]:
        """See `Reader.read`."""
        headings = [heading(evidence.article(hit)) for hit in evidence.hits]
        return self.read_under(reader_text(evidence.question), evidence.hits, headings)

    def read_under(self, question: str, hits: Sequence[Hit], headings: Sequence[str]) -> tuple[PassageReading, ...]:
        """One reading for each of `hits`, with these headings in front instead of those of their articles."""
        contexts = [Context(above, hit.text, hit.passage.start) for hit, above in zip(hits, headings, strict=True)]
        inputs = windows(self.tokenizer, question, contexts, self._limits)
        found: dict[int, list[_Logits]] = defaultdict(list)
        for window, outputs in zip(inputs, self.network.run(inputs), strict=True):
            found[window.context].append(self._logits(window, outputs))
        return tuple(_merged(hit, found[index]) for index, hit in enumerate(hits))

    def compare(self, question: str, pairs: Sequence[tuple[Said, Said]]) -> NDArray[np.float32] | None:
        """(n, 3) probabilities, see `Reader.compare`; each pair is read both ways round, and the mean is taken."""
        if "pair" not in self._heads:
            return None
        inputs = [
            Window.of(pair_ids(self.tokenizer, question, *sides))
            for one, other in pairs
            for sides in ((one, other), (other, one))
        ]
        firsts = [outputs["hidden"][0] for outputs in self.network.run(inputs)]
        states = np.array(firsts, dtype=np.float32).reshape(len(firsts), -1)
        chances = np.exp(log_softmax(self._heads.logits("pair", states))) if firsts else np.zeros((0, len(RELATIONS)))
        return np.asarray((chances[::2] + chances[1::2]) / 2, dtype=np.float32)

    def _logits(self, window: Window, outputs: Outputs) -> _Logits:
        """What the heads make of one window."""
        start, end = span_logits(outputs, self._heads)
        item = sentence = time = asked = leans = None
        if "item" in self._heads:
            hidden = outputs["hidden"]
            item = self._heads.logits("item", hidden[window.tokens])
            sentence = self._heads.logits("sentence", hidden[window.tokens])[:, 0]
            asked = log_softmax(self._heads.logits("kind", hidden[0]))
        if TIME in self._heads:
            time = self._heads.logits(TIME, outputs["hidden"][window.tokens])
        if "leans" in self._heads:
            leans = float(self._heads.logits("leans", outputs["hidden"][0])[0])
        return _Logits(
            window=window,
            start=start[window.tokens],
            end=end[window.tokens],
            null=float(start[0] + end[0]),
            item=item,
            sentence=sentence,
            time=time,
            asked=asked,
            leans=leans,
        )


def _merged(hit: Hit, parts: Sequence[_Logits]) -> PassageReading:
    """The windows of one passage as one reading.

    A token that several windows saw is taken from the one where it has most context on its poorer side, as in BERT's
    own reading of SQuAD. Logits of different windows have no common zero, so each window's are shifted by half the
    difference between its null score and the lowest, which is the reading's: start + end - null of a span is then what
    the span's own window says.
    """
    null = min(part.null for part in parts)
    best: dict[tuple[int, int, int], tuple[int, int, int]] = {}
    for number, part in enumerate(parts):
        places = part.window.offsets.tolist()
        nth = 0
        for row, (start, end) in enumerate(places):
            # the bytes of one character can be several tokens, all of them with its offsets
            nth = nth + 1 if row > 0 and places[row - 1] == [start, end] else 0
            context = min(row, len(places) - 1 - row)
            if (start, end, nth) not in best or context > best[start, end, nth][0]:
                best[start, end, nth] = (context, number, row)
    chosen = [(parts[number], row) for _, (_, number, row) in sorted(best.items())]
    shift = {id(part): (part.null - null) / 2 for part in parts}
    items = [part.item[row] for part, row in chosen if part.item is not None]
    sentences = [part.sentence[row] for part, row in chosen if part.sentence is not None]
    times = [part.time[row] for part, row in chosen if part.time is not None]
    asked = [part.asked for part in parts if part.asked is not None]
    leans = [part.leans for part in parts if part.leans is not None]
    return PassageReading(
        hit=hit,
        offsets=np.array([part.window.offsets[row] for part, row in chosen], dtype=np.int32).reshape(-1, 2),
        start=np.array([part.start[row] - shift[id(part)] for part, row in chosen], dtype=np.float32),
        end=np.array([part.end[row] - shift[id(part)] for part, row in chosen], dtype=np.float32),
        null=null,
        item=None if parts[0].item is None else np.array(items, dtype=np.float32).reshape(-1, 3),
        sentence=None if parts[0].sentence is None else np.array(sentences, dtype=np.float32),
        time=None if parts[0].time is None else np.array(times, dtype=np.float32).reshape(-1, OUTPUTS[TIME]),
        asked=np.mean(asked, axis=0, dtype=np.float32) if asked else None,
        leans=sum(leans) / len(leans) if leans else None,
    )
