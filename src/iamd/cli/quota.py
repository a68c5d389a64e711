"""``iamd quota``: the operator's side of Service Quotas."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from iamd.cli.options import config_option
from iamd.cli.output import output_option, print_json
from iamd.cli.store_options import Place, account_option, place_options

if TYPE_CHECKING:
    from iamd.account.changes import Change
    from iamd.account.state import Account
    from iamd.cli.stores import Stored

_beyond_option = click.option("--beyond-aws", is_flag=True, help="Go further than AWS raises this quota.")


@click.group(name="quota", short_help="Show, set and raise accounts' quotas.")
def quota() -> None:
    """Show and set accounts' quotas, and decide on requests to raise them.

    The server may be running. What is set holds from the next request on.

    \b
    Examples:
      iamd quota list
      iamd quota set Roles 5000
      iamd quota requests
      iamd quota approve 7nSR4iHEXAMPLE
    """


@quota.command(name="list", short_help="Show every quota of an account.")
@config_option
@place_options
@account_option
@output_option()
def list_(place: Place, account_id: str | None, output: str) -> None:
    """Show every quota of an account: its value, AWS's default and how far AWS raises it.

    \b
    Examples:
      iamd quota list
      iamd quota list --account 111122223333 --output json
    """
    from iamd.account.quotas import FIXED, QUOTAS
    from iamd.servicequotas.catalog import SERVICE_QUOTAS

    codes = {each.quota: each.code for each in SERVICE_QUOTAS.values()}

    async def show(stored: "Stored") -> None:
        account = await stored.get_account(account_id)
        rows: list[dict[str, Any]] = [
            {
                "quota": name,
                "value": account.quota(name),
                "default": each.default,
                "maximum": "fixed" if name in FIXED else each.maximum,
                "code": codes.get(name, ""),
            }
            for name, each in QUOTAS.items()
        ]
        if output == "json":
            print_json(rows)
            return
        for row in [{column: column for column in rows[0]}, *rows]:
            click.echo("{quota:36} {value:>7} {default:>7} {maximum:>7}  {code}".format(**row).rstrip())

    _run(place, show)


@quota.command(name="set", short_help="Let an account have more or less of a quota.")
@config_option
@place_options
@account_option
@_beyond_option
@click.argument("name", metavar="QUOTA")
@click.argument("value", type=click.IntRange(0, 10_000_000))
def set_(place: Place, account_id: str | None, beyond_aws: bool, name: str, value: int) -> None:
    """Let an account have VALUE of a QUOTA, named as in the list or by AWS's code.

    \b
    Examples:
      iamd quota set Roles 5000
      iamd quota set L-F55AF5E4 20000 --beyond-aws --account 111122223333
    """
    from iamd.servicequotas.operator import get_quota_name, set_quota

    async def write(stored: "Stored") -> None:
        quota_name = get_quota_name(name)
        account = await stored.get_account(account_id)
        await _write(
            stored,
            account.account_id,
            "SetQuota",
            lambda account, time: (
                set_quota(account, quota_name, value, beyond_aws=beyond_aws),
                {"quota": quota_name, "newQuotaValue": value},
            ),
        )
        click.echo(f"The quota {quota_name} of account {account.account_id} is {value}.")

    _run(place, write)


@quota.command(short_help="Show the requests that wait for a decision.")
@config_option
@place_options
@account_option
@click.option("--all", "all_requests", is_flag=True, help="Those decided, too.")
@output_option()
def requests(place: Place, account_id: str | None, all_requests: bool, output: str) -> None:
    """Show the requests to raise quotas that wait for a decision, oldest first.

    \b
    Examples:
      iamd quota requests
      iamd quota requests --all --output json
    """
    from iamd.servicequotas.catalog import SERVICE_QUOTAS

    async def show(stored: "Stored") -> None:
        found = []
        for each in stored.account_ids(account_id):
            account = await stored.get_account(each)
            found += [(request, account) for request in account.quota_requests if all_requests or request.open]
        rows: list[dict[str, Any]] = [
            {
                "id": request.id,
                "status": request.status,
                "created": datetime.fromtimestamp(request.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "account": account.account_id,
                "quota": SERVICE_QUOTAS[request.quota_code].quota,
                "value": account.quota(SERVICE_QUOTAS[request.quota_code].quota),
                "desired": request.desired_value,
                "requester": request.requester_arn,
            }
            for request, account in sorted(found, key=lambda pair: (pair[0].created, pair[0].id))
        ]
        if output == "json":
            print_json(rows)
            return
        for row in rows:
            click.echo(
                "{id}  {status:12}  {created}  {account}  {quota} {value} -> {desired:g}  {requester}".format(**row)
            )

    _run(place, show)


@quota.command()
@config_option
@place_options
@account_option
@_beyond_option
@click.argument("request_id", metavar="REQUEST")
def approve(place: Place, account_id: str | None, beyond_aws: bool, request_id: str) -> None:
    """Raise a quota as a REQUEST asks.

    \b
    Examples:
      iamd quota approve 7nSR4iHEXAMPLE
      iamd quota approve 7nSR4iHEXAMPLE --beyond-aws
    """
    from iamd.servicequotas.operator import approve_request

    def decide(account: "Account", time: int) -> "list[Change]":
        return approve_request(account, request_id, time, beyond_aws=beyond_aws)

    _decide(place, account_id, request_id, decide, "approved")


@quota.command()
@config_option
@place_options
@account_option
@click.argument("request_id", metavar="REQUEST")
def refuse(place: Place, account_id: str | None, request_id: str) -> None:
    """Close a REQUEST and leave the quota as it is.

    \b
    Example:
      iamd quota refuse 7nSR4iHEXAMPLE
    """
    from iamd.servicequotas.operator import refuse_request

    def decide(account: "Account", time: int) -> "list[Change]":
        return refuse_request(account, request_id, time)

    _decide(place, account_id, request_id, decide, "refused")


# Shared ---------------------------------------------------------------------------------------------------------------


def _decide(
    place: Place,
    account_id: str | None,
    request_id: str,
    decide: "Callable[[Account, int], list[Change]]",
    done: str,
) -> None:
    from iamd.account.changes import Put
    from iamd.account.records import QuotaRequest
    from iamd.servicequotas.operator import QuotaError, request_details

    def written(account: "Account", time: int) -> "tuple[list[Change], dict[str, Any]]":
        changes = decide(account, time)
        [request] = [
            change.record for change in changes if isinstance(change, Put) and isinstance(change.record, QuotaRequest)
        ]
        return changes, request_details(request)

    async def write(stored: "Stored") -> None:
        for each in stored.account_ids(account_id):
            account = await stored.get_account(each)
            if account.quota_requests.find(request_id) is not None:
                await _write(stored, each, "UpdateServiceQuotaIncreaseRequestStatus", written)
                click.echo(f"The request {request_id} of account {each} is {done}.")
                return
        raise QuotaError(f"There is no request {request_id}. iamd quota requests shows them.")

    _run(place, write)


async def _write(
    stored: "Stored",
    account_id: str,
    event_name: str,
    run: "Callable[[Account, int], tuple[list[Change], dict[str, Any]]]",
) -> None:
    from iamd.call import now
    from iamd.replica.replica import Written
    from iamd.server.audit import operator_event

    def written(account: "Account") -> Written:
        time = now()
        changes, details = run(account, time)
        event = operator_event("servicequotas", event_name, details, account_id, time)
        return Written(None, changes, event)

    await stored.replica.write(account_id, written)


def _run(place: Place, act: "Callable[[Stored], Awaitable[None]]") -> None:
    from iamd.cli.stores import run_on_store
    from iamd.servicequotas.operator import QuotaError

    run_on_store(place, act, QuotaError)
