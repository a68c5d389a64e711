"""``iamd events``: show what was done, by whom and when, and follow it."""

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from iamd.cli.options import config_option
from iamd.cli.output import output_option
from iamd.cli.store_options import Place, place_options

if TYPE_CHECKING:
    from iamd.server.event_log import Event, Selection

_AGO = re.compile(r"([0-9]{1,5})([smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@click.command(short_help="Show and follow audit events.")
@config_option
@place_options
@click.option("--action", "actions", multiple=True, metavar="PATTERN", help="Such as sts:AssumeRole or 'iam:Delete*'.")
@click.option("--principal", "principals", multiple=True, metavar="PATTERN", help="ARNs of who acted.")
@click.option("--resource", "resources", multiple=True, metavar="PATTERN", help="ARNs of roles that were assumed.")
@click.option("--account", "accounts", multiple=True, metavar="ID", help="Accounts that it was done in.")
@click.option("--since", metavar="TIME", help="From then on: 2026-01-02, 2026-01-02T03:04:05Z, or 15m, 2h, 7d ago.")
@click.option("--until", metavar="TIME", help="Before then.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the last N of those that there are.")
@click.option("--follow", is_flag=True, help="Go on with those that come.")
@output_option()
def events(place: Place, limit: int | None, follow: bool, output: str, **options: Any) -> None:
    """Show the audit events in the store: every change, and every session that was taken on with an MFA proof.

    The server may be running, or several. An option given twice means either; different ones must all hold. JSON is
    one event a line, in the form of CloudTrail.

    \b
    Examples:
      iamd events --since 1d
      iamd events --action 'iam:*AccessKey*' --principal '*:user/alice' --output json
      iamd events --follow --action sts:AssumeRole --resource '*:role/emergency/*'
    """
    import asyncio

    from iamd.server.event_log import Selection
    from iamd.store.interface import Unavailable

    now = datetime.now(UTC)
    options["since"], options["until"] = _time(options["since"], now), _time(options["until"], now)
    place.verify()
    try:
        asyncio.run(_show(place, Selection(**options), limit, follow, output))
    except Unavailable as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        return


async def _show(place: Place, selection: "Selection", limit: int | None, follow: bool, output: str) -> None:
    from iamd.cli.progress import progress
    from iamd.server.event_log import follow_events, read_events

    matches = selection.matcher()
    async with place.opened() as store:
        with progress("Reading") as report:
            revision, found = await read_events(store, selection, lambda count: report(count, None))
        for event in found[-limit:] if limit else found:
            _print(event, output)
        if follow:
            async for event in follow_events(store, revision):
                if matches(event):
                    _print(event, output)


def _print(event: "Event", output: str) -> None:
    if output == "json":
        click.echo(event.stored)
        return
    parts = [event.time, event.account_id, f"{event.action:36}", event.principal, *event.resources]
    click.echo("  ".join(part if part.isprintable() else repr(part) for part in parts))


def _time(text: str | None, now: datetime) -> str:
    """A time as events have it, empty for none."""
    if text is None:
        return ""
    if ago := _AGO.fullmatch(text):
        return _iso(now - timedelta(**{_UNITS[ago[2]]: int(ago[1])}))
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"{text} is no time: write 2026-01-02T03:04:05Z, 2026-01-02, or 15m, 2h, 7d.") from None
    return _iso(time.replace(tzinfo=time.tzinfo or UTC).astimezone(UTC))


def _iso(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
