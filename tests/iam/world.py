"""An account with a caller to run operations in: given records, when an operation runs, then its output and changes."""

import secrets
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from iamd.account.changes import Change, ClaimAlias, JoinOrganization, Put, PutOrganization, ReleaseAlias
from iamd.account.directory import Directory
from iamd.account.operation import Answer, Input
from iamd.account.records import Record, Settings
from iamd.account.state import Account
from iamd.arn import root_arn
from iamd.call import Call, Caller, NotComputed, NotLoaded, SealBroken, Source
from iamd.errors import ServiceError
from iamd.server.operations import SERVICES, reads_only
from iamd.wire.models import OWN_MODELS, load_service

ACCOUNT_ID = "123456789012"
OTHER_ACCOUNT_ID = "111122223333"
CREATED = 1_700_000_000  # the account's creation, epoch seconds: 2023-11-14T22:13:20Z
NOW = CREATED + 86_400

Operation = Callable[[Account, Input, Call], Answer]


class World:
    """One account with its root user. ``directory`` may be shared between worlds; ``time`` is the next call's."""

    def __init__(self, account_id: str = ACCOUNT_ID, directory: Directory | None = None) -> None:
        self.account = Account(account_id, directory or Directory())
        self.directory = self.account.directory
        self.directory.account_ids.add(account_id)
        self.others: dict[str, Account] = {}  # that operations may ask for
        self.sealer = ProcessSealer()
        self.time = NOW
        self.changes: list[Change] = []  # of the last run
        self.rewind()
        self.put(Settings(account_id=account_id, created=CREATED))

    def rewind(self) -> None:
        """Let the next calls draw the same ids and secrets again as the first ones."""
        self._random = Random(self.account.account_id)

    def put(self, *records: Record) -> None:
        """Given: these records are stored."""
        for record in records:
            self.account.apply(Put(record))

    def run(self, operation: Operation, caller: Caller | None = None, /, **input: Any) -> dict[str, Any]:
        """When: ``caller`` (default: root) calls ``operation``. Its changes are made and its output returned.

        Input and output must have the shapes of the installed model; changes are also kept in ``changes``.
        """
        output, changes = self.try_run(operation, caller, **input)
        for change in changes:
            self._apply(change)
        self.changes = changes
        return output

    def try_run(
        self, operation: Operation, caller: Caller | None = None, /, **input: Any
    ) -> tuple[dict[str, Any], list[Change]]:
        """The output and changes of ``operation``, which are not made."""
        model = operation_model(operation.__name__)
        check_shape(model.input_shape, input, "input")
        call = self.call(model.name, caller)
        while True:
            try:
                output, changes = operation(self.account, input, call)
                break
            except NotComputed as slow:
                slow.compute()
            except NotLoaded as missing:
                missing.give(self.others.get(missing.account_id))
        check_shape(model.output_shape, output, "output")
        # The server does not write what such an operation asks for.
        assert not (changes and reads_only(load_service(model.service_model.service_name).operations[model.name]))
        return output, changes

    def refusal(self, operation: Operation, caller: Caller | None = None, /, **input: Any) -> str:
        """``Code: message`` of the error that ``operation`` raises."""
        try:
            output, _ = self.try_run(operation, caller, **input)
        except ServiceError as error:
            return f"{error.code}: {error.message}"
        raise AssertionError(f"not refused, but answered {output}")

    def call(self, operation: str, caller: Caller | None = None) -> Call:
        """A call with seeded randomness."""
        return Call(
            caller=caller or self.root,
            source=Source(ip="203.0.113.7"),
            operation=operation,
            service=_service_of(operation),
            time=self.time,
            request_id="7a62c49f-347e-4fc4-9331-6e8eexample",
            sealer=self.sealer,
            choose=self._choose,
        )

    def _choose(self, alphabet: str, count: int) -> str:
        return "".join(self._random.choice(alphabet) for _ in range(count))

    @property
    def root(self) -> Caller:
        arn = root_arn(self.account.account_id)
        return Caller(
            kind="root",
            account_id=self.account.account_id,
            arn=arn,
            principal_arn=arn,
            user_id=self.account.account_id,
            access_key_id="AKIAIOSFODNN7EXAMPLE",
        )

    def user(self, name: str) -> Caller:
        """The caller that is the stored user ``name``."""
        user = self.account.get_user(name)
        return Caller(
            kind="user",
            account_id=self.account.account_id,
            arn=user.arn,
            principal_arn=user.arn,
            user_id=user.id,
            name=user.name,
        )

    def role(self, name: str = "Operator", session: str = "shift") -> Caller:
        """The caller that is a session of role ``name``, stored or not."""
        account_id = self.account.account_id
        return Caller(
            kind="role",
            account_id=account_id,
            arn=f"arn:aws:sts::{account_id}:assumed-role/{name}/{session}",
            principal_arn=f"arn:aws:iam::{account_id}:role/{name}",
            user_id=f"AROAEXAMPLEEXAMPLE123:{session}",
            name=name,
        )

    def records(self) -> dict[str, dict[str, Record]]:
        """All records by kind and key."""
        tables = self.account._tables
        return {kind: {record.key: record for record in table} for kind, table in tables.items() if len(table)}

    def verify_indexes(self) -> None:
        """The account's indexes are those of an account built anew from its records."""
        rebuilt = Account(
            self.account.account_id,
            self.directory,
            [record for table in self.records().values() for record in table.values()],
        )
        for name in ("_by_id", "_member_ids", "_attached_ids", "_bounded_ids", "_owned_keys", "_profile_ids"):
            assert getattr(self.account, name) == getattr(rebuilt, name), name

    def _apply(self, change: Change) -> None:
        if isinstance(change, ClaimAlias):
            assert self.directory.aliases.setdefault(change.alias, self.account.account_id) == self.account.account_id
        elif isinstance(change, ReleaseAlias):
            assert self.directory.aliases.pop(change.alias) == self.account.account_id
        elif isinstance(change, PutOrganization):
            assert change.organization.management_account_id == self.account.account_id
            self.directory.organizations[change.organization.id] = change.organization
        elif isinstance(change, JoinOrganization):
            self.directory.organization_ids[change.account_id] = change.organization_id
        else:
            self.account.apply(change)


