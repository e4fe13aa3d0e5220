"""config.toml: what it says is what is set, and what it cannot mean is one sentence that says how to mend it."""

import dataclasses
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules import ROOT
from bot.settings import Settings
from retrieval.errors import ConfigError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(folder: Path, content: str | bytes) -> Settings:
    file = folder / "config.toml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Settings.load(file)


def test_without_a_file_all_is_default_and_relative_to_the_current_folder(folder: Path) -> None:
    (folder / "corpus").mkdir()
    settings = Settings.load()
    assert settings.corpus.path == folder / "corpus"
    assert settings.storage.path == folder / ".dateline"
    assert settings.reader.adapter == ROOT / "reader/weights"


def test_the_shipped_file_documents_every_key_with_its_default() -> None:
    tables = tomllib.loads((ROOT / "config.toml").read_text(encoding="utf-8"))
    defaults = dataclasses.asdict(Settings())
    assert {name: list(table) for name, table in tables.items()} == {
        name: list(keys) for name, keys in defaults.items()
    }
    shipped = dataclasses.asdict(Settings.load(ROOT / "config.toml"))
    for section in ("corpus", "storage"):
        defaults[section]["path"] = ROOT / defaults[section]["path"]
    assert shipped == defaults


def test_paths_start_at_the_folder_of_the_file(folder: Path) -> None:
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    settings = load(elsewhere, '[corpus]\npath = "news"\n')
    assert settings.corpus.path == elsewhere / "news"
    assert settings.storage.path == elsewhere / ".dateline"
    assert load(elsewhere, '[corpus]\npath = "/srv/news"\n').corpus.path == Path("/srv/news")


def test_an_adapter_is_looked_for_beside_the_file_then_among_what_is_shipped(folder: Path) -> None:
    assert load(folder, '[reader]\nadapter = ""\n').reader.adapter is None
    assert load(folder, '[reader]\nadapter = "mine"\n').reader.adapter == folder / "mine"
    assert load(folder, '[reader]\nadapter = "reader"\n').reader.adapter == ROOT / "reader"
    (folder / "reader").mkdir()
    assert load(folder, '[reader]\nadapter = "reader"\n').reader.adapter == folder / "reader"


def test_a_model_is_a_name_unless_the_folder_exists(folder: Path) -> None:
    config = '[encoder]\nmodel = "org/model"\n'
    assert load(folder, config).encoder.model == "org/model"
    (folder / "org" / "model").mkdir(parents=True)
    assert load(folder, config).encoder.model == str(folder / "org/model")


def test_whole_numbers_and_lists_become_what_the_settings_declare(folder: Path) -> None:
    settings = load(folder, "[answers]\nthreshold = 1\n[discord]\nguilds = [1, 2]\n")
    assert isinstance(settings.answers.threshold, float)
    assert settings.discord.guilds == (1, 2)


def test_the_index_may_be_hidden_among_the_articles_or_stand_above_them(folder: Path) -> None:
    assert load(folder, '[corpus]\npath = "."\n').storage.path == folder / ".dateline"
    assert load(folder, '[storage]\npath = "corpus/.hidden/index"\n').corpus.path == folder / "corpus"
    assert load(folder, '[storage]\npath = "."\n').storage.path == folder
    assert load(folder, '[storage]\npath = "corpus-index"\n').storage.path == folder / "corpus-index"


