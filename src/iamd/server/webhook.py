"""The webhooks of an installation, as a file describes them: which events go where."""

import ipaddress
import re
import stat
import tomllib
import urllib.parse
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from iamd.policy.matching import compile_pattern
from iamd.server.event_log import Selection
from iamd.server.operations import SERVICES
from iamd.wire.models import load_service

MIN_SECRET = 16  # characters

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class InvalidWebhooks(Exception):
    """The file of webhooks cannot be used. The message says what to change."""


class Webhook(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to send which events. Their actions are recorded even if they change nothing."""

    name: str  # of its cursor in the store: 1 to 63 lower-case letters, digits and hyphens
    url: str  # https, or http on loopback
    secret: str  # key of the signatures
    actions: tuple[str, ...]  # patterns such as sts:AssumeRole and iam:*AccessKey
    resources: tuple[str, ...] = ()  # patterns of the ARNs that an event names; none: any event
    principals: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Webhook({self.name!r})"  # no secret

    @property
    def selection(self) -> Selection:
        return Selection(
            actions=self.actions, resources=self.resources, principals=self.principals, accounts=self.accounts
        )


class _File(Struct, forbid_unknown_fields=True):
    webhooks: tuple[Webhook, ...]


def read_webhooks(path: Path) -> tuple[Webhook, ...]:
    """The webhooks in a TOML or JSON file, which others may not read. Raises InvalidWebhooks."""
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise InvalidWebhooks(f"{path} holds secrets, and others may read it: chmod 600 {path}")
        data = path.read_bytes()
        values = msgspec.json.decode(data) if path.suffix == ".json" else tomllib.loads(data.decode())
        webhooks = msgspec.convert(values, _File).webhooks
    except OSError as error:
        raise InvalidWebhooks(f"The webhooks {path} cannot be read: {error.strerror}.") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.DecodeError) as error:
        raise InvalidWebhooks(f"The webhooks {path} cannot be used: {error}") from None
    for webhook in webhooks:
        _verify(webhook)
    if len({webhook.name for webhook in webhooks}) != len(webhooks):
        raise InvalidWebhooks(f"{path}: two webhooks have one name.")
    return webhooks


def _verify(webhook: Webhook) -> None:
    if not _NAME.fullmatch(webhook.name):
        raise InvalidWebhooks(f"{webhook.name!r} is no name: 1 to 63 lower-case letters, digits and hyphens.")
    if len(webhook.secret) < MIN_SECRET:
        raise InvalidWebhooks(f"The secret of the webhook {webhook.name} needs {MIN_SECRET} characters.")
    if not webhook.actions:
        raise InvalidWebhooks(f"The webhook {webhook.name} has no actions.")
    url = urllib.parse.urlsplit(webhook.url)
    if (url.scheme == "https" and url.hostname) or (url.scheme == "http" and _is_loopback(url.hostname or "")):
        return
    raise InvalidWebhooks(f"The webhook {webhook.name} needs an https URL; http is for loopback alone.")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def recorded_actions(webhooks: Iterable[Webhook]) -> dict[str, tuple[str, ...]]:
    """The actions that are to be recorded for webhooks though they change nothing, and of which resources.

    An action with ``*`` among its resources is recorded whatever it is about.
    """
    known = [f"{model.prefix}:{name}" for model in map(load_service, SERVICES) for name in model.operations]
    found: dict[str, tuple[str, ...]] = {}
    for webhook in webhooks:
        patterns = [compile_pattern((each if ":" in each else f"*:{each}").lower()) for each in webhook.actions]
        for action in known:
            if any(match(action.lower()) for match in patterns):
                found[action] = (*found.get(action, ()), *(webhook.resources or ("*",)))
    return found
