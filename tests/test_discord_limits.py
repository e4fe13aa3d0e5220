"""The limits that the loopback server holds a bot to are Discord's: each passes what just fits, and nothing more."""

from typing import Any

import pytest

from tests.discord_loopback import Loopback
from tests.discord_loopback.rules import (
    choice_faults,
    command_faults,
    component_faults,
    embed_faults,
    message_faults,
    modal_faults,
    pinged,
)


def _embed(**parts: Any) -> list[dict[str, Any]]:
    return [{"title": "t", **parts}]


def _field(name: int, value: int) -> dict[str, str]:
    return {"name": "n" * name, "value": "v" * value}


def _buttons(*buttons: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"type": 1, "components": [{"type": 2, "style": 1, "label": "b", **button} for button in buttons]}]


def _ids(count: int) -> list[dict[str, Any]]:
    return _buttons(*({"custom_id": str(number)} for number in range(count)))


def _command(**parts: Any) -> dict[str, Any]:
    return {"name": "ask", "description": "d", **parts}


def _option(name: str, **parts: Any) -> dict[str, Any]:
    return {"name": name, "description": "d", "type": 3, **parts}


def _input(label: int) -> list[dict[str, Any]]:
    return [{"type": 1, "components": [{"type": 4, "style": 1, "custom_id": "i", "label": "l" * label}]}]


@pytest.mark.parametrize(
    ("taken", "refused"),
    [
        (message_faults("x" * 2000, [], [], 0, 0), message_faults("x" * 2001, [], [], 0, 0)),
        (message_faults("", _embed() * 10, [], 0, 10), message_faults("", _embed() * 11, [], 0, 0)),
        (message_faults("", [], [], 0, 10), message_faults("", [], [], 0, 11)),
        (embed_faults(_embed(title="x" * 256)), embed_faults(_embed(title="x" * 257))),
        (embed_faults(_embed(description="x" * 4096)), embed_faults(_embed(description="x" * 4097))),
        (embed_faults(_embed(footer={"text": "x" * 2048})), embed_faults(_embed(footer={"text": "x" * 2049}))),
        (embed_faults(_embed(fields=[_field(1, 1)] * 25)), embed_faults(_embed(fields=[_field(1, 1)] * 26))),
        (embed_faults(_embed(fields=[_field(256, 1024)])), embed_faults(_embed(fields=[_field(257, 1)]))),
        (embed_faults(_embed(fields=[_field(1, 1)])), embed_faults(_embed(fields=[_field(1, 1025)]))),
        (embed_faults(_embed(fields=[_field(1, 1)])), embed_faults(_embed(fields=[_field(0, 1)]))),
        (embed_faults(_embed(url="https://a.example/b")), embed_faults(_embed(url="javascript:alert(1)"))),
        (embed_faults(_embed(title="x" * 200) * 30), embed_faults([*_embed(title="x" * 200) * 30, *_embed()])),
        (component_faults(_ids(5), False), component_faults(_ids(6), False)),
        (component_faults(_ids(1), False), component_faults(_ids(1) * 2, False)),
        (component_faults(_buttons({"custom_id": "x" * 100}), False),
         component_faults(_buttons({"custom_id": "x" * 101}), False)),
        (component_faults(_buttons({"custom_id": "x", "label": "l" * 80}), False),
         component_faults(_buttons({"custom_id": "x", "label": "l" * 81}), False)),
        (component_faults(_buttons({"style": 5, "url": "https://a.example"}), False),
         component_faults(_buttons({"style": 5, "url": "a.example"}), False)),
        (choice_faults([{"name": "n" * 100, "value": "v" * 100}] * 25),
         choice_faults([{"name": "n", "value": "v"}] * 26)),
        (choice_faults([{"name": "n", "value": 1}]), choice_faults([{"name": "n" * 101, "value": "v"}])),
        (command_faults([_command()]), command_faults([_command(), _command()])),
        (command_faults([_command(description="d" * 100)]), command_faults([_command(description="d" * 101)])),
        (command_faults([_command(name="x" * 32)]), command_faults([_command(name="Ask")])),
        (command_faults([_command(options=[_option("a", required=True), _option("b")])]),
         command_faults([_command(options=[_option("a"), _option("b", required=True)])])),
        (modal_faults({"title": "t" * 45, "custom_id": "m", "components": _input(45)}),
         modal_faults({"title": "t" * 46, "custom_id": "m", "components": _input(45)})),
        (modal_faults({"title": "t", "custom_id": "m", "components": _input(1)}),
         modal_faults({"title": "t", "custom_id": "m", "components": _input(46)})),
    ],
)  # fmt: skip
def test_each_limit_is_where_discord_has_it(taken: list[str], refused: list[str]) -> None:
    assert taken == [] and len(refused) == 1


def test_who_is_pinged() -> None:
    everybody = "@everyone @here <@1> <@!2> <@&3>"
    assert pinged(everybody, None) == ["everyone", "here", "user:1", "user:2", "role:3"]
    assert pinged(everybody, {"parse": []}) == [] == pinged("`@everyone` @\u200beveryone", None)
    assert pinged(everybody, {"parse": ["roles"], "users": ["2"]}) == ["user:2", "role:3"]


def test_discords_own_deadlines_are_the_default() -> None:
    state = Loopback().state
    assert (state.deadline, state.token_life) == (3.0, 900.0)
