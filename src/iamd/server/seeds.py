"""The accounts that settings ask for: one by ``IAMD_ACCOUNT_ID`` and ``IAMD_ROOT_*``, and those of a file."""

import re
import tomllib
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from iamd.account.ids import find_account_id
from iamd.server.settings import Settings, SettingsError

_ACCOUNT_ID = re.compile(r"[0-9]{12}", re.ASCII)
_ACCESS_KEY_ID = re.compile(r"\w{3,128}", re.ASCII)  # AWS's own take 16 to 128; test suites use shorter ones
_ORGANIZATION_ID = re.compile(r"o-[a-z0-9]{10,32}", re.ASCII)
_SECRET = re.compile(r"[!-~]{1,128}", re.ASCII)


class OrganizationSeed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The organization that an account manages; who its members are, they say themselves."""

    id: str | None = None  # o-…; None: kept, or made at random
    feature_set: Literal["ALL", "CONSOLIDATED_BILLING"] = "ALL"
    trusted_services: tuple[str, ...] = ()  # service principals that have trusted access


class Seed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account to create unless it exists. What is None is made at random."""

    account_id: str | None = None  # 12 digits
    name: str | None = None
    root_access_key_id: str | None = None  # 3 to 128 letters, digits and underscores
    root_secret_access_key: str | None = None
    organization: OrganizationSeed | None = None  # that it is the management account of
    management_account_id: str | None = None  # of the organization that it is a member of
    delegated_administrator_of: tuple[str, ...] = ()  # service principals that it administers for the organization

    def __repr__(self) -> str:
        return f"Seed(account_id={self.account_id!r}, name={self.name!r})"  # no secret

    def verify(self, where: str) -> None:
        """Raise SettingsError, opening with ``where``, if the account cannot be created so."""
        if self.account_id is not None and not _ACCOUNT_ID.fullmatch(self.account_id):
            raise SettingsError(f"{where}: an account id has 12 digits, not {self.account_id!r}.")
        self._verify_membership(where)
        if (self.root_access_key_id is None) != (self.root_secret_access_key is None):
            raise SettingsError(f"{where}: give both the root user's access key id and its secret, or neither.")
        if self.root_access_key_id is None or self.root_secret_access_key is None:
            return
        if not _ACCESS_KEY_ID.fullmatch(self.root_access_key_id):
            raise SettingsError(f"{where}: an access key id has 3 to 128 letters, digits and underscores.")
        if not _SECRET.fullmatch(self.root_secret_access_key):
            raise SettingsError(f"{where}: a secret access key has 1 to 128 printable characters without spaces.")
        owner = find_account_id(self.root_access_key_id)
        if owner is not None and owner != self.account_id:
            raise SettingsError(
                f"{where}: the access key id {self.root_access_key_id} carries the account id {owner}: "
                "set that as the account's id, or choose another access key id."
            )

    def _verify_membership(self, where: str) -> None:
        organization = self.organization
        if organization is not None and self.management_account_id not in (None, self.account_id):
            raise SettingsError(f"{where}: an account manages an organization or is managed in one, not both.")
        if organization is not None and organization.id and not _ORGANIZATION_ID.fullmatch(organization.id):
            raise SettingsError(
                f"{where}: an organization id is o- and 10 to 32 small letters and digits, not {organization.id!r}."
            )
        if self.delegated_administrator_of and (organization is not None or self.management_account_id is None):
            raise SettingsError(f"{where}: only a member account can be a delegated administrator.")


def find_seeds(settings: Settings) -> tuple[Seed, ...]:
    """The accounts that the settings ask for, checked; none if they ask for none. Raises SettingsError."""
    seeds = []
    own = Seed(
        account_id=settings.account_id,
        root_access_key_id=settings.root_access_key_id,
        root_secret_access_key=settings.root_secret_access_key,
    )
    if own != Seed():
        own.verify("IAMD_ACCOUNT_ID and IAMD_ROOT_*")
        seeds.append(own)
    if settings.accounts_file is not None:
        for number, seed in enumerate(_read(settings.accounts_file), 1):
            where = f"{settings.accounts_file}, account {number}"
            if seed.account_id is None:
                raise SettingsError(f"{where}: account_id is missing.")
            seed.verify(where)
            seeds.append(seed)
    managing = {seed.account_id for seed in seeds if seed.organization is not None}
    for seed in seeds:
        if seed.management_account_id is not None and seed.management_account_id not in managing:
            raise SettingsError(
                f"Account {seed.account_id} names {seed.management_account_id} as its management account, "
                "which has no organization: give it one."
            )
    for name in ("account_id", "root_access_key_id"):
        values = [getattr(seed, name) for seed in seeds if getattr(seed, name) is not None]
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise SettingsError(f"Two accounts are asked for with the {name} {twice[0]}: give each its own.")
    return tuple(seeds)


def _read(path: Path) -> list[Seed]:
    """The accounts of a JSON list, or of the ``[[accounts]]`` of a TOML file."""
    try:
        text = path.read_text("utf-8")
        listed: Any = tomllib.loads(text).get("accounts", []) if path.suffix == ".toml" else msgspec.json.decode(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.DecodeError) as error:
        raise SettingsError(f"The accounts file {path} cannot be read: {error}.") from error
    try:
        return msgspec.convert(listed, list[Seed])
    except msgspec.ValidationError as error:
        raise SettingsError(
            f"The accounts file {path} is no list of accounts: {error}. An account is written as "
            '{"account_id": "111122223333", "name": "…", "root_access_key_id": "…", "root_secret_access_key": "…"}.'
        ) from error
