"""Where the settings, the articles and the index are by default.

    --config FILE                         that file
    ./config.toml                         else the one of the current folder
    ~/.config/dateline/config.toml        else that of the user, articles and index in ~/.local/share/dateline
    nothing                               else the defaults: in the current folder if it has articles or an index,
                                          else in ~/.local/share/dateline

The user's folders are those of the operating system (platformdirs); what stands here are Linux's.
"""

from dataclasses import dataclass
from pathlib import Path

FILE_NAME = "config.toml"
# the defaults of [corpus] path and [storage] path
CORPUS, STORAGE = "corpus", ".dateline"


@dataclass(frozen=True, slots=True)
class Home:
    """The configuration `file`, which may not be there, and the folder `data` where the default paths start."""

    file: Path
    data: Path
    has_file: bool = True


def find_home(path: Path | None) -> Home:
    """The file at `path` or, if that is None, the first that is there."""
    if path is not None:
        return Home(path, path.absolute().parent)
    here = Path(FILE_NAME)
    if here.exists() or here.is_symlink():
        return Home(here, here.absolute().parent)
    from platformdirs import user_config_path, user_data_path

    own, data = user_config_path("dateline", appauthor=False) / FILE_NAME, user_data_path("dateline", appauthor=False)
    if own.exists() or own.is_symlink():
        return Home(own, data)
    in_use = any(Path(name).is_dir() for name in (CORPUS, STORAGE))
    return Home(here, Path.cwd() if in_use else data, has_file=False)
