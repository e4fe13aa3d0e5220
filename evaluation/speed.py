"""What a person waits for: `dateline evaluate speed [--repeat N]`.

cold     a new process answers one question and ends: imports, loading both models, retrieving, reading
--help   a new process prints its help and ends
warm     questions to a process that is ready: retrieving, reading, and the two together
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from evaluation.answers import QUESTIONS, load
from evaluation.commands import Parser, explained, positive
from evaluation.wiring import CORPUS, ROOT


def timed(command: Sequence[str], folder: Path) -> float:
    """The seconds until `command` has ended. Raises CalledProcessError if it fails."""
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - began


@explained
def main(arguments: Sequence[str] | None = None) -> int:
    """See the module; returns the exit status."""
    parser = Parser("speed", __doc__)
    parser.add_argument("--repeat", type=positive, default=3, help="how often each cold start is taken")
    parser.add_argument("--questions", type=positive, default=30)
    options = parser.parse_args(arguments)
    questions = [asked.question for asked in load(QUESTIONS)][: options.questions]
    dateline = [sys.executable, "-m", "bot"]
    with tempfile.TemporaryDirectory(prefix="dateline-") as storage:
        config = Path(storage, "config.toml")
        config.write_text(f"[corpus]\npath = {json.dumps(str(CORPUS))}\n[storage]\npath = {json.dumps(storage)}\n")
        settings = ["--config", str(config)]
        indexing = timed([*dateline, "index", *settings], ROOT)
        again = min(timed([*dateline, "index", *settings], ROOT) for _ in range(options.repeat))
        shown = min(timed([*dateline, "--help"], ROOT) for _ in range(options.repeat))
        cold = [timed([*dateline, "ask", questions[0], *settings], ROOT) for _ in range(options.repeat)]
        lines = subprocess.run(
            [*dateline, "ask", "--json", "-", *settings],
            cwd=ROOT,
            input="\n".join(questions),
            capture_output=True,
            check=True,
            encoding="utf-8",
        ).stdout.splitlines()
    print(f"index, sample corpus    {indexing:7.2f} s    with nothing new {again:.2f} s")
    print(f"--help                  {shown:7.2f} s")
    print(f"cold answer             {statistics.median(cold):7.2f} s    median of {len(cold)}")
    timings = [json.loads(line)["timing_ms"] for line in lines]
    for name in ("retrieve", "read", "total"):
        values = sorted(timing[name] / 1000 for timing in timings)
        print(
            f"warm answer, {name:9}  {statistics.median(values):7.3f} s    "
            f"p95 {values[int(len(values) * 0.95)]:.3f} s over {len(values)} questions"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
