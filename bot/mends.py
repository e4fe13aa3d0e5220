"""The commands and keys of config.toml that mend errors of the other packages, which cannot name them.

Discord shows the general words: its users have no terminal.
"""

from retrieval.errors import DatelineError, render_message

# the mend in braces in a message of the other packages -> what to type
COMMANDS = {
    "bring the index up to date": "run `dateline index`",
    "embed all articles again": "run `dateline index --full`",
    "check the index": "run `dateline verify`",
    "name one of its articles": "`dateline status` lists the ids",
    "name one of its sources": "`dateline status` lists the sources",
    "take what is new in it": "`dateline feed` takes what is new in it",
    "fit it again": "fit it again with `dateline evaluate calibration`",
    "install the packages": "run `make setup`",
    "reinstall the packages": "delete .venv and run `make setup`",
    "install what a server needs": "install Dateline with `pip install .[postgres]`",
    "use its settings": "go to the folder of its config.toml, or name that file with --config",
    "set another folder for the articles": "set [corpus] path in config.toml to another folder",
    "set another folder for the index": "set [storage] path in config.toml to another folder",
    "follow such links": "set [corpus] follow_links in config.toml",
    "the server's address": "[storage] url",
    "the name of the model": "the name in config.toml",
    "the encoder": "[encoder] model",
    "the adapter's folder": "[reader] adapter in config.toml",
    "allow more time": "raise [fetch] timeout_seconds in config.toml",
    "allow larger pages": "raise [fetch] max_megabytes in config.toml",
    "allow private addresses": "set [fetch] private_addresses = true in config.toml",
}


def terminal_message(said: DatelineError | str) -> str:
    """The message of an error, or of a report, for a terminal: mends are commands."""
    return render_message(said.text() if isinstance(said, DatelineError) else said, COMMANDS)
