"""The settings: config.toml, read once into frozen dataclasses.

Each section of the file is a dataclass here; each of its keys is a field with a default and the rule that a value must
meet. A relative path is taken from the folder that holds the file. `bot.home` says which file that is.
"""

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self, get_type_hints

from bot.home import CORPUS, STORAGE, Home, find_home
from bot.question import MAX_CHARACTERS, MAX_PASSAGES
from bot.rules import (
    ADAPTER,
    FLAG,
    FOLDER,
    IDS,
    LEVEL,
    MEGABYTES,
    MODEL,
    ORIGIN,
    PRECISION,
    PROBABILITY,
    ROOT,
    SECONDS,
    SERVER,
    TIME_LIMIT,
    Rule,
    whole,
)
from retrieval.errors import ConfigError, did_you_mean
from retrieval.types import Precision


@dataclass(frozen=True, slots=True)
class CorpusSettings:
    """[corpus]: the folder of articles; `follow_links` that lead out of it; `origin`, its name among several that are
    indexed into one store, "" for none."""

    path: Annotated[Path, FOLDER] = Path(CORPUS)
    follow_links: Annotated[bool, FLAG] = False
    origin: Annotated[str, ORIGIN] = ""


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """[storage]: the folder of the database, the index and the chat's history; `url` of a server that keeps the first
    two instead, None for none."""

    path: Annotated[Path, FOLDER] = Path(STORAGE)
    url: Annotated[str | None, SERVER] = None


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """[encoder]: the model that finds passages."""

    model: Annotated[str, MODEL] = "sentence-transformers/all-MiniLM-L6-v2"


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """[reader]: the model that finds answers; `adapter` is merged into it, None for a model that is whole."""

    model: Annotated[str, MODEL] = "sentence-transformers/all-mpnet-base-v2"
    adapter: Annotated[Path | None, ADAPTER] = ROOT / "reader/weights"


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """[engine]: whether both models are `compiled`, and their `precision`, None for what is fastest on this machine."""

    compiled: Annotated[bool, FLAG] = True
    precision: Annotated[Precision | None, PRECISION] = None


@dataclass(frozen=True, slots=True)
class RetrievalSettings:
    """[retrieval]: `passages` is how many are read for one question."""

    passages: Annotated[int, whole(1, MAX_PASSAGES)] = 8


@dataclass(frozen=True, slots=True)
class AnswersSettings:
    """[answers]: an answer is given from the probability `threshold`, marked unsure from `unsure`, and "not found"
    below; a list has `max_items` at most."""

    threshold: Annotated[float, PROBABILITY] = 0.7
    unsure: Annotated[float, PROBABILITY] = 0.3
    max_items: Annotated[int, whole(1, 1000)] = 20


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """[fetch]: limits of one page from the web: seconds in all, megabytes unpacked, hosts of the own network or not."""

    timeout_seconds: Annotated[float, TIME_LIMIT] = 30.0
    max_megabytes: Annotated[float, MEGABYTES] = 20.0
    private_addresses: Annotated[bool, FLAG] = False


@dataclass(frozen=True, slots=True)
class DiscordSettings:
    """[discord]: ids of servers, channels and roles; seconds between the questions of one person, or in one channel.

    `queue_size` questions may wait, each of `max_question_length` characters at most; a server may add `adds_per_day`
    times; a person, and all of a server, may follow so many questions at once; `health_port` 0 turns it off.
    """

    guilds: Annotated[tuple[int, ...], IDS] = ()
    channels: Annotated[tuple[int, ...], IDS] = ()
    direct_messages: Annotated[bool, FLAG] = True
    user_install: Annotated[bool, FLAG] = False
    cooldown_seconds: Annotated[float, SECONDS] = 10.0
    channel_cooldown_seconds: Annotated[float, SECONDS] = 0.0
    max_question_length: Annotated[int, whole(1, MAX_CHARACTERS)] = MAX_CHARACTERS
    queue_size: Annotated[int, whole(1, 10_000)] = 50
    admin_roles: Annotated[tuple[int, ...], IDS] = ()
    adds_per_day: Annotated[int, whole(0, 10_000)] = 50
    max_followed_per_person: Annotated[int, whole(0, 10_000)] = 10
    max_followed_per_server: Annotated[int, whole(0, 10_000)] = 100
    health_port: Annotated[int, whole(0, 65_535)] = 0


