"""A transformer, compiled for this machine's processor by OpenVINO.

Converting is done once, when the models are prepared: PyTorch builds the network, OpenVINO traces it, and the graph is
kept beside its tokenizer. Then answering imports neither PyTorch nor transformers, which take seconds, and reads twice
as many tokens a second.

    graph.xml, graph.bin   the network, its weights in float16
    tokenizer.json         as the tokenizers library reads it
    engine.json            how the network is called, and in which precision this processor runs it fastest
    compiled/              what OpenVINO made of it for this processor

Integers of 8 bits were tried and left: a reader takes a fifth less time, but 6 of 90 questions got another answer than
in float32; with bfloat16 1 of 90 did. ONNX Runtime 1.32 was as fast in float32 (0.99 of OpenVINO's tokens a second of a
Zen 4's core, logits equal to 0.01), has no bfloat16 on x86, and with 8 bits, 1.5 times as fast as OpenVINO's bfloat16,
moved logits by up to 5: the best span was another one in 23 of 60 passages.

An input is read alone, on one thread, and as many at once as there are cores. So nothing is padded, no thread waits for
another in the middle of a layer, and several askers share the cores fairly.
"""

import json
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import ModelError
from retrieval.models import new_folder
from retrieval.progress import Progress
from retrieval.types import Precision

if TYPE_CHECKING:
    import openvino
    import torch

GRAPH, WEIGHTS = "graph.xml", "graph.bin"
MANIFEST = "engine.json"
TOKENIZER = "tokenizer.json"
COMPILED = "compiled"
# of a graph that is laid out otherwise, another number
FORMAT = 1

FAILED = "failed.txt"
# half of the time that importing OpenVINO takes, and of no use where a model only runs
_CONVERTER = "openvino.tools.ovc"
_log = logging.getLogger(__name__)
_ALONE = threading.Lock()  # what two threads may not do at once

_HINTS: Mapping[Precision, str] = {"float32": "f32", "bfloat16": "bf16"}
# a lower precision is taken only where it is faster by this much
_WORTH_IT = 1.33
_MEASURED_TOKENS, _MEASURED_RUNS = 192, 6


class ConversionError(ModelError):
    """A model that cannot be compiled."""


class Tokens(Protocol):
    """One input of a network: `ids` and `types`, both (length,) int64, with the special tokens."""

    @property
    def ids(self) -> NDArray[np.int64]: ...

    @property
    def types(self) -> NDArray[np.int64]: ...


@dataclass(frozen=True, slots=True)
class Text:
    """The tokens of a text and nothing else."""

    ids: NDArray[np.int64]
    types: NDArray[np.int64]


Outputs = Mapping[str, NDArray[np.float32]]


class Network(Protocol):
    """A transformer, however it is run."""

    def run(self, inputs: Sequence[Tokens]) -> list[Outputs]:
        """The outputs for each input, by name: float32, one row for each token where they are about tokens."""
        ...


@dataclass(frozen=True, slots=True)
class Manifest:
    """What engine.json says. `types` is whether the network takes them; `more` is the caller's own data.

    `size` is that of graph.bin in bytes. `fastest` has what was measured, by processor.
    """

    outputs: tuple[str, ...]
    types: bool
    size: int
    more: Mapping[str, Any]
    fastest: Mapping[str, Precision]

    @classmethod
    def load(cls, folder: Path) -> "Manifest":
        """Raises ModelError where the folder is damaged."""
        try:
            found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            manifest = cls(tuple(found["outputs"]), found["types"], found["size"], found["more"], found["fastest"])
            if (folder / WEIGHTS).stat().st_size != manifest.size:
                raise ValueError
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _damaged(folder) from error
        return manifest

    def save(self, folder: Path) -> None:
        """Writes the file as a whole."""
        temporary = folder / f"{MANIFEST}.{os.getpid()}"
        temporary.write_text(json.dumps(asdict(self)), encoding="utf-8")
        temporary.replace(folder / MANIFEST)


