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
    """A running bot, and the lines that it has printed."""

    def __init__(self, process: asyncio.subprocess.Process, on_line: Callable[[str], None]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._on_line = on_line
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def start(
        cls, port: int, call: str, args: Sequence[str], env: Mapping[str, str], on_line: Callable[[str], None]
    ) -> Self:
        """Starts MODULE:FUNCTION with these arguments, through `tests.discord_launch`."""
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.discord_launch", str(port), call, *args),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **env},
            limit=1 << 20,  # a line of a log may be long
        )
        return cls(process, on_line)

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line.decode(errors="replace").rstrip("\n"))
            self._on_line(self.lines[-1])
        await self.process.wait()
        self._on_line("")

    @property
    def output(self) -> str:
        """Standard output and standard error so far."""
        return "\n".join(self.lines)

    async def stop(self) -> int:
        """Tells it to end, and returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return await self.exited()

    async def exited(self, timeout: float = 60.0) -> int:
        """The exit status. Raises TimeoutError if it still runs after `timeout` seconds."""
        await asyncio.wait_for(asyncio.shield(self._reader), timeout)
        assert self.process.returncode is not None
        return self.process.returncode

    async def kill(self) -> None:
        """Ends it at once."""
        if self.process.returncode is None:
            self.process.kill()
        await self._reader
