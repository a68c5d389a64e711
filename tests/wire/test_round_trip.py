"""botocore is the peer in both directions, for every operation of both services."""

import datetime
from typing import Any
from urllib.parse import quote, urlsplit

import botocore.awsrequest
import botocore.loaders
import botocore.model
import botocore.parsers
import botocore.serialize
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iamd.errors import ServiceError
from iamd.wire import query
from iamd.wire.http import HttpRequest
from iamd.wire.models import API_VERSIONS, OWN_MODELS, OperationModel, ServiceModel, load_service, operation_names
from tests.wire.shapes import values

OPERATIONS = [(service, name) for service in API_VERSIONS for name in operation_names(service)]
REQUEST_ID = "7a62c49f-347e-4fc4-9331-6e8eEXAMPLE"

few = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)

loader = botocore.loaders.Loader()
loader.search_paths.append(str(OWN_MODELS))
peers = {
    service: botocore.model.ServiceModel(loader.load_service_model(service, "service-2"), service)
    for service in API_VERSIONS
}
serializer = botocore.serialize.create_serializer("query")
parser = botocore.parsers.create_parser("query")


def sent(service: str, name: str, input: dict[str, Any], method: str) -> HttpRequest:
    """The request that botocore puts on the wire."""
    request = serializer.serialize_to_request(input, peers[service].operation_model(name))
    assert request["method"] == "POST"
    arguments = {"data": request["body"]} if method == "POST" else {"params": request["body"]}
    prepared = botocore.awsrequest.AWSRequest(
        method=method, url="http://127.0.0.1/", headers=request["headers"], **arguments
    ).prepare()
    return HttpRequest(
        method=method,
        path=b"/",
        query_string=urlsplit(prepared.url).query.encode("ascii"),
        headers=tuple(
            (key.lower().encode("ascii"), value if isinstance(value, bytes) else value.encode("ascii"))
            for key, value in prepared.headers.items()
        ),
        body=prepared.body.encode("ascii") if isinstance(prepared.body, str) else prepared.body or b"",
    )


def received(service: str, name: str, status: int, body: bytes) -> Any:
    """What a boto3 client hands to its user."""
    output_shape = peers[service].operation_model(name).output_shape
    parsed = parser.parse({"status_code": status, "headers": {}, "body": body}, output_shape)
    metadata = parsed.pop("ResponseMetadata")
    assert metadata == {"RequestId": REQUEST_ID, "HTTPStatusCode": status, "HTTPHeaders": {}}
    return parsed


def shown(service: ServiceModel, name: str, value: Any, *, json: bool = False) -> Any:
    """An output as a client gets it: policies URL-encoded, times parsed."""
    shape = service.shapes[name]
    if (service.name, name) == ("iam", "policyDocumentType"):
        return quote(value, safe="")
    match shape.type:
        case "structure":
            return {key: shown(service, shape.members[key].shape, item, json=json) for key, item in value.items()}
        case "list":
            assert shape.member
            return [shown(service, shape.member.shape, item, json=json) for item in value]
        case "map":
            assert shape.value
            return {key: shown(service, shape.value.shape, item, json=json) for key, item in value.items()}
        case "timestamp" if not json:
            return datetime.datetime.fromtimestamp(value, datetime.UTC)
        case "blob" if json:
            return msgspec.to_builtins(value)
        case _:
            return value


@pytest.mark.parametrize(("service", "name"), OPERATIONS, ids=lambda value: value)
@few
@given(data=st.data())
def test_input_arrives_as_botocore_sends_it(service: str, name: str, data: st.DataObject) -> None:
    operation = load_service(service).operations[name]
    input = data.draw(values(operation.service, operation.input_name)) if operation.input_name else {}
    request = sent(service, name, input, data.draw(st.sampled_from(["POST", "GET"])))
    parameters = query.parse_parameters(request)
    assert query.find_operation(parameters) is operation
    assert query.decode_input(operation, parameters) == input


@pytest.mark.parametrize(("service", "name"), OPERATIONS, ids=lambda value: value)
@few
@given(data=st.data())
def test_output_arrives_at_botocore_as_it_was_answered(service: str, name: str, data: st.DataObject) -> None:
    operation = load_service(service).operations[name]
    output = data.draw(values(operation.service, operation.output_name)) if operation.output_name else {}
    body = query.encode_output(operation, output, REQUEST_ID)
    expected = shown(operation.service, operation.output_name, output) if operation.output_name else {}
    assert received(service, name, 200, body) == expected

    answer = msgspec.json.decode(query.encode_output(operation, output, REQUEST_ID, json=True))
    result = (
        {f"{name}Result": shown(operation.service, operation.output_name, output, json=True)}
        if operation.output_name
        else {}
    )
    assert answer == {f"{name}Response": {**result, "ResponseMetadata": {"RequestId": REQUEST_ID}}}


def declared_errors() -> list[tuple[str, str]]:
    return [(service, name) for service, name in OPERATIONS if load_service(service).operations[name].errors]


@pytest.mark.parametrize(("service", "name"), declared_errors(), ids=lambda value: value)
def test_declared_errors_arrive_at_botocore(service: str, name: str) -> None:
    operation: OperationModel = load_service(service).operations[name]
    for declared in operation.errors:
        kind = type(declared.code, (ServiceError,), {"status": declared.status})
        message = f"Refused by {name}: <a> & 'b' \"c\" é."
        body = query.encode_error(operation.service, kind(message), REQUEST_ID)
        assert received(service, name, declared.status, body) == {
            "Error": {"Type": "Sender", "Code": declared.code, "Message": message}
        }
