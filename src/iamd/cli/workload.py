"""``iamd workload``: serve role credentials to instances."""

from pathlib import Path

import click

from iamd.cli.options import log_options


@click.group(short_help="Serve roles' credentials to processes.")
def workload() -> None:
    """Role credentials for processes, containers and machines.

    \b
    Examples:
      iamd workload serve instances.toml
    """


@workload.command(short_help="Serve the instances in a file.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--allow-remote", is_flag=True, help="Listen beyond loopback, where the file says so.")
@log_options
def serve(file: Path, allow_remote: bool, log_level: str, log_format: str) -> None:
    """Serve the instances in FILE, TOML or JSON, with the credentials of their roles.

    For each instance a line of JSON is printed: its id, and the variables by which the AWS SDKs of its processes find
    the credentials. SIGHUP reads the file again.

    \b
    Examples:
      iamd workload serve instances.toml
      iamd workload serve --allow-remote /etc/iamd/instances.json
    """
    import asyncio

    import msgspec

    from iamd.server.logs import configure_logs
    from iamd.workload.agent import Agent, serve_until_stopped
    from iamd.workload.instances import InvalidInstances, read_fleet
    from iamd.workload.issuing import Issuer, NotIssued
    from iamd.workload.sockets import CannotListen, allow_open_files

    def tell(agent: Agent) -> None:
        for served in agent.served():
            click.echo(msgspec.json.encode(served))

    async def run() -> None:
        agent = Agent(fleet, issuer.issue, allow_remote=allow_remote, region=issuer.region or "us-east-1")
        await serve_until_stopped(agent, lambda: read_fleet(file), tell)

    configure_logs(log_level, log_format)
    allow_open_files()
    try:
        fleet = read_fleet(file)
        issuer = Issuer(profile=fleet.profile, endpoint_url=fleet.endpoint_url, region=fleet.region)
        asyncio.run(run())
    except (InvalidInstances, CannotListen, NotIssued) as error:
        raise click.ClickException(str(error)) from None
