"""JSON as Discord writes it."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from tests.discord_loopback.rules import ApiError


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON response; discord.py parses it only where the content type has no charset behind it."""
    return web.Response(body=json.dumps(body).encode(), status=status, headers=headers, content_type="application/json")


def refusal(error: ApiError) -> web.Response:
    """An error as JSON."""
    return answer({"code": error.code, "message": error.message}, error.status)
