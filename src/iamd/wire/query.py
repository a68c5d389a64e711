"""The AWS Query protocol as the rest of iamd uses it: from a request to an operation's input, from its output to bytes.

https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
"""

from typing import Final

from iamd.errors import InvalidAction, MissingAction
from iamd.wire.decode import decode_input
from iamd.wire.encode import encode_error, encode_output
from iamd.wire.models import API_VERSIONS, OperationModel, load_service
from iamd.wire.parameters import Parameters, parse_parameters

__all__ = ["Parameters", "decode_input", "encode_error", "encode_output", "find_operation", "parse_parameters"]

_SERVICES: Final = {version: service for service, version in API_VERSIONS.items()}
_NO_VERSION: Final = "NO_VERSION_SPECIFIED"
_MAX_SHOWN: Final = 256  # characters of a name that a text shows


def find_operation(parameters: Parameters) -> OperationModel:
    """The operation that ``Action`` names in the API that ``Version`` names; both are exact in case.

    Raises MissingAction, or InvalidAction if there is no such operation.
    https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
    """
    action = parameters.get("Action")
    if action is None:
        raise MissingAction("The request must contain the parameter Action.")
    version = parameters.get("Version", _NO_VERSION)
    if service := _SERVICES.get(version):
        operation = load_service(service).operations.get(action)
        if operation is not None:
            return operation
    raise InvalidAction(f"Could not find operation {action[:_MAX_SHOWN]} for version {version[:_MAX_SHOWN]}")
