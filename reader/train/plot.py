"""A picture of a run's log: `python -m reader.train.plot LOG --out FILE`."""

import argparse
import json
import sys
from pathlib import Path

SMOOTH = 10  # entries


def main() -> int:
    """See the module; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m reader.train.plot", description=__doc__)
    parser.add_argument("log", type=Path, help="the log.jsonl of a run")
    parser.add_argument("--out", type=Path, required=True, help="the picture to write; its suffix decides the format")
    options = parser.parse_args()
    from matplotlib.figure import Figure

    entries = [json.loads(line) for line in options.log.read_text(encoding="utf-8").splitlines()]
    steps = [entry for entry in entries if "span" in entry]
    scored = [entry for entry in entries if "dev_span" in entry]
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for name in ("span", "item", "sentence"):
        mean = steps[0][name]
        line = []
        for entry in steps:
            mean += (entry[name] - mean) / SMOOTH
            line.append(mean)
        axes.plot([entry["step"] for entry in steps], line, label=f"{name}, training (running mean)")
        axes.plot(
            [entry["step"] for entry in scored], [entry[f"dev_{name}"] for entry in scored], "o", label=f"{name}, dev"
        )
    axes.set(xlabel="step", ylabel="loss (nats)", ylim=(0, None))
    axes.legend()
    figure.savefig(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
