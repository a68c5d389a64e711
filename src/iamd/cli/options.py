"""Options that come from a flag, an ``IAMD_*`` variable or the TOML file that ``--config`` names, in that order."""

import os
import tomllib
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any, TypeVar

import click

from iamd.server.places import master_key_path

F = TypeVar("F", bound=Callable[..., Any])

# Settings without a flag, because any user of the machine can read flags in the list of processes.
SEED_SETTINGS = ("account_id", "root_access_key_id", "root_secret_access_key")

_names: set[str] = {*SEED_SETTINGS, "store_password"}  # every setting that a TOML file may hold


def setting(name: str, **attributes: Any) -> Callable[[F], F]:
    """A click option ``--some-name``, also read from ``IAMD_SOME_NAME`` and, as ``some_name``, from the TOML file."""
    key = name.removeprefix("--").replace("-", "_")
    _names.add(key)
    return click.option(name, key, envvar=f"IAMD_{key.upper()}", show_envvar=True, **attributes)


def config_option(function: F) -> F:
    """``--config FILE``: the TOML file of settings, by default none."""
    return click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        envvar="IAMD_CONFIG",
        show_envvar=True,
        is_eager=True,
        expose_value=False,
        callback=_load,
        help="TOML file of settings, named as the options here with underscores.",
    )(function)


def data_dir_option(function: F) -> F:
    """``--data-dir DIR``: where the store and the master key are."""
    return setting(
        "--data-dir",
        type=click.Path(file_okay=False, path_type=Path),
        default=_default_data_dir,
        show_default="~/.local/share/iamd",
        help="Directory of the store and its key; made if it is missing.",
    )(function)


def master_key_option(function: F) -> F:
    """``--master-key-from SOURCE``: where the key that opens the store's secrets is."""
    return setting(
        "--master-key-from",
        metavar="SOURCE",
        show_default="file:DATA_DIR/master.key",
        help="file:PATH, env:VARIABLE or command:COMMAND: where the key to the store's secrets is.",
    )(function)


def log_options(function: F) -> F:
    """``--log-level`` and ``--log-format``, for ``iamd.server.logs.configure_logs``."""
    level = setting(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"]),
        default="info",
        show_default=True,
        help="What is logged to standard error; info has a line for every request.",
    )
    form = setting(
        "--log-format",
        type=click.Choice(["auto", "json", "text"]),
        default="auto",
        show_default=True,
        help="auto is text on a terminal, JSON elsewhere.",
    )
    return level(form(function))


def master_key_source(data_dir: Path, master_key_from: str | None) -> str:
    """Where the master key comes from; by default a file in the data directory."""
    return master_key_from or f"file:{master_key_path(data_dir)}"


def find_secret(context: click.Context, name: str) -> str | None:
    """A setting without a flag: from ``IAMD_<NAME>``, else from the TOML file, else None."""
    value = os.environ.get(f"IAMD_{name.upper()}") or (context.default_map or {}).get(name)
    if value is not None and not isinstance(value, str):
        raise click.UsageError(f'{name} in the settings file is no text: write it in quotes, as in {name} = "…".')
    return value


def _default_data_dir() -> Path:
    """``$XDG_DATA_HOME/iamd``, by default ``~/.local/share/iamd``.

    https://specifications.freedesktop.org/basedir-spec/latest/
    """
    base = os.environ.get("XDG_DATA_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".local" / "share") / "iamd"


def _load(context: click.Context, parameter: click.Parameter, path: Path | None) -> None:
    if path is None:
        return
    try:
        values: MutableMapping[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise click.UsageError(f"{path} cannot be read as TOML: {error}") from error
    unknown = sorted(set(values) - _names)
    if unknown:
        raise click.UsageError(f"{path} has unknown settings: {', '.join(unknown)}. See iamd serve --help.")
    context.default_map = values
