"""How commands print: as a table for people, or as JSON for programs."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def output_option(plain: str = "table") -> Callable[[F], F]:
    """``--output``: json, or by default what people read."""
    return click.option(
        "--output", type=click.Choice([plain, "json"]), default=plain, show_default=True, help="JSON is for programs."
    )


def print_json(value: Any) -> None:
    """``value`` on one line, as msgspec writes it."""
    import msgspec  # takes time that a command's help does not have

    click.echo(msgspec.json.encode(value))


def counted(number: int, noun: str) -> str:
    """``1 token``, ``2 tokens``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
