"""The optional parts of an installation: which extra of pyproject.toml a package needs, and how to install it."""

from traceback import walk_tb

# package -> extra
EXTRAS = {
    "bot.discord": "discord",
    "evaluation.server": "postgres",
    "evaluation": "evaluation",
    "reader.train": "training",
    "retrieval.storage.postgres": "postgres",
}


def missing_extra(error: ModuleNotFoundError) -> str | None:
    """The extra that has the module that was not found, None if no extra has it."""
    modules = [str(frame.f_globals.get("__name__", "")) for frame, _ in walk_tb(error.__traceback__)]
    found = [
        extra
        for module in reversed(modules)
        for package, extra in EXTRAS.items()
        if f"{module}.".startswith(f"{package}.")
    ]
    return found[0] if found else None


def how_to_install(extra: str) -> str:
    """What to type for it, to be put behind a semicolon."""
    return f"install Dateline with its extra {extra!r}: pip install '.[{extra}]' in the folder of its source"
