"""``iamd serve``: start the server."""

import sys
from pathlib import Path
from typing import Any

import click

from iamd.cli.options import (
    SEED_SETTINGS,
    config_option,
    data_dir_option,
    find_secret,
    log_options,
    master_key_option,
    master_key_source,
    setting,
)
from iamd.cli.store_options import pop_etcd, store_options

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@config_option
@data_dir_option
@store_options
@setting("--region", help="What this place is called, for people and metrics.")
@setting(
    "--keep-history",
    metavar="HOURS",
    type=click.FloatRange(0.1),
    default=24.0,
    show_default=True,
    help="Hours for which the store's log of changes is kept; the values that are current always are.",
)
@setting(
    "--keep-events",
    metavar="DAYS",
    type=click.IntRange(1),
    show_default="for ever",
    help="Days for which audit events are kept.",
)
@setting("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@setting("--port", type=click.IntRange(0, 65535), default=4567, show_default=True, help="Port; 0 is any free one.")
@setting(
    "--public-url",
    metavar="URL",
    show_default="where it listens",
    help="Where clients reach the server, if a proxy stands before it; the issuer of its web identity tokens.",
)
@setting("--workers", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes that answer.")
@setting("--tls-cert", type=_FILE, help="Certificate and its chain, PEM.")
@setting("--tls-key", type=_FILE, help="Private key of the certificate, PEM.")
@setting("--insecure", is_flag=True, help="Listen beyond loopback without TLS.")
@setting("--dev", is_flag=True, help="Keep everything in memory, and add POST /_iamd/reset: for tests.")
@master_key_option
@setting("--accounts-file", type=_FILE, help="JSON or TOML list of accounts to create.")
@setting("--aws-managed-policies", type=_FILE, help="More AWS-managed policies, as the AWS CLI prints them.")
@setting(
    "--issuer-keys",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory of JSON Web Key Sets of the issuers whose web identity tokens are taken.",
)
@setting("--webhooks", type=_FILE, help="TOML or JSON file: where to send which audit events.")
@setting("--role-templates", type=_FILE, help="Role templates of services, as the AWS CLI prints them.")
@setting(
    "--quota-increases",
    type=click.Choice(["operator", "automatic"]),
    default="operator",
    show_default=True,
    help="Who approves requests to raise a quota; automatic as far as AWS raises it.",
)
@log_options
@setting(
    "--max-connections",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    help="Connections that one worker takes.",
)
@setting(
    "--request-timeout",
    type=click.FloatRange(0, min_open=True),
    default=30.0,
    show_default=True,
    help="Seconds a client has to send a request.",
)
@setting(
    "--keep-alive-timeout",
    type=click.FloatRange(0, min_open=True),
    default=60.0,
    show_default=True,
    help="Seconds a connection may be idle.",
)
@click.pass_context
def serve(context: click.Context, /, **options: Any) -> None:
    """Answer AWS clients: IAM and STS, at one address.

    The first line on standard output is IAMD_ENDPOINT_URL=<url>. A first start creates an account and prints its root
    user's access key, once. IAMD_ACCOUNT_ID, IAMD_ROOT_ACCESS_KEY_ID and IAMD_ROOT_SECRET_ACCESS_KEY choose them.

    \b
    Examples:
      iamd serve
      iamd serve --port 0 --dev
      iamd serve --store etcd://10.0.1.5:2379,10.0.2.5:2379,10.0.3.5:2379 --store-ca etcd-ca.pem
      iamd serve --host 0.0.0.0 --tls-cert iamd.pem --tls-key iamd.key --workers 2
    """
    from iamd.server.limits import Limits
    from iamd.server.serve import serve
    from iamd.server.settings import Settings, SettingsError

    bounds = {name: options.pop(name) for name in ("max_connections", "request_timeout", "keep_alive_timeout")}
    options["master_key_source"] = master_key_source(options["data_dir"], options.pop("master_key_from"))
    options["store"] = pop_etcd(context, options)
    if options["webhooks"] is None:
        del options["webhooks"]
    else:
        options["webhooks"] = _read_webhooks(options["webhooks"])
    options |= {name: find_secret(context, name) for name in SEED_SETTINGS}
    try:
        sys.exit(serve(Settings(limits=Limits(**bounds), **options)))
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


def _read_webhooks(path: Path) -> Any:
    from iamd.server.webhook import InvalidWebhooks, read_webhooks

    try:
        return read_webhooks(path)
    except InvalidWebhooks as error:
        raise click.ClickException(str(error)) from None
