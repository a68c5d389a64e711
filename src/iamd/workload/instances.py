"""The instances that ``iamd workload serve`` serves, as a TOML or JSON file describes them."""

import re
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from iamd.workload.credentials import RoleRequest

MAX_FILE = 4 << 20  # bytes
MAX_INSTANCES = 10_000
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_EC2 = "ec2.amazonaws.com"


class InvalidInstances(Exception):
    """The file cannot be used. The message says what to change."""


class Instance(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One process, container or machine, and the role that it has."""

    id: str  # 1 to 64 letters, digits, dots, underscores and hyphens
    role: str | None = None  # a name with its path, or an ARN …
    instance_profile: str | None = None  # … or the name of an instance profile, whose role it is
    token_file: Path | None = None  # holds the authorization token; made if it is missing
    metadata: str | None = None  # host:port of a metadata service of its own

    session_name: str | None = None  # by default iamd-workload, for an instance profile the id
    duration: int = 3600  # seconds
    policy: str | None = None  # inline session policy
    policy_arns: tuple[str, ...] = ()
    external_id: str | None = None
    service: str | None = None  # service principal to assume the role as; ec2.amazonaws.com for an instance profile
    source_arn: str | None = None  # what the service works for

    metadata_v1: bool = False  # answer requests without a session token too
    hop_limit: int = 1  # hops that an answer of the metadata service may travel, 1 to 64
    region: str | None = None
    availability_zone: str | None = None
    instance_type: str | None = None
    hostname: str | None = None
    local_ipv4: str | None = None
    tags: Mapping[str, str] = {}

    @property
    def request(self) -> RoleRequest:
        """The session that it has. Instances of one role share it, unless they have session names of their own."""
        own_name = self.id if self.instance_profile else "iamd-workload"
        return RoleRequest(
            role=self.role,
            instance_profile=self.instance_profile,
            session_name=self.session_name or own_name,
            duration=self.duration,
            policy=self.policy,
            policy_arns=self.policy_arns,
            external_id=self.external_id,
            service=self.service or (_EC2 if self.instance_profile else None),
            source_arn=self.source_arn,
        )

    def find_token(self) -> str | None:
        """The authorization token, read anew each time, so that a new one is in force at once."""
        try:
            return None if self.token_file is None else self.token_file.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None


class Fleet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All instances, and how they are served."""

    instances: tuple[Instance, ...]
    listen: str = "127.0.0.1:9911"  # host:port of the container credentials endpoint
    profile: str | None = None  # the AWS profile to ask with
    endpoint_url: str | None = None
    region: str | None = None


def read_fleet(path: Path) -> Fleet:
    """The file's instances, checked. Raises InvalidInstances."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
        if len(data) > MAX_FILE:
            raise InvalidInstances(f"{path} has more than {MAX_FILE:,} bytes.")
        values: Any = msgspec.json.decode(data) if path.suffix == ".json" else tomllib.loads(data.decode())
        fleet = msgspec.convert(values, Fleet, dec_hook=_path)
    except OSError as error:
        raise InvalidInstances(f"{path} cannot be read: {error.strerror}.") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.DecodeError, RecursionError) as error:
        raise InvalidInstances(f"{path} cannot be used: {error}") from None
    for problem in _problems(fleet):
        raise InvalidInstances(f"{path}: {problem}")
    return fleet


def make_token_files(fleet: Fleet) -> None:
    """Make the token files that are missing, for their owner alone. Raises InvalidInstances."""
    for instance in fleet.instances:
        if instance.token_file is None or instance.token_file.exists():
            continue
        try:
            instance.token_file.parent.mkdir(parents=True, exist_ok=True)
            instance.token_file.touch(mode=0o600, exist_ok=False)
            instance.token_file.write_text(new_token())  # no newline, which SDKs would send along
        except OSError as error:
            raise InvalidInstances(f"The token file {instance.token_file} cannot be made: {error.strerror}.") from None


def new_token() -> str:
    """A fresh authorization token."""
    return secrets.token_urlsafe(32)


def _path(kind: type, value: Any) -> Path:
    """A path, the one type of ``Fleet`` that msgspec does not know; TypeError from ``Path`` becomes its error."""
    return Path(value)


def _problems(fleet: Fleet) -> Any:
    if len(fleet.instances) > MAX_INSTANCES:
        yield f"there are more than {MAX_INSTANCES:,} instances."
    seen: set[str] = {fleet.listen}
    for instance in fleet.instances:
        if not _ID.fullmatch(instance.id):
            yield f"{instance.id!r} is no id: 1 to 64 letters, digits, dots, underscores and hyphens."
        if instance.id in seen:
            yield f"there are two instances {instance.id}."
        if (instance.role is None) == (instance.instance_profile is None):
            yield f"the instance {instance.id} needs a role or an instance_profile, and not both."
        if instance.token_file is None and instance.metadata is None:
            yield f"the instance {instance.id} needs a token_file, or an address for its metadata service, or both."
        if not _SESSION_NAME.fullmatch(instance.request.session_name):
            yield f"{instance.request.session_name!r} is no session name: 2 to 64 letters, digits and +=,.@-_."
        if not 900 <= instance.duration <= 43_200:
            yield f"the duration of the instance {instance.id} must be 900 to 43200 seconds."
        if not 1 <= instance.hop_limit <= 64:
            yield f"the hop_limit of the instance {instance.id} must be 1 to 64."
        if instance.metadata is not None and instance.metadata in seen and not instance.metadata.endswith(":0"):
            yield f"{instance.metadata} is the address of two."
        seen |= {instance.id, instance.metadata or instance.id}
