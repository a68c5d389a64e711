"""What the pages about the policy engine show is what happens: their examples run, and print what they say."""

import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.cli.command import run_here

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"(?P<before>[^\n]*)\n\n```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"`([\w-]+\.\w+)`")


class Block(NamedTuple):
    before: str  # the line in front of it
    language: str
    text: str


def blocks(page: str) -> Iterator[Block]:
    return (Block(**found.groupdict()) for found in BLOCK.finditer((DOCS / page).read_text()))


def shell(text: str) -> str:
    """What commands of one line each print."""
    return "".join(run_here(*line.split()[1:]).stdout for line in text.splitlines())


def python(text: str, names: dict[str, Any]) -> str:
    """What the code prints; the names it defines stay for the next."""
    printed = StringIO()
    with redirect_stdout(printed):
        exec(text, names)  # noqa: S102 - our own pages
    return printed.getvalue()


@pytest.mark.parametrize("page", ["policy-engine.md", "policy-tests.md"])
def test_examples(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    printed = ""
    seen = set()
    for block in blocks(page):
        seen.add(block.language)
        match block.language:
            case "sh":
                printed = shell(block.text)
            case "python":
                printed = python(block.text, names)
            case "text":
                assert printed == block.text
            case _:
                (file,) = FILE.findall(block.before)
                (tmp_path / file).write_text(block.text)
    assert {"sh", "text"} <= seen


def test_the_page_names_everything_that_the_engine_offers() -> None:
    import iamd.policy

    text = (DOCS / "policy-engine.md").read_text()
    functions = [name for name in iamd.policy.__all__ if name[0].islower() and name != "invalid_principal"]
    assert [name for name in functions if f"`{name}(" not in text] == []
