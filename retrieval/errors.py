"""Everything that Dateline raises on purpose.

    DatelineError
    ├── UsageError            an invalid question, option or setting (exit status 2)
    │   └── ConfigError       config.toml or the environment
    ├── ArticleError          one file that is not a readable article: it is reported and skipped
    │   ├── VanishedError     it was deleted between being listed and being read
    │   └── OutsideError      a link that leads out of the corpus, which is not followed
    ├── FetchError            one address on the web that gives no page
    ├── CorpusError           the folder of articles as a whole
    ├── ModelError            weights that are missing, damaged or of the wrong kind
    ├── StoreError            the database or the index
    │   ├── NoIndexError      nothing has been indexed yet
    │   ├── IndexMismatchError  the index was made with another encoder
    │   ├── BusyError         another process is writing
    │   └── LostError         the connection to a server was lost in the middle
    └── CitationError         a quote that is not what the stored article says

Each message is one sentence (or two short ones) that names the value, what was expected and how to fix it. Errors of
other libraries are translated where they enter; they become words for people in the CLI and the Discord client only.
"""


class DatelineError(Exception):
    """Base of all; `exit_status` is what the command exits with."""

    exit_status = 1


class UsageError(DatelineError):
    """What the person asked for is invalid."""

    exit_status = 2


class ConfigError(UsageError):
    """A setting is unknown, of the wrong type or out of range."""


class ArticleError(DatelineError):
    """One file cannot be read as an article."""


class FetchError(DatelineError):
    """An address on the web gives no page; the message is `url` and what its `problem` is."""

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(f"{url} {problem}.")
        self.url = url
        self.problem = problem


class VanishedError(ArticleError):
    """A file was deleted after the folder was listed."""


class OutsideError(ArticleError):
    """A link of the corpus leads to a file outside of it."""

    def __init__(self) -> None:
        super().__init__(
            "is a link to a file outside of the corpus, which is not followed; put the file itself there, or set "
            "[corpus] follow_links in config.toml"
        )


class CorpusError(DatelineError):
    """The folder of articles is missing or empty."""


class ModelError(DatelineError):
    """A model is missing, damaged or of the wrong kind."""


class StoreError(DatelineError):
    """The database or the index is damaged or cannot be written."""


class NoIndexError(StoreError):
    """Nothing has been indexed yet."""


class IndexMismatchError(StoreError):
    """The index was made with another encoder than the one configured."""


class BusyError(StoreError):
    """Another process is writing to the store."""


class LostError(StoreError):
    """The connection to the store's server was lost; what was read may be read again over another one."""


class CitationError(DatelineError):
    """A quote is not what the stored article says."""


def reason(error: OSError) -> str:
    """Why the system refused, in its words: "No space left on device"."""
    return error.strerror if error.strerror is not None else str(error)
