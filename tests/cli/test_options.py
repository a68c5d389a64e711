"""A setting comes from its flag, else its variable, else the settings file, else its default."""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from iamd.cli.options import config_option, data_dir_option, find_secret, setting


@click.command()
@config_option
@data_dir_option
@setting("--port", type=int, default=4567)
@setting("--log-level", type=click.Choice(["info", "error"]), default="info")
@setting("--dev", is_flag=True)
@click.pass_context
def show(context: click.Context, **settings: object) -> None:
    """Prints what it was given."""
    settings["root_secret_access_key"] = find_secret(context, "root_secret_access_key")
    click.echo(json.dumps(settings, default=str))


def shown(*arguments: str, env: dict[str, str] | None = None) -> dict[str, object]:
    result = CliRunner().invoke(show, arguments, env={"HOME": "/home/alice", "XDG_DATA_HOME": None, **(env or {})})
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(show, arguments)
    assert result.exit_code == 2
    return result.output.splitlines()[-1]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "iamd.toml"
    path.write_text(
        'port = 1\nlog_level = "error"\ndev = true\ndata_dir = "/srv/iamd"\nroot_secret_access_key = "from the file"\n'
    )
    return path


def test_defaults() -> None:
    assert shown() == {
        "data_dir": "/home/alice/.local/share/iamd",
        "port": 4567,
        "log_level": "info",
        "dev": False,
        "root_secret_access_key": None,
    }
    assert shown(env={"XDG_DATA_HOME": "/xdg"})["data_dir"] == "/xdg/iamd"


def test_the_file_is_below_variables_and_variables_are_below_flags(file: Path) -> None:
    assert shown("--config", str(file)) == {
        "data_dir": "/srv/iamd",
        "port": 1,
        "log_level": "error",
        "dev": True,
        "root_secret_access_key": "from the file",
    }
    env = {
        "IAMD_CONFIG": str(file),
        "IAMD_PORT": "2",
        "IAMD_DEV": "false",
        "IAMD_ROOT_SECRET_ACCESS_KEY": "from the environment",
    }
    from_variables = shown(env=env)
    assert (from_variables["port"], from_variables["dev"]) == (2, False)
    assert from_variables["root_secret_access_key"] == "from the environment"
    assert shown("--port", "3", env=env)["port"] == 3


def test_secrets_have_no_flag() -> None:
    assert refused("--root-secret-access-key", "x").startswith("Error: No such option '--root-secret-access-key'")


def test_a_file_is_refused_for_what_iamd_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "iamd.toml"
    path.write_text("portt = 1\n")
    assert refused("--config", str(path)).endswith(f"{path} has unknown settings: portt. See iamd serve --help.")
    path.write_text("port =\n")
    assert refused("--config", str(path)).startswith(f"Error: {path} cannot be read as TOML: ")
    path.write_text('port = "many"\n')
    assert "'many' is not a valid integer" in refused("--config", str(path))
    path.write_text("root_secret_access_key = 1\n")
    assert refused("--config", str(path)) == (
        "Error: root_secret_access_key in the settings file is no text: "
        'write it in quotes, as in root_secret_access_key = "…".'
    )
