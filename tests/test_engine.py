"""Compiled models: vectors and answers as in PyTorch, several threads at once, the precision that was measured."""

import json
import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot.assistant import Assistant, index_corpus
from bot.settings import Settings
from evaluation.answers import QUESTIONS, load
from reader.aggregate import Threshold
from reader.answering import Answerer
from reader.confidence import Calibration
from reader.inputs import Window
from reader.model import TransformersReader
from reader.prepare import prepared_reader
from reader.pytorch import compile_reader
from retrieval.encoder import CompiledEncoder, Encoder, SentenceTransformerEncoder, prepared_encoder
from retrieval.engine import CompiledNetwork, ConversionError, Manifest, compiled_or_own, is_compiled
from retrieval.models import ENCODER, READER_BASE, resolve
from retrieval.progress import silent
from retrieval.types import Precision
from tests import tiny
from tests.conftest import ROOT

# what takes seconds to import, and knows nothing that an answer needs
HEAVY = {"torch", "transformers", "sentence_transformers", "scipy", "sklearn", "pandas", "trafilatura", "discord"}
MODULES = 1000


@pytest.fixture
def compiled(tmp_path: Path) -> Path:
    """A tiny reader, compiled."""
    source = tiny.save(tmp_path / "source", tiny.wordpiece())
    folder = tmp_path / "compiled"
    folder.mkdir()
    compile_reader(source, folder)
    return folder


def test_vectors_are_those_of_sentence_transformers(encoder: Encoder) -> None:
    assert isinstance(encoder, CompiledEncoder)
    original = SentenceTransformerEncoder.load(resolve(ENCODER, silent))
    texts = ["Who attended the Caracas meeting?", " 東京\n", "", "a" * 3000, "Lavrov met Maduro in Caracas. " * 200]
    texts += [path.read_text(encoding="utf-8")[:600] for path in (ROOT / "corpus").glob("*.md")]
    vectors, due = encoder.encode(texts), original.encode(texts)
    assert (vectors * due).sum(axis=1).min() > 0.9999
    assert vectors.dtype == np.float32
    assert vectors.shape == due.shape
    assert (encoder.fingerprint, encoder.dimension) == (original.fingerprint, original.dimension)
    assert encoder.encode([]).shape == (0, encoder.dimension)


def test_answers_are_those_of_pytorch_in_float32(sample: Assistant, reader: TransformersReader) -> None:
    adapter = ROOT / "reader" / "weights"
    own = TransformersReader.load(prepared_reader(READER_BASE, adapter, silent, compiled=False), "float32")
    answerer = Answerer(own, Calibration.load(adapter), Threshold(0.7, 0.3, 20))
    asked = load(QUESTIONS)[::9]
    other = 0
    for each in asked:
        answer = sample.ask(each.question, k=3)
        due = answerer.answer(answer.evidence, 0.0)
        other += [item.text for item in answer.answers] != [item.text for item in due.answers]
    assert len(asked) > 8
    assert other <= 1


def test_several_threads_get_each_their_own(compiled: Path) -> None:
    network = CompiledNetwork.load(compiled, "float32")
    inputs = [Window.of(range(1, length)) for length in range(2, 40)]
    due = [network.run([each])[0]["hidden"] for each in inputs]
    with ThreadPoolExecutor(4) as askers:
        for found in askers.map(network.run, [inputs] * 8):
            for one, other in zip(found, due, strict=True):
                assert np.array_equal(one["hidden"], other)


def test_the_fastest_precision_is_measured_once_for_a_processor(compiled: Path) -> None:
    network = CompiledNetwork.load(compiled)
    ((processor, fastest),) = Manifest.load(compiled).fastest.items()
    assert network.precision == fastest
    # what was found is not looked for again, and another processor's figure says nothing
    other: Precision = "bfloat16" if fastest == "float32" else "float32"
    replace(Manifest.load(compiled), fastest={processor: other, "another": fastest}).save(compiled)
    assert CompiledNetwork.load(compiled).precision == other
    assert CompiledNetwork.load(compiled, fastest).precision == fastest


def test_what_cannot_be_compiled_is_run_by_pytorch_and_tried_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tries = []

    def write(source: Path, folder: Path) -> None:
        tries.append(source)
        (folder / "half").mkdir()
        raise ConversionError("OpenVINO cannot convert it (an unknown layer)")

    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert compiled_or_own("odd/model", tmp_path / "odd", lambda: tmp_path, write, silent) == tmp_path
    assert tries == [tmp_path]
    assert [record.getMessage() for record in caplog.records] == 2 * [
        "odd/model is run by PyTorch, which is slower: OpenVINO cannot convert it (an unknown layer)"
    ]
    assert not is_compiled(tmp_path / "odd")


def test_an_answer_imports_no_more_than_it_needs(tmp_path: Path) -> None:
    """Seconds differ from machine to machine; what is loaded does not."""
    assert is_compiled(prepared_encoder(ENCODER, silent))
    config = tmp_path / "config.toml"
    config.write_text(f"[corpus]\npath = {json.dumps(str(ROOT / 'corpus'))}\n")
    program = """
import json, sys
from bot.cli import main
status = main(sys.argv[1:])
print(json.dumps([status, sorted({name.partition(".")[0] for name in sys.modules}), len(sys.modules)]))
"""

    def run(*arguments: str) -> tuple[int, set[str], int]:
        command = [sys.executable, "-c", program, *arguments, "--config", str(config)]
        shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        status, packages, modules = json.loads(shown.splitlines()[-1])
        return status, set(packages), modules

    index_corpus(Settings.load(config), silent)
    status, packages, modules = run("ask", "Who attended the Caracas meeting?")
    assert status == 0
    assert not packages & HEAVY
    assert modules <= MODULES
    status, packages, modules = run("status")
    assert not packages & {*HEAVY, "openvino"}
