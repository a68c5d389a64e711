"""The documentation says what is: generated pages are current, links and named files exist."""

import re
import sys
import tomllib
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

sys.path.insert(0, str(ROOT / "tools"))


def test_the_page_of_supported_operations_is_current() -> None:
    from make_supported_operations import PAGE, supported_operations

    assert PAGE.read_text() == supported_operations(), "run `make docs` and commit the page"


def test_every_answered_operation_says_which_permission_it_needs() -> None:
    from iamd.authorization.actions import IAMD_NEEDS, NEEDS, SERVICE_QUOTAS_NEEDS
    from iamd.server.operations import SERVICES, operation_functions

    answered = {service: set(operation_functions(service)) for service in SERVICES}
    assert answered.pop("iam") | answered.pop("sts") == set(NEEDS)
    assert answered == {"service-quotas": set(SERVICE_QUOTAS_NEEDS), "iamd": set(IAMD_NEEDS)}


def links(page: Path) -> list[str]:
    """What a page links to within the repository."""
    targets = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text())
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in links(page):
        assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}, which is not there"


def test_every_page_is_one_or_two_links_from_the_readme() -> None:
    readme = ROOT / "README.md"
    near = {readme, *((ROOT / target).resolve() for target in links(readme))}
    reached = near | {(page.parent / target).resolve() for page in near for target in links(page)}
    assert set(PAGES) <= reached


def test_the_decisions_are_listed_in_order_by_their_titles() -> None:
    index = ROOT / "docs" / "decisions" / "README.md"
    listed = re.findall(r"^(\d+)\. \[(.*)\]\((.*)\)$", index.read_text(), re.MULTILINE)
    pages = [page for page in PAGES if page.parent == index.parent and page != index]
    titles = [page.read_text().splitlines()[0] for page in pages]
    assert [(f"# {number}. {title}", name) for number, title, name in listed] == list(
        zip(titles, [page.name for page in pages], strict=True)
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_options_exist(page: Path) -> None:
    from iamd.cli import main

    code = "\n".join(re.findall(r"```.*?```|`[^`]+`", page.read_text(), re.DOTALL))
    for name, arguments in re.findall(r"(?<!aws )\biamd ([a-z][a-z-]*)\b([^\n`|;&]*)", code):
        assert name in main.commands, f"{page.relative_to(ROOT)} names the command iamd {name}, which is not there"
        command = main.commands[name]
        if isinstance(command, click.Group) and arguments.split():
            part = arguments.split()[0]
            assert part in command.commands, f"{page.relative_to(ROOT)} names iamd {name} {part}, which is not there"
            command = command.commands[part]
        options = {"--help", *(option for parameter in command.params for option in parameter.opts)}
        for option in re.findall(r"(?<!\S)--[a-z][a-z-]*", arguments):
            assert option in options, f"{page.relative_to(ROOT)} gives iamd {name} the option {option}"


def test_settings_files_in_the_pages_are_read() -> None:
    from iamd.cli import main

    settings = {parameter.name for parameter in main.commands["serve"].params}
    blocks = [block for page in PAGES for block in re.findall(r"```toml\n(.*?)```", page.read_text(), re.DOTALL)]
    assert blocks
    for block in blocks:
        assert set(tomllib.loads(block)) <= settings


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_named_in_code_quotes_exist(page: Path) -> None:
    for name in re.findall(r"`((?:src|tests|docs|bench|tools|requirements)/[\w./-]+)`", page.read_text()):
        assert (ROOT / name).exists(), f"{page.relative_to(ROOT)} names {name}, which is not there"
