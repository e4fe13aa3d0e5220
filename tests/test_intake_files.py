"""Files are found without following links, and read whole or not at all."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from retrieval.errors import ArticleError, CorpusError, VanishedError
from retrieval.intake.files import MAX_BYTES, SAVED_BESIDE, SUFFIXES, article_id, find, read_bytes
from retrieval.types import Unread


def found(corpus: Path) -> list[str]:
    return [path.relative_to(corpus).as_posix() for path in find(corpus).files]


def write(path: Path, data: bytes = b"Text.") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("articles", "others"),
    [
        (["a/c.TXT", "b.md", "txt"], ["README.md", "a/readme.txt", ".hidden.txt", ".git/d.txt", "e.pdf", "f.txt~"]),
        ([f"a{suffix}" for suffix in SUFFIXES], []),
        (["a.txt/b.txt"], []),
        (["Ñandú.txt", "мост.txt", "橋.md", "with space.txt", "new\nline.txt"], []),
    ],
    ids=["others beside them", "every format", "in a folder of such a name", "any script"],
)
def test_only_articles_are_found(tmp_path: Path, articles: list[str], others: list[str]) -> None:
    for name in (*articles, *others):
        write(tmp_path / name)
    assert found(tmp_path) == sorted(articles)


def test_what_is_not_read_is_counted_by_its_kind(tmp_path: Path) -> None:
    for name in ("a.txt", "Talks of 3.5 hours", "b.pdf", "c/d.PDF", "e.docx", "LICENSE", "README.rst", ".hidden.pdf"):
        write(tmp_path / name)
    whole = find(tmp_path)
    assert [path.name for path in whole.files] == ["Talks of 3.5 hours", "a.txt"]
    assert whole.unread == (Unread(".pdf", 2), Unread(".docx", 1))


def test_what_a_browser_saved_beside_a_page_is_no_article(tmp_path: Path) -> None:
    for name in (
        "Pier.html",
        "Pier_files/ad.html",
        "Pier_files/sub/frame.htm",
        "Wall_files/kept.html",
        "Pier/kept.txt",
    ):
        write(tmp_path / name)
    whole = find(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in whole.files] == [
        "Pier/kept.txt",
        "Pier.html",
        "Wall_files/kept.html",
    ]
    assert whole.unread == (Unread(SAVED_BESIDE, 2),)


def test_links_to_files_are_followed_and_links_to_folders_are_not(tmp_path: Path) -> None:
    write(tmp_path / "a" / "one.txt")
    (tmp_path / "two.txt").symlink_to(tmp_path / "a" / "one.txt")
    (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "folder.txt").symlink_to(tmp_path / "a", target_is_directory=True)
    assert found(tmp_path) == ["a/one.txt", "two.txt"]
    (tmp_path / "a" / "one.txt").write_bytes(b"\xffText.\r\n")
    assert read_bytes(tmp_path / "two.txt") == b"\xffText.\r\n"


def test_a_name_that_is_not_utf8_is_found_and_has_an_id(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.txt"
    with open(path, "wb") as file:  # noqa: PTH123 - a Path takes no bytes
        file.write(b"Text.")
    (name,) = found(tmp_path)
    assert len(article_id(name)) == 12


def test_folders_nested_deeper_than_python_calls_are_walked(tmp_path: Path) -> None:
    depth = 1200
    try:
        here = os.open(tmp_path, os.O_RDONLY)
        for _ in range(depth):
            os.mkdir("d", dir_fd=here)
            here, above = os.open("d", os.O_RDONLY, dir_fd=here), here
            os.close(above)
        os.close(os.open("a.txt", os.O_CREAT | os.O_WRONLY, dir_fd=here))
        os.close(here)
        assert found(tmp_path) == ["d/" * depth + "a.txt"]
    finally:
        # a folder at a time, because what deletes temporary folders calls itself for each level
        while (tmp_path / "d" / "d").exists():
            (tmp_path / "d" / "d").rename(tmp_path / "next")
            (tmp_path / "d").rmdir()
            (tmp_path / "next").rename(tmp_path / "d")


def test_many_files_are_found_without_a_look_at_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in range(20):
        (tmp_path / str(folder)).mkdir()
        for number in range(100):
            (tmp_path / str(folder) / f"{number}.txt").touch()
    looks = 0
    look = os.stat

    def counted(*arguments: object, **options: object) -> object:
        nonlocal looks
        looks += 1
        return look(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "stat", counted)
    assert len(find(tmp_path).files) == 2000
    assert looks < 10


def test_a_missing_folder_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="does not exist; create it"):
        find(tmp_path / "nowhere")
    with pytest.raises(CorpusError, match="is not a folder"):
        find(write(tmp_path / "file"))


def refuse_to_list(monkeypatch: pytest.MonkeyPatch, name: str, error: Callable[[str], OSError]) -> None:
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith(name):
            raise error(str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)  # the tests may run as root, whom no permission stops


def test_a_folder_that_cannot_be_read_is_not_taken_for_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "closed").mkdir()
    refuse_to_list(monkeypatch, "closed", lambda path: PermissionError(13, "Permission denied", path))
    with pytest.raises(CorpusError, match="closed cannot be read"):
        find(tmp_path)


def test_a_folder_deleted_meanwhile_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "gone" / "a.txt")
    write(tmp_path / "b.txt")
    refuse_to_list(monkeypatch, "gone", lambda path: FileNotFoundError(2, "No such file", path))
    assert found(tmp_path) == ["b.txt"]


def test_ids_differ_by_path_and_stay() -> None:
    assert article_id("a/b.txt") == article_id("a/b.txt") != article_id("b.txt")
    assert article_id("a.txt") == "18b7cb099a9e"


@pytest.mark.parametrize("data", [b"", b" \n\t"])
def test_an_empty_file_says_so(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ArticleError, match="is empty"):
        read_bytes(write(tmp_path / "a.txt", data))


def test_a_file_too_large_is_named_by_its_size_and_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    large = tmp_path / "large.txt"
    with large.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    monkeypatch.setattr(os, "fdopen", _only_fileno)
    with pytest.raises(ArticleError, match=r"is 20,000,001 bytes, more than the 20,000,000 allowed"):
        read_bytes(large)


class _only_fileno:  # noqa: N801 - stands in for a function
    """A file that can be asked for its number, and not read."""

    def __init__(self, descriptor: int, mode: str) -> None:
        self.descriptor = descriptor

    def __enter__(self) -> "_only_fileno":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)

    def fileno(self) -> int:
        return self.descriptor


def test_a_file_that_is_gone_is_told_from_one_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(VanishedError, match="is gone"):
        read_bytes(tmp_path / "gone.txt")
    broken, itself = tmp_path / "broken.txt", tmp_path / "itself.txt"
    broken.symlink_to(tmp_path / "nowhere.txt")
    itself.symlink_to(itself)
    assert found(tmp_path) == ["broken.txt", "itself.txt"]
    for path, complaint in ((broken, "a link to a file that does not exist"), (itself, "cannot be read")):
        with pytest.raises(ArticleError, match=complaint) as caught:
            read_bytes(path)
        assert not isinstance(caught.value, VanishedError)


def test_pipes_and_devices_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "zeros.txt").symlink_to("/dev/zero")
    for name in ("pipe.txt", "zeros.txt"):
        with pytest.raises(ArticleError, match="not a regular file"):
            read_bytes(tmp_path / name)


@pytest.mark.parametrize("more", [b" More.", b""])
def test_a_file_that_changes_while_it_is_read_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: bytes
) -> None:
    path = write(tmp_path / "a.txt")
    look = os.fstat

    def look_and_write(descriptor: int) -> os.stat_result:
        result = look(descriptor)
        with path.open("ab") as file:
            file.write(more)
        os.utime(path, ns=(0, 0))  # even where only the time of the change tells
        return result

    monkeypatch.setattr(os, "fstat", look_and_write)
    with pytest.raises(ArticleError, match="is still being written; it is read at the next run"):
        read_bytes(path)