@dataclass(frozen=True, slots=True)
class LoggingSettings:
    """[logging]: what goes to standard error."""

    level: Annotated[str, LEVEL] = "warning"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything in config.toml, one attribute a section."""

    corpus: CorpusSettings = CorpusSettings()
    storage: StorageSettings = StorageSettings()
    encoder: EncoderSettings = EncoderSettings()
    reader: ReaderSettings = ReaderSettings()
    engine: EngineSettings = EngineSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    answers: AnswersSettings = AnswersSettings()
    fetch: FetchSettings = FetchSettings()
    discord: DiscordSettings = DiscordSettings()
    logging: LoggingSettings = LoggingSettings()

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """The settings in `path`; without one, those of the file that `bot.home` finds, else the defaults.

        Raises ConfigError, which names the file, the key, its value, what was expected and how to mend it.
        """
        home = find_home(path)
        file = home.file
        tables = _parse(file) if home.has_file else {}
        sections = {section.name: section.default for section in dataclasses.fields(cls)}
        for name, table in tables.items():
            _check_section(file, name, table, sections)
        settings = cls(
            **{name: _section(home, name, defaults, tables.get(name, {})) for name, defaults in sections.items()}
        )
        _check_apart(file, settings)
        _check_answers(file, settings.answers)
        return settings


def _parse(file: Path) -> dict[str, Any]:
    try:
        # utf-8-sig: editors on Windows put a byte order mark in front
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError as error:
        raise ConfigError(
            "The configuration file %s does not exist; check the path given with --config.", file
        ) from error
    except OSError as error:
        raise ConfigError("The configuration file %s cannot be read (%s); check its permissions.", file) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{file} is not valid TOML: {error}; config.toml of the repository is an example.") from error


def _check_section(file: Path, name: str, table: object, sections: Mapping[str, Any]) -> None:
    if name in sections:
        if not isinstance(table, dict):
            raise ConfigError(
                f"{file}: {name} is {_shown(table)}, expected a section; write [{name}] and its keys below."
            )
        return
    for section, defaults in sections.items():
        if not isinstance(table, dict) and name in _rules(defaults):
            raise ConfigError(f"{file}: the key {name} is outside its section; move it below [{section}].")
    raise ConfigError(f"{file}: unknown section [{_name(name)}]; {_nearest(name, sections)}")


def _section(home: Home, name: str, defaults: Any, table: Mapping[str, object]) -> Any:
    file, folder, rules = home.file, home.file.absolute().parent, _rules(defaults)
    values: dict[str, object] = {
        # a default path is relative too: to the file, wherever the program is started
        key: home.data / default if isinstance(default := getattr(defaults, key), Path) else default
        for key in rules
    }
    for key, value in table.items():
        if key not in rules:
            raise ConfigError(f"{file}: unknown key {_name(key)} in [{name}]; {_nearest(key, rules)}")
        try:
            values[key] = rules[key].read(value, folder)
        except ValueError as error:
            raise ConfigError(
                f"{file}: [{name}] {key} is {'wrong' if rules[key].secret else _shown(value)}, expected "
                f"{rules[key].expected}; "
                "correct it, or remove the line to use the default."
            ) from error
    return type(defaults)(**values)


def _check_apart(file: Path, settings: Settings) -> None:
    """The index must not stand among the articles, or `watch` would take each of its own changes for a new article."""
    corpus, storage = (Path(os.path.realpath(path)) for path in (settings.corpus.path, settings.storage.path))
    if storage.is_relative_to(corpus) and not any(part[0] == "." for part in storage.relative_to(corpus).parts):
        raise ConfigError(
            f"{file}: [storage] path is {settings.storage.path}, among the articles in {settings.corpus.path}; "
            'expected another folder, such as ".dateline".'
        )


def _check_answers(file: Path, answers: AnswersSettings) -> None:
    if answers.unsure > (most := answers.threshold):
        problem = f"[answers] unsure is {answers.unsure:g}, more than threshold, which is {most:g}"
        raise ConfigError(f"{file}: {problem}; write unsure = {most:g} or less.")


def _rules(defaults: Any) -> dict[str, Rule]:
    hints = get_type_hints(type(defaults), include_extras=True)
    return {key: hint.__metadata__[0] for key, hint in hints.items()}


def _nearest(name: str, known: Mapping[str, object]) -> str:
    return did_you_mean(name, known, f"expected one of {', '.join(known)}.")


def _name(name: str) -> str:
    return name if name.isidentifier() and len(name) < 60 else _shown(name)


def _shown(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
