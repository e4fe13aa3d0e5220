"""Commands as Discord's apps offer them: what is not synced, not allowed, or cannot be typed is an AssertionError."""

from collections.abc import Mapping
from typing import Any

from tests.discord_loopback.rules import Json
from tests.discord_loopback.state import State
from tests.discord_loopback.world import ADMINISTRATOR, Channel, Upload, User

SLASH, ON_MESSAGE = 1, 3
SUBCOMMAND, SUBCOMMAND_GROUP, ATTACHMENT = 1, 2, 11
OPTION_TYPES: dict[int, tuple[type, ...]] = {
    3: (str,),
    4: (int,),
    5: (bool,),
    10: (int, float),
    ATTACHMENT: (bytes, Upload),
}


def command(state: State, person: User, channel: Channel, kind: int, name: str) -> Json:
    """The command that this person is offered there."""
    guild = channel.guild.id if channel.guild is not None else None
    commands = state.commands
    found = commands.get((guild, kind, name)) or commands.get((None, kind, name))
    assert found is not None, f"{name!r} is not synced; there are {sorted(key[2] for key in commands)}"
    contexts = found.get("contexts")
    private = contexts is None or 1 in contexts
    assert guild is not None or (private and found.get("dm_permission") is not False), f"{name!r} is not for messages"
    elsewhere = channel.guild is not None and not channel.guild.installed
    assert not elsewhere or 1 in (found.get("integration_types") or []), f"{name!r} is not for everywhere"
    needed = int(found.get("default_member_permissions") or 0)
    allowed = person.permissions & ADMINISTRATOR or person.permissions & needed == needed
    assert guild is None or allowed, f"{person.name} does not see {name!r}"
    return found


def command_data(
    state: State, person: User, channel: Channel, name: str, filled: Mapping[str, Any], focused: str = ""
) -> Json:
    """A slash command as it is sent, or, with an option `focused`, while that is being typed."""
    first, *rest = name.split()
    offer = command(state, person, channel, SLASH, first)
    data: Json = {"id": offer["id"], "name": first, "type": SLASH, "options": []}
    if offer.get("guild_id") is not None:
        data["guild_id"] = offer["guild_id"]
    level, options = offer, data["options"]
    for word in rest:
        level = next((o for o in level.get("options", []) if o["name"] == word and o["type"] <= SUBCOMMAND_GROUP), {})
        assert level, f"/{name} does not exist"
        options.append({"name": word, "type": level["type"], "options": []})
        options = options[-1]["options"]
    offered = {option["name"]: option for option in level.get("options", [])}
    assert set(filled) <= set(offered), f"/{name} has no {sorted(set(filled) - set(offered))}, only {sorted(offered)}"
    missing = [key for key, one in offered.items() if one.get("required") and key not in filled]
    assert focused or not missing, f"/{name} cannot be sent without {missing}"
    for key, value in filled.items():
        option = offered[key]
        assert option["type"] not in (SUBCOMMAND, SUBCOMMAND_GROUP), f"/{name} is sent with a subcommand"
        if key == focused:
            assert option.get("autocomplete"), f"/{name} offers nothing for {key}"
            options.append({"name": key, "type": option["type"], "value": value, "focused": True})
        else:
            options.append({"name": key, "type": option["type"], "value": _value(state, option, value, data)})
    return data


def _value(state: State, option: Json, value: Any, data: Json) -> Any:
    kinds, name = OPTION_TYPES.get(option["type"], (str,)), option["name"]
    assert isinstance(value, kinds), f"{name}: {value!r} cannot be typed"
    if isinstance(value, (bytes, Upload)):
        upload = state.uploaded(value if isinstance(value, Upload) else Upload("article.txt", value, "text/plain"))
        resolved = data.setdefault("resolved", {}).setdefault("attachments", {})
        resolved[str(upload.id)] = upload.payload(state.base)
        return str(upload.id)
    if isinstance(value, str):
        # the client trims, and does not let an empty option be sent
        value = value.strip()
        least, most = max(1, option.get("min_length", 0)), option.get("max_length", 6000)
        assert least <= len(value) <= most, f"{name}: {len(value)} characters, expected {least} to {most}"
    elif option["type"] in (4, 10):
        assert option.get("min_value", value) <= value <= option.get("max_value", value), f"{name}: {value}"
    choices = [choice["value"] for choice in option.get("choices", [])]
    assert not choices or value in choices, f"{name}: {value!r} is not among {choices}"
    return value