def is_compiled(folder: Path) -> bool:
    """Whether a model's folder is one of this module, and not one of transformers."""
    return (folder / MANIFEST).is_file()


def convert(
    module: "torch.nn.Module", outputs: Sequence[str], types: bool, folder: Path, more: Mapping[str, Any]
) -> None:
    """Writes graph and manifest into `folder`.

    `module` takes ids and, if `types`, token types, both (1, length) int64, and gives the `outputs`, each with a first
    dimension of 1. Raises ConversionError where it cannot be converted, ModelError where it cannot be written.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type] # converting reports to nobody
    sys.modules.pop(_CONVERTER, None)
    import openvino
    import torch
    from openvino.tools.ovc import convert_model

    example = torch.randint(5, 100, (1, 33))
    try:
        with torch.inference_mode(), warnings.catch_warnings():
            # tracing warns of each branch that it fixes; the result is compared with the original instead
            warnings.simplefilter("ignore")
            graph = convert_model(module, example_input=(example, example * 0) if types else (example,))
        graph.reshape({number: [1, -1] for number in range(len(graph.inputs))})
        for name, port in zip(outputs, graph.outputs, strict=True):
            port.get_tensor().set_names({name})
    except Exception as error:  # whatever tracing an unknown model raises
        raise ConversionError("OpenVINO cannot convert it (%s)") from error
    try:
        openvino.save_model(graph, folder / GRAPH, compress_to_fp16=True)
    except (OSError, RuntimeError) as error:  # a full disk says nothing about the model
        text = "The compiled model cannot be written to %s (%s); free some space."
        raise ModelError(text, folder) from error
    Manifest(tuple(outputs), types, (folder / WEIGHTS).stat().st_size, more, {}).save(folder)


def compiled_or_own(
    name: str, target: Path, source: Callable[[], Path], write: Callable[[Path, Path], None], progress: Progress
) -> Path:
    """The folder `target` of the model called `name`, which `write(source, target)` compiles if it is not there yet.

    It is the `source`'s own folder for a model that cannot be compiled, and a warning tells so. Raises ModelError.
    """
    if is_compiled(target):
        return target
    own = source()
    if not target.is_dir():
        with new_folder(target) as folder, progress(f"Compiling {name}", 1) as advance:
            if not target.is_dir():
                try:
                    write(own, folder)
                except ConversionError as error:
                    for file in folder.iterdir():
                        file.unlink() if file.is_file() else shutil.rmtree(file)
                    (folder / FAILED).write_text(str(error), encoding="utf-8")
            advance(1)
    if is_compiled(target):
        return target
    _log.warning("%s is run by PyTorch, which is slower: %s", name, (target / FAILED).read_text(encoding="utf-8"))
    return own


class CompiledNetwork:
    """See the module. Safe to be used by several threads at once."""

    def __init__(self, model: "openvino.CompiledModel", manifest: Manifest, precision: Precision, workers: int) -> None:
        self.precision = precision
        self.threads = int(model.get_property("INFERENCE_NUM_THREADS"))
        self.inputs_at_once = workers
        self._manifest = manifest
        self._workers = ThreadPoolExecutor(workers, "network")
        self._idle: SimpleQueue[openvino.InferRequest] = SimpleQueue()
        for _ in range(workers):
            self._idle.put(model.create_infer_request())
        # the first input makes OpenVINO lay out the weights: better while something else is loaded than in a question
        self.run([Text(np.zeros(2, dtype=np.int64), np.zeros(2, dtype=np.int64))] * workers)

    @classmethod
    def load(cls, folder: Path, precision: Precision | None = None, *, keep: bool = True) -> "CompiledNetwork":
        """The network in a folder that `convert` filled; without a precision, in the one that is fastest here.

        What is fastest is measured where that is not known of this processor. What OpenVINO makes of the graph is kept
        in the folder, so that the next process need not wait for it, unless `keep` says no. Raises ModelError.
        """
        sys.modules.setdefault(_CONVERTER, None)  # type: ignore[arg-type]
        import openvino

        manifest, core = Manifest.load(folder), openvino.Core()
        with _ALONE:
            # the first array that OpenVINO sees makes it look up NumPy; two threads that do so lock each other out
            openvino.Tensor(np.zeros(1, dtype=np.int64))
            if precision is None:
                precision = _fastest(folder, manifest, core)
        workers = len(os.sched_getaffinity(0))
        options = {
            "INFERENCE_PRECISION_HINT": _HINTS[precision],
            "NUM_STREAMS": workers,
            "INFERENCE_NUM_THREADS": workers,
        }
        if keep and os.access(folder, os.W_OK):
            options["CACHE_DIR"] = str(folder / COMPILED)
        try:
            model = core.compile_model(folder / GRAPH, "CPU", options)
        except RuntimeError as error:
            raise _damaged(folder) from error
        return cls(model, manifest, precision, workers)

    @property
    def more(self) -> Mapping[str, Any]:
        """What was given to `convert`."""
        return self._manifest.more

    def run(self, inputs: Sequence[Tokens]) -> list[Outputs]:
        """See `Network.run`; the longest inputs begin first, so that no core waits long for another at the end."""
        if len(inputs) == 1:
            return [self._one(inputs[0])]
        order = sorted(range(len(inputs)), key=lambda place: -len(inputs[place].ids))
        found = dict(zip(order, self._workers.map(self._one, [inputs[place] for place in order]), strict=True))
        return [found[place] for place in range(len(inputs))]

    def _one(self, tokens: Tokens) -> Outputs:
        request = self._idle.get()
        try:
            given = (tokens.ids, tokens.types) if self._manifest.types else (tokens.ids,)
            request.infer([array[None] for array in given])
            # copied: the next input is written over it
            return {name: request.get_tensor(name).data[0].astype(np.float32) for name in self._manifest.outputs}
        finally:
            self._idle.put(request)


def processor(core: "openvino.Core") -> str:
    """The processor as `Manifest.fastest` knows it: its name, cores, and what it can do.

    The name alone does not tell what a virtual machine lets through.
    """
    name, able = core.get_property("CPU", "FULL_DEVICE_NAME"), core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return f"{name}, {os.cpu_count()} cores, {' '.join(sorted(able))}"


def _fastest(folder: Path, manifest: Manifest, core: "openvino.Core") -> Precision:
    this = processor(core)
    known = manifest.fastest.get(this)
    if known is not None:
        return known
    speeds = {each: _measured(folder, each) for each in get_args(Precision) if each == "float32" or "BF16" in this}
    best: Precision = "bfloat16" if speeds.get("bfloat16", 0.0) > _WORTH_IT * speeds["float32"] else "float32"
    if os.access(folder, os.W_OK):
        replace(manifest, fastest={**manifest.fastest, this: best}).save(folder)
    return best


def _measured(folder: Path, precision: Precision) -> float:
    """Tokens a second of CPU time, in a process of its own: one that has compiled in both was seen to crash."""
    root = str(Path(__file__).resolve().parent.parent)
    found = subprocess.run(
        [sys.executable, "-m", __name__, str(folder), precision],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])},
    )
    try:
        return float(found.stdout)
    except ValueError:
        return 0.0


def _speed(folder: Path, precision: Precision) -> float:
    ids = np.arange(5, 5 + _MEASURED_TOKENS, dtype=np.int64)
    inputs = [Text(ids, ids * 0)] * (2 * len(os.sched_getaffinity(0)))
    network = CompiledNetwork.load(folder, precision, keep=False)
    network.run(inputs)
    took = []
    for _ in range(_MEASURED_RUNS):
        began = time.process_time()  # the clock would say which precision had less of a busy machine
        network.run(inputs)
        took.append(time.process_time() - began)
    return len(inputs) * _MEASURED_TOKENS / min(took)


def _damaged(folder: Path) -> ModelError:
    return ModelError("The prepared model in %s is damaged; delete that folder and it is prepared again.", folder)


if __name__ == "__main__":
    print(_speed(Path(sys.argv[1]), sys.argv[2]))  # type: ignore[arg-type]
