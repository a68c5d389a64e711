"""The JSON protocol: botocore is the peer in both directions, and no bytes are a fault of the server's."""

import json
from typing import Any

import botocore.loaders
import botocore.model
import botocore.parsers
import botocore.serialize
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamd import errors
from iamd.errors import InvalidAction, MalformedInput, ServiceError, ValidationError
from iamd.wire import json_rpc
from iamd.wire.http import HttpRequest
from iamd.wire.models import JSON_API_VERSIONS, OperationModel, load_service, operation_names
from iamd.wire.protocols import protocol_of
from tests.wire.requests import operation as query_operation
from tests.wire.shapes import values
from tests.wire.test_round_trip import few

OPERATIONS = [(service, name) for service in JSON_API_VERSIONS for name in operation_names(service)]
REQUEST_ID = "7a62c49f-347e-4fc4-9331-6e8eEXAMPLE"
loader = botocore.loaders.Loader()
peers = {
    service: botocore.model.ServiceModel(loader.load_service_model(service, "service-2"), service)
    for service in JSON_API_VERSIONS
}
serializer = botocore.serialize.create_serializer("json")
parser = botocore.parsers.create_parser("json")


def operation(name: str, service: str = "service-quotas") -> OperationModel:
    return load_service(service).operations[name]


def decode(name: str, body: Any) -> dict[str, Any]:
    return json_rpc.decode_input(operation(name), body if isinstance(body, bytes) else json.dumps(body).encode())


def refusal(name: str, body: Any) -> str:
    with pytest.raises(ServiceError) as refused:
        decode(name, body)
    return f"{refused.value.code}: {refused.value.message}"


def received(service: str, name: str, status: int, body: bytes) -> Any:
    output_shape = peers[service].operation_model(name).output_shape
    parsed = parser.parse({"status_code": status, "headers": {}, "body": body}, output_shape)
    parsed.pop("ResponseMetadata")
    return parsed


@pytest.mark.parametrize(("service", "name"), OPERATIONS, ids=lambda value: value)
@few
@given(data=st.data())
def test_input_arrives_as_botocore_sends_it(service: str, name: str, data: st.DataObject) -> None:
    model = operation(name, service)
    input = data.draw(values(model.service, model.input_name)) if model.input_name else {}
    sent = serializer.serialize_to_request(input, peers[service].operation_model(name))
    headers = tuple((key.lower().encode(), value.encode()) for key, value in sent["headers"].items())
    request = HttpRequest(method="POST", path=b"/", headers=headers, body=sent["body"])
    protocol = protocol_of(request)
    assert protocol.content_type == sent["headers"]["Content-Type"].encode()
    assert json_rpc.find_operation(sent["headers"]["X-Amz-Target"]) is model
    assert json_rpc.decode_input(model, request.body) == input


@pytest.mark.parametrize(("service", "name"), OPERATIONS, ids=lambda value: value)
@few
@given(data=st.data())
def test_output_arrives_at_botocore_as_it_was_answered(service: str, name: str, data: st.DataObject) -> None:
    model = operation(name, service)
    output = data.draw(values(model.service, model.output_name)) if model.output_name else {}
    shape = peers[service].operation_model(name).output_shape
    answer = received(service, name, 200, json_rpc.encode_output(model, output))
    assert msgspec.to_builtins(answer) == (msgspec.to_builtins(as_parsed(shape, output)) if shape else {})


def as_parsed(shape: Any, value: Any) -> Any:
    """An output as botocore parses it: times as datetimes."""
    from datetime import UTC, datetime

    match shape.type_name:
        case "structure":
            return {key: as_parsed(shape.members[key], item) for key, item in value.items()}
        case "list":
            return [as_parsed(shape.member, item) for item in value]
        case "timestamp":
            return datetime.fromtimestamp(value, UTC)
        case _:
            return value


@pytest.mark.parametrize(("service", "name"), OPERATIONS, ids=lambda value: value)
def test_declared_errors_arrive_at_botocore(service: str, name: str) -> None:
    model = operation(name, service)
    for declared in model.errors:
        kind = type(declared.code, (ServiceError,), {"status": declared.status})
        error = kind('Refused: <a> & "b" é.')
        answer = received(service, name, json_rpc.status_of(error), json_rpc.encode_error(model.service, error))
        assert answer == {"Error": {"Code": declared.code, "Message": 'Refused: <a> & "b" é.'}}


@pytest.mark.parametrize(
    ("error", "status", "document"),
    [
        (errors.AccessDenied("No."), 400, {"__type": "AccessDeniedException", "Message": "No."}),
        (errors.InvalidClientTokenId("No."), 400, {"__type": "UnrecognizedClientException", "message": "No."}),
        (errors.SignatureDoesNotMatch("No."), 400, {"__type": "InvalidSignatureException", "message": "No."}),
        (errors.InvalidAction(), 400, {"__type": "UnknownOperationException"}),
        (errors.MalformedInput("No."), 400, {"__type": "SerializationException", "message": "No."}),
        (errors.ValidationError("No."), 400, {"__type": "ValidationException", "message": "No."}),
        (errors.NoSuchResourceException("No."), 400, {"__type": "NoSuchResourceException", "Message": "No."}),
        (errors.RequestEntityTooLarge(), 413, {"__type": "RequestEntityTooLarge"}),
        (errors.ServiceUnavailable("No."), 503, {"__type": "ServiceUnavailable", "message": "No."}),
        (errors.InternalFailure("No."), 500, {"__type": "InternalFailure", "message": "No."}),
    ],
)
def test_errors_have_the_codes_of_json_services(error: ServiceError, status: int, document: dict[str, str]) -> None:
    assert json_rpc.status_of(error) == status
    assert json.loads(json_rpc.encode_error(load_service("service-quotas"), error)) == document


