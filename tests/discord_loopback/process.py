"""A bot in its own process: one that blocks its event loop must not block the clock that it is measured by."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]


class Bot:
    """A running bot, and what it has printed."""

    def __init__(self, process: asyncio.subprocess.Process, on_line: Callable[[str], None]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._on_line = on_line
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def start(
        cls,
        port: int,
        call: str,
        args: Sequence[str],
        env: Mapping[str, str],
        cwd: Path | None,
        on_line: Callable[[str], None],
    ) -> Self:
        """Starts MODULE:FUNCTION with these arguments, through the launcher."""
        command = [sys.executable, "-m", "tests.discord_loopback.launch", str(port), "--call", call, "--", *args]
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **env},
            cwd=cwd,
        )
        return cls(process, on_line)

    async def _read(self) -> None:
        assert self.process.stdout is not None
        pending = b""
        # not by lines: a line of a log may be longer than a StreamReader's limit
        while chunk := await self.process.stdout.read(1 << 16):
            *whole, pending = (pending + chunk).split(b"\n")
            for line in whole:
                self._took(line)
        if pending:
            self._took(pending)
        await self.process.wait()
        self._on_line("")

    def _took(self, line: bytes) -> None:
        self.lines.append(line.decode(errors="replace"))
        self._on_line(self.lines[-1])

    @property
    def output(self) -> str:
        """Standard output and standard error so far."""
        return "\n".join(self.lines)

    @property
    def status(self) -> int | None:
        """The exit status, or None while it runs."""
        return self.process.returncode

    async def stop(self, with_signal: int = signal.SIGTERM, timeout: float = 30.0) -> int:
        """Sends a signal, and returns the exit status.

        Raises:
            AssertionError: if it is still running after `timeout` seconds; it is killed then.
        """
        if self.process.returncode is None:
            self.process.send_signal(with_signal)
        return await self.exited(timeout)

    async def exited(self, timeout: float = 30.0) -> int:
        """Waits for the end, and returns the exit status."""
        try:
            await asyncio.wait_for(asyncio.shield(self._reader), timeout)
        except TimeoutError:
            await self.kill()
            raise AssertionError(f"the bot had not ended after {timeout} s\n{self.output}") from None
        assert self.process.returncode is not None
        return self.process.returncode

    async def kill(self) -> None:
        """Ends it at once."""
        if self.process.returncode is None:
            self.process.kill()
        await self._reader