def test_a_byte_order_mark_is_no_error(folder: Path) -> None:
    assert load(folder, b"\xef\xbb\xbf[retrieval]\npassages = 3\n").retrieval.passages == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[retrival]\npassages = 3\n", ["unknown section [retrival]", "did you mean retrieval?"]),
        ("[zzz]\n", ["unknown section [zzz]", "corpus, storage, encoder"]),
        ("[retrieval]\npasages = 3\n", ["unknown key pasages in [retrieval]", "did you mean passages?"]),
        ("[corpus]\nzzz = 1\n", ["unknown key zzz in [corpus]", "expected one of path"]),
        ("passages = 3\n", ["passages is outside its section", "[retrieval]"]),
        ('corpus = "news"\n', ["corpus is 'news'", "write [corpus]"]),
        ("[[corpus]]\n", ["corpus is [{}]", "write [corpus]"]),
        ("[retrieval]\npassages = 0\n", ["[retrieval] passages is 0", "a whole number from 1 to 1000"]),
        ("[retrieval]\npassages = true\n", ["passages is true", "a whole number"]),
        ("[retrieval]\npassages = 2.5\n", ["passages is 2.5", "a whole number"]),
        (f"[retrieval]\npassages = {10**30}\n", ["passages is 1000", "from 1 to 1000"]),
        ("[answers]\nthreshold = 1.5\n", ["threshold is 1.5", "a number from 0 to 1"]),
        ("[answers]\nthreshold = nan\n", ["threshold is nan", "a number from 0 to 1"]),
        (
            "[answers]\nthreshold = 0.2\nunsure = 0.25\n",
            ["unsure is 0.25, more than threshold, which is 0.2", "0.2 or less"],
        ),
        ("[answers]\nthreshold = 0.1\n", ["threshold, which is 0.1", "write unsure = 0.1 or less"]),
        ("[discord]\ncooldown_seconds = inf\n", ["cooldown_seconds is inf", "seconds"]),
        ("[discord]\nmax_question_length = 401\n", ["max_question_length is 401", "from 1 to 400"]),
        ("[discord]\nuser_install = 1\n", ["user_install is 1", "true or false"]),
        ("[discord]\nchannels = [-1]\n", ["channels is [-1]", "a list of Discord ids"]),
        ('[discord]\ntoken = "x"\n', ["unknown key token in [discord]"]),
        ("[fetch]\ntimeout_seconds = 0\n", ["[fetch] timeout_seconds is 0", "seconds, more than 0"]),
        ("[fetch]\nmax_megabytes = 21\n", ["max_megabytes is 21", "more than 0 and at most 20"]),
        ('[discord]\nguilds = ["1"]\n', ["guilds is ['1']", "a list of Discord ids without quotation marks"]),
        ("[discord]\nguilds = [9223372036854775808]\n", ["guilds is [9223372036854775808]", "a list of Discord ids"]),
        ('[logging]\nlevel = "loud"\n', ["level is 'loud'", '"debug"']),
        ('[corpus]\norigin = "a/b"\n', ["[corpus] origin is 'a/b'", "letters a to z, digits"]),
        ("[corpus]\npath = 5\n", ["[corpus] path is 5", "in quotes"]),
        ('[corpus]\npath = "a\\u0000b"\n', ["[corpus] path is 'a\\x00b'"]),
        ("[reader]\nadapter = false\n", ["adapter is false", '"" for none']),
        ("[corpus]\npath = news\n", ["not valid TOML", "line 2"]),
        ("a = " + "[" * 5000, ["not valid TOML"]),
        (b"[corpus]\npath = '\xff'\n", ["not UTF-8", "byte 17"]),
        ('[storage]\npath = "corpus/../corpus/index"\n', ["corpus/index, among the articles in", '".dateline"']),
        ('[corpus]\npath = "."\n[storage]\npath = "index"\n', ["/index, among the articles in"]),
        ('[storage]\npath = "corpus"\n', ["[storage] path is", "among the articles in"]),
        (f'[corpus]\npath = ["{"x" * 500}"]\n', ["path is ['xxx", "…"]),
    ],
)
def test_what_cannot_be_meant_names_the_file_the_value_and_the_mend(
    folder: Path, content: str | bytes, said: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(folder, content)
    message = str(caught.value)
    assert "config.toml" in message
    assert "\n" not in message
    for part in said:
        assert part in message


def test_a_file_that_is_named_must_be_there_and_be_a_file(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"nope\.toml does not exist.*--config"):
        Settings.load(Path("nope.toml"))
    with pytest.raises(ConfigError, match=r"cannot be read \(Is a directory\)"):
        Settings.load(folder)


def test_a_file_in_the_current_folder_that_leads_nowhere_is_not_passed_over(folder: Path) -> None:
    (folder / "config.toml").symlink_to(folder / "gone.toml")
    with pytest.raises(ConfigError, match="does not exist"):
        Settings.load()


@given(st.text() | st.binary().map(lambda content: b"[corpus]\npath = " + content))
def test_any_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: str | bytes) -> None:
    try:
        load(tmp_path_factory.mktemp("any"), content)
    except ConfigError as error:
        assert "config.toml" in str(error)


def test_the_address_of_a_server(folder: Path) -> None:
    for url in (
        "postgresql://dateline@db.example:5433/news?sslmode=verify-full",
        "postgres://dateline@[::1]:5433,db-2.example:5434/news?target_session_attrs=read-write",
        "postgresql:///news?host=/run/postgresql",
    ):
        assert load(folder, f'[storage]\nurl = "{url}"\n').storage.url == url
    assert load(folder, '[storage]\nurl = ""\n').storage.url is None


@pytest.mark.parametrize(
    "url",
    [
        '"postgresql://dateline:geheim@db.example/news"',
        '"postgresql://dateline:geh@eim@db.example/news"',
        '"postgresql://dateline:geheim/eim@db.example/news"',
        '"postgresql://dateline:geheim#eim@db.example/news"',
        '"postgresql://db.example/news?password=geheim"',
        '"mysql://geheim@db.example/news"',
        '"geheim"',
        "5432",
    ],
)
def test_an_address_that_is_none_or_holds_a_password_is_refused_and_not_shown(folder: Path, url: str) -> None:
    with pytest.raises(ConfigError, match=r"\[storage\] url is wrong, .*PGPASSWORD") as raised:
        load(folder, f"[storage]\nurl = {url}\n")
    assert "geheim" not in str(raised.value) and "5432" not in str(raised.value)