@pytest.mark.parametrize(
    "target", ["", ".", "ListServices", "ServiceQuotasV20190624.", "ServiceQuotasV20190624.listServices", "x.y.z"]
)
def test_an_unknown_target_names_no_operation(target: str) -> None:
    with pytest.raises(InvalidAction):
        json_rpc.find_operation(target)


def test_an_empty_body_is_an_empty_input() -> None:
    assert decode("ListServices", b"") == {}
    assert decode("ListServices", {"MaxResults": None, "Unknown": {"a": [1]}}) == {}


def test_constraints_are_told_as_the_query_protocol_tells_them() -> None:
    with pytest.raises(ValidationError) as refused:
        decode("GetServiceQuota", {"ServiceCode": "i", "QuotaCode": "L 1"})
    assert refused.value.message == (
        "2 validation errors detected: Value 'i' at 'serviceCode' failed to satisfy constraint: Member must satisfy "
        "regular expression pattern: [a-zA-Z][a-zA-Z0-9-]{1,63}; Value 'L 1' at 'quotaCode' failed to satisfy "
        "constraint: Member must satisfy regular expression pattern: [a-zA-Z][a-zA-Z0-9-]{1,128}"
    )
    assert refusal("GetServiceQuota", {}) == (
        "ValidationError: 2 validation errors detected: Value null at 'serviceCode' failed to satisfy constraint: "
        "Member must not be null; Value null at 'quotaCode' failed to satisfy constraint: Member must not be null"
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "The request is not JSON."),
        (b"\xff", "The request is not JSON."),
        (b'{"DesiredValue":1e999}', "The request is not JSON."),
        (b"[" * 100_000, "The request is not JSON."),
        (b"[]", "Start of list found where not expected."),
        (b"1", "NUMBER_VALUE can not be converted to structure"),
        (b"null", "NULL_VALUE can not be converted to structure"),
        ({"ServiceCode": 1}, "NUMBER_VALUE can not be converted to String"),
        ({"ServiceCode": True}, "BOOLEAN_VALUE can not be converted to String"),
        ({"ServiceCode": {}}, "Start of structure or map found where not expected."),
        ({"ServiceCode": ["iam"]}, "Start of list found where not expected."),
        ({"DesiredValue": "1"}, "STRING_VALUE can not be converted to Double"),
        ({"DesiredValue": True}, "BOOLEAN_VALUE can not be converted to Double"),
        (b'{"DesiredValue":' + b"9" * 400 + b"}", "NUMBER_VALUE can not be converted to Double"),
        ({"SupportCaseAllowed": 1}, "NUMBER_VALUE can not be converted to Boolean"),
        (b" " * 1_000_001, "A request must not be longer than 1000000 bytes."),
        ({"Tags": [{"Key": "k", "Value": "v"}] * 5001}, "A request must not contain more than 10000 parameters."),
    ],
)
def test_what_is_not_of_its_type_is_malformed(body: Any, message: str) -> None:
    assert refusal("RequestServiceQuotaIncrease", body) == f"MalformedInput: {message}"


MEMBERS = st.sampled_from(["ServiceCode", "QuotaCode", "DesiredValue", "Tags", "Key", "Value", "TagKeys", "NextToken"])
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBERS, inner, max_size=4),
    max_leaves=10,
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([name for _, name in OPERATIONS]), JSON_VALUES.map(lambda value: json.dumps(value).encode()))
def test_no_json_is_a_fault(name: str, body: bytes) -> None:
    try:
        decoded = decode(name, body)
    except (MalformedInput, ValidationError):
        return
    assert isinstance(decoded, dict)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([name for _, name in OPERATIONS]), st.binary(max_size=60))
def test_no_bytes_are_a_fault(name: str, body: bytes) -> None:
    try:
        decoded = decode(name, body)
    except (MalformedInput, ValidationError):
        return
    assert isinstance(decoded, dict)


def test_only_a_post_with_a_target_is_json() -> None:
    target = ((b"x-amz-target", b"ServiceQuotasV20190624.ListServices"),)
    assert protocol_of(HttpRequest(method="POST", path=b"/", headers=target)).content_type == json_rpc.CONTENT_TYPE
    assert protocol_of(HttpRequest(method="GET", path=b"/", headers=target)).content_type == b"text/xml"
    assert protocol_of(HttpRequest(method="POST", path=b"/")).content_type == b"text/xml"


def test_services_of_the_json_protocol_are_not_reached_by_query() -> None:
    with pytest.raises(KeyError):
        query_operation("ListServices")
