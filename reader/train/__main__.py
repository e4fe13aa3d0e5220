"""Trains the reader: from a folder of SQuAD-shaped files to an adapter and its heads.

    python -m reader.train --data FOLDER --out FOLDER

The folder has `train/` and `dev/`; dev is only scored, never learned from. A run that was stopped goes on where it was
when the same command is given again. For a smoke test: `--questions 40`.
"""

import argparse
import random
from pathlib import Path

import torch

from reader.train.adapter import BASE, Trained
from reader.train.data import read_folder
from reader.train.negatives import read_negatives
from reader.train.run import Run, Settings, load_tokenizer
from reader.train.stages import STAGES, with_enumerations
from retrieval.models import quieten_transformers, resolve
from retrieval.progress import silent

DEV_QUESTIONS_OF_A_FILE = 60


def main() -> None:
    """See the module."""
    default = Settings()
    parser = argparse.ArgumentParser(prog="python -m reader.train", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with train/ and dev/")
    parser.add_argument("--out", type=Path, required=True, help="folder for adapter, heads, log and checkpoint")
    parser.add_argument("--base", default=BASE, help=f"model to train on (default: {BASE})")
    parser.add_argument("--init", type=Path, default=None, help="adapter folder to go on from (default: a new one)")
    parser.add_argument("--negatives", type=Path, default=None, help="file made by reader.train.negatives")
    parser.add_argument("--questions", type=int, default=None, help="at most so many of each file and stage")
    parser.add_argument("--stages", default=",".join(default.stages), help=f"of {', '.join(s.name for s in STAGES)}")
    parser.add_argument("--epochs", type=int, default=default.epochs)
    parser.add_argument("--rank", type=int, default=default.rank, help=f"of a new adapter (default {default.rank})")
    parser.add_argument("--layers", type=int, default=None, help="train only the upper so many (default: all)")
    parser.add_argument("--rate", type=float, default=default.rate, help=f"peak rate (default {default.rate})")
    parser.add_argument("--budget", type=int, default=default.budget, help="padded tokens a batch (default 2048)")
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    unknown = set(arguments.stages.split(",")) - {stage.name for stage in STAGES}
    if unknown:
        parser.error(f"--stages {','.join(sorted(unknown))}: not one of {', '.join(stage.name for stage in STAGES)}")
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    quieten_transformers()
    settings = Settings(
        rank=arguments.rank,
        layers=arguments.layers,
        stages=tuple(arguments.stages.split(",")),
        most=arguments.questions,
        epochs=arguments.epochs,
        budget=arguments.budget,
        rate=arguments.rate,
        seed=arguments.seed,
    )
    base = resolve(arguments.base, silent)
    dev = [
        question
        for name, several in read_folder(arguments.data / "dev").items()
        for question in random.Random(name).sample(several, min(len(several), DEV_QUESTIONS_OF_A_FILE))
    ]
    Run(
        trained=Trained.build(base, arguments.rank, arguments.layers, arguments.init),
        tokenizer=load_tokenizer(base),
        questions=with_enumerations(read_folder(arguments.data / "train")),
        dev=dev,
        negatives=read_negatives(arguments.negatives),
        folder=arguments.out,
        settings=settings,
    ).train()


if __name__ == "__main__":
    main()