class ProcessSealer:
    """AES-256-GCM with one key for the life of the process."""

    _cipher = AESGCM(AESGCM.generate_key(256))

    def seal(self, secret: bytes, context: str) -> str:
        nonce = secrets.token_bytes(12)
        return urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, secret, context.encode())).decode()

    def unseal(self, sealed: str, context: str) -> bytes:
        try:
            raw = b64decode(sealed, b"-_", validate=True)
            return self._cipher.decrypt(raw[:12], raw[12:], context.encode())
        except (ValueError, InvalidTag) as error:
            raise SealBroken from error


# The installed model's shapes ----------------------------------------------------------------------------------------


@cache
def service_model(service: str = "iam") -> ServiceModel:
    loader = Loader(extra_search_paths=[str(OWN_MODELS)])
    return ServiceModel(loader.load_service_model(service, "service-2"), service)


@cache
def operation_model(python_name: str) -> Any:
    """The model of the operation that boto3 calls ``python_name``."""
    from botocore import xform_name

    return next(
        model.operation_model(name)
        for model in map(service_model, SERVICES)
        for name in model.operation_names
        if xform_name(name) == python_name
    )


@cache
def _service_of(operation: str) -> str:
    """The service that has the operation; that of an operation of none of iamd's does not matter."""
    return next((service for service in SERVICES if operation in service_model(service).operation_names), "iam")


_TYPES: dict[str, type | tuple[type, ...]] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "integer": int,
    "long": int,
    "double": float,
    "boolean": bool,
    "timestamp": int,
    "blob": bytes,
}


def check_shape(shape: Shape | None, value: Any, where: str) -> None:
    """Assert that ``value`` holds what the model's shape can hold: known members, right types, required ones."""
    if shape is None:
        assert value == {}, f"{where}: the operation has none"
        return
    kind = _TYPES[shape.type_name]
    assert isinstance(value, kind), f"{where}: {value!r} is no {shape.type_name}"
    assert kind is not int or not isinstance(value, bool), f"{where}: {value!r} is no {shape.type_name}"
    if shape.type_name == "structure":
        for name, member in value.items():
            assert name in shape.members, f"{where}: {shape.name} has no member {name}"
            check_shape(shape.members[name], member, f"{where}.{name}")
        if where.startswith("input"):
            missing = set(shape.required_members) - set(value)
            assert not missing, f"{where}: missing {missing}"
    elif shape.type_name == "list":
        for index, member in enumerate(value):
            check_shape(shape.member, member, f"{where}[{index}]")
    elif shape.type_name == "map":
        for key, member in value.items():
            check_shape(shape.key, key, f"{where} key")
            check_shape(shape.value, member, f"{where}[{key}]")
