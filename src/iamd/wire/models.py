"""AWS's own description of a service: operations, shapes and errors, read from botocore's installed data files."""

import importlib.util
import re
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct, field

# Of the services that speak the Query protocol; iamd's own is the operator API.
API_VERSIONS: Final = {"iam": "2010-05-08", "sts": "2011-06-15", "iamd": "2026-11-24"}
JSON_API_VERSIONS: Final = {"service-quotas": "2019-06-24"}  # of those that speak JSON

OWN_MODELS: Final = Path(__file__).parent / "data"  # in botocore's layout: AWS_DATA_PATH lets SDKs find them

# Shapes that botocore does not mark as sensitive though an audit record must not keep them: a session token and codes
# of an MFA device.
_ALSO_SENSITIVE: Final = frozenset({"tokenType", "tokenCodeType", "authenticationCodeType"})

REDACTED: Final = "HIDDEN_DUE_TO_SECURITY_REASONS"  # as CloudTrail writes it


class Reference(Struct, frozen=True):
    """A use of a shape: the member of a structure, the element of a list, the key or value of a map."""

    shape: str
    location_name: str | None = field(default=None, name="locationName")


class Error(Struct, frozen=True):
    """How an error shape appears on the wire."""

    code: str
    status: int = field(default=400, name="httpStatusCode")


class Shape(Struct, frozen=True, eq=False):
    """One shape of a model; ``min`` and ``max`` bound a length, or the value of a number.

    https://smithy.io/2.0/spec/constraint-traits.html
    """

    type: str
    members: dict[str, Reference] = {}
    required: tuple[str, ...] = ()
    member: Reference | None = None
    key: Reference | None = None
    value: Reference | None = None
    min: int | None = None
    max: int | None = None
    pattern: str | None = None
    enum: tuple[str, ...] = ()
    sensitive: bool = False
    flattened: bool = False
    exception: bool = False
    error: Error | None = None


class ServiceModel(Struct, frozen=True, eq=False, kw_only=True):
    """A service; ``name`` is botocore's for it, ``prefix`` the one that its actions, ARNs and credential scopes have.

    ``target_prefix`` is what the JSON protocol puts before an operation's name. ``shapes`` and ``operations`` are by
    AWS name.
    """

    name: str
    prefix: str
    target_prefix: str
    api_version: str
    xml_namespace: str
    shapes: Mapping[str, Shape]
    operations: Mapping[str, "OperationModel"]

    def __repr__(self) -> str:
        return f"ServiceModel({self.name})"


class OperationModel(Struct, frozen=True, eq=False, kw_only=True):
    """An operation of a service. Compared and hashed by identity: there is one object per operation."""

    name: str
    service: ServiceModel
    signed: bool = True  # False: the operation carries its credential in its input (AssumeRoleWithSAML)
    input_name: str | None = None
    output_name: str | None = None
    error_names: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"OperationModel({self.service.name}:{self.name})"

    @property
    def input(self) -> Shape | None:
        """The shape of the input, None where the operation takes none."""
        return self.service.shapes[self.input_name] if self.input_name else None

    @property
    def output(self) -> Shape | None:
        """The shape of the output, None where the operation answers nothing."""
        return self.service.shapes[self.output_name] if self.output_name else None

    @property
    def errors(self) -> tuple[Error, ...]:
        """The errors the model declares. A shape without a code of its own goes by its name, as in SDKs."""
        return tuple(self.service.shapes[name].error or Error(name) for name in self.error_names)


@cache
def load_service(name: str) -> ServiceModel:
    """The model of a service, loaded once.

    botocore's data files are read without importing botocore, whose import takes longer than all else at start.
    Raises KeyError for a service iamd has no model of, FileNotFoundError if botocore is not installed whole.
    """
    version = (API_VERSIONS | JSON_API_VERSIONS)[name]
    document = _document_decoder.decode(_read_model(name, version))
    operations: dict[str, OperationModel] = {}
    service = ServiceModel(
        name=name,
        prefix=document.metadata.endpoint_prefix,
        target_prefix=document.metadata.target_prefix,
        api_version=document.metadata.api_version,
        xml_namespace=document.metadata.xml_namespace,
        shapes=MappingProxyType(document.shapes),
        operations=MappingProxyType(operations),
    )
    for described in document.operations.values():
        operations[described.name] = OperationModel(
            name=described.name,
            service=service,
            signed=described.authtype != "none",
            input_name=described.input.shape if described.input else None,
            output_name=described.output.shape if described.output else None,
            error_names=tuple(error.shape for error in described.errors),
        )
    return service


def _read_model(name: str, version: str) -> bytes:
    own = OWN_MODELS / name / version / "service-2.json"
    if own.exists():
        return own.read_bytes()
    packed = (_data_directory() / name / version / "service-2.json.gz").read_bytes()
    return zlib.decompress(packed, wbits=zlib.MAX_WBITS | 16)


def operation_names(service: str) -> tuple[str, ...]:
    """The AWS names of all operations of a service's model, in its order."""
    return tuple(load_service(service).operations)


_WORD = re.compile("(.)([A-Z][a-z]+)")
_END_OF_WORD = re.compile("([a-z0-9])([A-Z])")
_PLURAL_OF_CAPITALS = re.compile("[A-Z]{2,}s$")


@cache
def python_name(name: str) -> str:
    """boto3's name: ``CreateOpenIDConnectProvider`` → ``create_open_id_connect_provider``."""
    if plural := _PLURAL_OF_CAPITALS.search(name):
        name = f"{name[: plural.start()]}_{plural.group().lower()}"
    name = _WORD.sub(r"\1_\2", name)
    return _END_OF_WORD.sub(r"\1_\2", name).lower()


def redact(operation: OperationModel, values: Mapping[str, Any], side: Literal["input", "output"]) -> dict[str, Any]:
    """An operation's input or output without its secrets, for the audit record: members of sensitive shapes are hidden.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
    """
    name = operation.input_name if side == "input" else operation.output_name
    if name is None:
        return {}
    shown = _redact(operation.service, name, values)
    assert isinstance(shown, dict)
    return shown


def _redact(service: ServiceModel, name: str, value: Any) -> Any:
    shape = service.shapes[name]
    if shape.sensitive or name in _ALSO_SENSITIVE:
        return REDACTED
    if shape.type == "structure":
        # A member the model does not know is hidden too: nothing says that it may be shown.
        return {
            member: _redact(service, shape.members[member].shape, inner) if member in shape.members else REDACTED
            for member, inner in value.items()
        }
    if shape.type == "list" and shape.member:
        return [_redact(service, shape.member.shape, inner) for inner in value]
    if shape.type == "map" and shape.value:
        return {key: _redact(service, shape.value.shape, inner) for key, inner in value.items()}
    return value


class _Metadata(Struct, rename="camel"):
    api_version: str
    endpoint_prefix: str
    xml_namespace: str = ""
    target_prefix: str = ""


class _Operation(Struct):
    name: str
    input: Reference | None = None
    output: Reference | None = None
    errors: tuple[Reference, ...] = ()
    authtype: str = ""


class _Document(Struct):
    metadata: _Metadata
    operations: dict[str, _Operation]
    shapes: dict[str, Shape]


_document_decoder = msgspec.json.Decoder(_Document)


def _data_directory() -> Path:
    found = importlib.util.find_spec("botocore")  # locates the top-level package without running it
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("botocore is not installed: iamd reads AWS's service models from it")
    return Path(found.submodule_search_locations[0]) / "data"
