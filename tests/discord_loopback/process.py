"""A bot in its own process: one that blocks its event loop must not block the clock that it is measured by."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# two addresses of discord.py are changed, no more
LAUNCH = """
import importlib, sys, yarl, discord.gateway, discord.http
host, call, *arguments = sys.argv[1:]
discord.http.Route.BASE = f"http://{host}/api/v10"
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"ws://{host}/gw/")
module, function = call.split(":")
sys.exit(getattr(importlib.import_module(module), function)(arguments))
"""


async def launch(*args: str, env: Mapping[str, str]) -> asyncio.subprocess.Process:
    """Starts a bot: HOST MODULE:FUNCTION, and the function's arguments."""
    pipe, path = asyncio.subprocess.PIPE, os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LAUNCH, *args),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=pipe,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **env},
        limit=1 << 20,  # a line of a log may be long
    )


class Bot:
    """A running bot, and the lines that it has printed."""

    def __init__(self, process: asyncio.subprocess.Process, on_line: Callable[[str], None]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._reader = asyncio.create_task(self._read(on_line))

    async def _read(self, on_line: Callable[[str], None]) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line.decode(errors="replace").rstrip("\n"))
            on_line(self.lines[-1])
        await self.process.wait()
        on_line("")

    @property
    def output(self) -> str:
        """Standard output and standard error so far."""
        return "\n".join(self.lines)

    async def exited(self, timeout: float = 60.0) -> int:
        """The exit status. Raises TimeoutError if it still runs after `timeout` seconds."""
        await asyncio.wait_for(asyncio.shield(self._reader), timeout)
        assert self.process.returncode is not None
        return self.process.returncode

    async def stop(self, with_signal: int = signal.SIGTERM) -> int:
        """Sends it a signal, and returns the exit status."""
        if self.process.returncode is None:
            self.process.send_signal(with_signal)
        return await self.exited()
