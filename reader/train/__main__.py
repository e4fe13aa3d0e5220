"""Trains the reader: from prepared arrays to an adapter and its heads.

    python -m reader.train DATA.npz --out FOLDER [--minutes N | --steps N] [--init ADAPTER] [--recipe FILE]

DATA.npz is what `python -m reader.train.prepare` wrote. A run that was stopped goes on where it was when the same
command is given again.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import torch

from reader.precision import faster_dtype
from reader.train.arrays import Arrays, dev_file
from reader.train.model import BASE, Trained
from reader.train.recipe import DEFAULT, Recipe
from reader.train.run import Goal, Run


def main() -> int:
    """See the module; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m reader.train", description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path, help="what reader.train.prepare wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder for adapter, heads, log and checkpoint")
    parser.add_argument("--recipe", type=Path, default=DEFAULT, help="rates and weights (default: the shipped one)")
    parser.add_argument("--base", default=BASE, help=f"folder or name of the model to train on (default: {BASE})")
    parser.add_argument("--init", type=Path, default=None, help="adapter folder to go on from (default: a new one)")
    parser.add_argument("--steps", type=int, default=None, help="end after so many (default: one pass)")
    parser.add_argument("--minutes", type=float, default=None, help="end after so many of training")
    parser.add_argument("--tokens", type=int, default=None, help="padded tokens a step (default: the recipe's)")
    parser.add_argument(
        "--dtype", choices=("float32", "bfloat16"), default=None, help="of the base (default: the faster)"
    )
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    recipe = Recipe.load(options.recipe)
    training = recipe.training if options.tokens is None else replace(recipe.training, tokens=options.tokens)
    torch.manual_seed(recipe.seed)
    arrays, dev = Arrays.load(options.data), Arrays.load(dev_file(options.data))
    base = Path(options.base)
    if not base.is_dir():
        from retrieval.models import resolve  # it is not where a folder is given
        from retrieval.progress import silent

        base = resolve(options.base, silent)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = faster_dtype(device.type) if options.dtype is None else getattr(torch, options.dtype)
    print(f"The base is in {dtype}, on {device}.", flush=True)
    trained = Trained.build(base, training.rank, options.init, dtype, training.dropout).to(device)
    Run(trained, arrays, dev, options.out, training, recipe.seed, Goal(options.steps, options.minutes)).train()
    return 0


if __name__ == "__main__":
    sys.exit(main())
