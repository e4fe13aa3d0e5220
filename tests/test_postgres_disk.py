"""A server whose disk is full: one sentence, nothing half-written, and it goes on when there is room again."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from evaluation.phases import RandomEncoder
from retrieval.errors import StoreError
from retrieval.refresh import refresh
from retrieval.storage.local import LocalStore
from retrieval.storage.opening import open_store
from tests.stores import contents, write

if TYPE_CHECKING:
    from evaluation.server import Server

ENCODER = RandomEncoder()
MEGABYTES = 160


@pytest.fixture
def small(server: "Server") -> Iterator["Server"]:
    """A server with a small disk of its own; `server` skips the test where none can be started."""
    with TemporaryDirectory(prefix="dateline-disk-") as folder:
        disk = Path(folder) / "data"
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(disk)]
        if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
            pytest.skip("a disk may not be mounted here")
        try:
            made = type(server)(Path(folder), {"shared_buffers": "16MB", "max_wal_size": "64MB"})
            made.start()
            yield made
            made.stop()
        finally:
            subprocess.run(["umount", str(disk)], check=True)


def fill(disk: Path, room: int) -> Path:
    """Leaves so many bytes free; returns the file that takes the others."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(1 << 16)):
                pass
        except OSError:
            file.truncate(file.tell() - room)
    return ballast


def test_a_full_disk_is_one_sentence_and_loses_nothing(small: "Server", tmp_path: Path) -> None:
    corpus, store = tmp_path / "corpus", open_store(Path(), small.new_database())
    write(corpus, "short.txt", "The ferry to Lisbon was late again.")
    refresh(corpus, store, ENCODER, "model")
    before = contents(store)
    for number in range(120):
        write(corpus, f"{number}.txt", " ".join(f"Line {line} of report {number} is here." for line in range(60)))
    for megabytes in (0, 3):
        ballast = fill(small.data, megabytes << 20)
        with pytest.raises(StoreError) as raised:
            refresh(corpus, store, ENCODER, "model")
        said = str(raised.value)
        assert "No space left on device" in said and said.endswith("free some disk space on the server.")
        ballast.unlink()
        # one that cannot write its log ends all connections, and recovers, as after a power cut
        while not small.is_ready():
            if small.has_ended():
                small.start()
            time.sleep(0.05)
        assert contents(store) == before
    refresh(corpus, store, ENCODER, "model")
    local = LocalStore(tmp_path / "store")
    refresh(corpus, local, ENCODER, "model")
    assert contents(store) == contents(local)
