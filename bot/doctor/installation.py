"""Python and the packages: what is installed, compared with pyproject.toml and requirements.lock."""

import platform
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from bot.doctor.types import Finding
from bot.extras import EXTRAS, how_to_install
from bot.phrases import capitalised, listed
from bot.rules import ROOT

OLDEST, NEWEST = (3, 11), (3, 13)


def python_finding(running: tuple[int, int] = sys.version_info[:2]) -> Finding:
    """Whether Dateline supports this version of Python."""
    if OLDEST <= running <= NEWEST:
        return Finding("Python", "ok", f"Python {platform.python_version()}, {platform.machine()}.")
    found = ".".join(map(str, running))
    return Finding(
        "Python", "problem", f"Python {found}, expected 3.11 to 3.13.", "Install Dateline with one of these."
    )


def package_findings(needed: frozenset[str], root: Path = ROOT) -> Iterator[Finding]:
    """The packages of Dateline and its extras; of these, the ones in `needed` are in use here."""
    requirements = _requirements(root)
    if requirements is None:
        mend = "Run `make setup` in the checkout, or install it: pip install ."
        yield Finding("Packages", "problem", "Dateline is not installed as a package.", mend)
        return
    missing = _missing(requirements, "")
    if missing:
        yield Finding("Packages", "problem", f"Missing or too old: {listed(missing)}.", _reinstall(root))
    elif not (other := _not_pinned(root)):
        yield Finding("Packages", "ok", "All packages are installed.")
    else:
        count = f"{len(other)} packages differ" if len(other) > 1 else "1 package differs"
        message = f"{count} from requirements.lock: {listed(other)}."
        yield Finding("Packages", "warning", message, _reinstall(root))
    for extra in sorted(set(EXTRAS.values())):
        missing = _missing(requirements, extra)
        if not missing:
            yield Finding("Packages", "ok", f"The extra {extra!r} is installed.")
        elif extra in needed:
            message = f"The extra {extra!r} is needed and lacks {listed(missing)}."
            yield Finding("Packages", "problem", message, f"{capitalised(how_to_install(extra))}.")
        else:
            yield Finding("Packages", "ok", f"The extra {extra!r} is not installed, and not needed.")


def _requirements(root: Path) -> Sequence[Requirement] | None:
    """Those of the checkout, else those that were installed with the package; None where there are neither."""
    project = root / "pyproject.toml"
    if not project.is_file():
        try:
            return [Requirement(line) for line in requires("dateline") or ()]
        except PackageNotFoundError:
            return None
    tables = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    optional: Mapping[str, Sequence[str]] = tables["optional-dependencies"]
    lines = [*tables["dependencies"]]
    lines += [f"{line}; extra == '{extra}'" for extra, own in optional.items() for line in own]
    return [Requirement(line) for line in lines]


def _missing(requirements: Sequence[Requirement], extra: str) -> list[str]:
    """The requirements of an extra that are not satisfied; for "", those that Dateline always needs."""
    own = [each for each in requirements if _applies(each, extra) and (not extra or not _applies(each, ""))]
    return [_described(each) for each in own if not _is_satisfied(each)]


def _not_pinned(root: Path) -> list[str]:
    """The packages that are installed in another version than the lock's, or not at all."""
    lock = root / "requirements.lock"
    if not lock.is_file():
        return []
    lines = lock.read_text(encoding="utf-8").splitlines()
    pinned = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return [_described(each) for each in pinned if _applies(each, "") and not _is_satisfied(each)]


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _is_satisfied(requirement: Requirement) -> bool:
    try:
        return requirement.specifier.contains(version(requirement.name), prereleases=True)
    except PackageNotFoundError:
        return False


def _described(requirement: Requirement) -> str:
    """ "click 8.1 (expected >=8.2)"."""
    try:
        found = f"{requirement.name} {version(requirement.name)}"
    except PackageNotFoundError:
        found = requirement.name
    return f"{found} (expected {requirement.specifier})" if requirement.specifier else found


def _reinstall(root: Path) -> str:
    if (root / "requirements.lock").is_file():
        return "Install them again: delete .venv and run `make setup`."
    return "Install Dateline again."
