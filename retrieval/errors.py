"""Everything that Dateline raises on purpose.

    DatelineError
    ├── UsageError            an invalid question, option or setting (exit status 2)
    │   └── ConfigError       config.toml or the environment
    ├── ArticleError          one file that is not a readable article: it is reported and skipped
    │   ├── VanishedError     it was deleted between being listed and being read
    │   └── OutsideCorpusError      a link that leads out of the corpus, which is not followed
    ├── FetchError            one address on the web that gives no page
    ├── CorpusError           the folder of articles as a whole
    ├── ModelError            weights that are missing, damaged or of the wrong kind
    │   └── ConversionError   a model that cannot be compiled (retrieval/engine.py)
    ├── StoreError            the database or the index
    │   ├── NoIndexError      nothing has been indexed yet
    │   ├── IndexMismatchError  the index was made with another encoder
    │   ├── BusyError         another process is writing
    │   └── ConnectionLostError         the connection to a server was lost in the middle
    ├── CitationError         a quote that is not what the stored article says
    └── TooManyError          the limit of followed questions is reached (bot/following/questions.py)

Each message is one sentence (or two short ones) that names the value, what was expected and how to fix it. Errors of
other libraries are translated where they enter; only the CLI and the Discord bot show them.

    StoreError("The index file %s is damaged; {bring the index up to date} to rebuild it.", Path("/srv/x.faiss"))

What is this machine's own business, its folders and servers and what other libraries say, are values apart from the
text; Discord shows their names only. What is done by a command or a key of config.toml stands in braces, in
words that hold anywhere; a terminal is shown the command instead (bot/mends.py).
"""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

NO_COMMANDS: Mapping[str, str] = {}
_MEND = re.compile(r"\{([a-z']+ [a-z' ]+)\}")


class DatelineError(Exception):
    """Base of all: a text with a value for each %s, the last of which may be the error that it is raised from.

    `exit_status` is what the command exits with.
    """

    exit_status = 1

    def __str__(self) -> str:
        return render_message(self.text())

    def text(self, *, redacted: bool = False) -> str:
        """The text with its values filled in, only their names if `redacted`; mends are still in braces."""
        values = iter((*self.args[1:], self.__cause__))
        return re.sub("%s", lambda found: _shown(next(values, None), redacted), str(self.args[0]))


class UsageError(DatelineError):
    """What the person asked for is invalid."""

    exit_status = 2


class ConfigError(UsageError):
    """A setting is unknown, of the wrong type or out of range."""


class ArticleError(DatelineError):
    """One file cannot be read as an article."""


class FetchError(DatelineError):
    """An address on the web gives no page; the text is `url` and what its `problem` is."""

    def __init__(self, url: str, problem: str) -> None:
        super().__init__("%s %s.", url, problem)
        self.url = url
        self.problem = problem


class VanishedError(ArticleError):
    """A file was deleted after the folder was listed."""


class OutsideCorpusError(ArticleError):
    """A link of the corpus leads to a file outside of it."""

    def __init__(self) -> None:
        super().__init__(
            "is a link to a file outside of the corpus, which is not followed; put the file itself there, or "
            "{follow such links}"
        )


class CorpusError(DatelineError):
    """The folder of articles is missing or empty."""


class ModelError(DatelineError):
    """A model is missing, damaged or of the wrong kind."""


class StoreError(DatelineError):
    """The database or the index is damaged or cannot be written."""


class NoIndexError(StoreError):
    """Nothing has been indexed yet in a `place`."""

    def __init__(self, place: object) -> None:
        mend = "{bring the index up to date}, or, if there is one elsewhere, {use its settings}"
        super().__init__(f"There is no index in %s yet; {mend}.", place)


class IndexMismatchError(StoreError):
    """The index was made with another encoder than the one configured."""


class BusyError(StoreError):
    """Another process is writing to the store."""


class ConnectionLostError(StoreError):
    """The connection to the store's server was lost; what was read may be read again over another one."""


class CitationError(DatelineError):
    """A quote is not what the stored article says."""


def render_message(text: str, commands: Mapping[str, str] = NO_COMMANDS) -> str:
    """The text with each mend in braces replaced by its command, or written out where it has none."""
    return _MEND.sub(lambda found: commands.get(found[1], found[1]), text)


def did_you_mean(name: str, known: Iterable[str], otherwise: str) -> str:
    """The end of a message about an unknown name: the nearest known one, or `otherwise`."""
    close = get_close_matches(name, list(known), n=1)
    return f"did you mean {close[0]}?" if close else otherwise


def _shown(value: object, redacted: bool) -> str:
    if isinstance(value, OSError) and value.strerror is not None:
        return value.strerror
    if value is None:
        return "%s"  # as somebody wrote it, who is quoted
    if redacted and not isinstance(value, str):
        return str(getattr(value, "name", type(value).__name__))
    return " ".join(str(value).split())[:300] if isinstance(value, Exception) else str(value)


def reason(error: OSError) -> str:
    """Why the system refused, in its words: "No space left on device"."""
    return error.strerror if error.strerror is not None else str(error)
