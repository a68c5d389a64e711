"""The one parse of a Query request: query string and form body become parameters that nothing can change.

INVARIANT: what is authenticated, authorized and executed is this one object. Nothing else reads parameters from a
request, so no two steps can see two different actions, resources or members in it.
https://docs.aws.amazon.com/IAM/latest/UserGuide/programming.html
"""

import re
from binascii import a2b_qp
from collections.abc import Callable, ItemsView, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from iamd.errors import InvalidParameterCombination, MalformedInput, MalformedQueryString
from iamd.wire.http import HttpRequest

# AWS bounds only the body. The longest lists that clients send are those of a simulation; 10,000 members leave room
# for thousands of actions and resources, and are parsed in a few milliseconds.
MAX_PARAMETERS: Final = 10_000
MAX_NAME_LENGTH: Final = 512  # bytes on the wire; the longest name of a member that models know is below 100

_FORM: Final = "application/x-www-form-urlencoded"
_SIGNING: Final = "x-amz-"
_NOTHING: Final = MappingProxyType[str, str]({})
_BROKEN_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class Parameters(Mapping[str, str]):
    """The parameters of one request by name. Names are exact in case; of a repeated name AWS takes the first value.

    ``query`` holds those of the query string alone: a presigned request is signed there and nowhere else.
    """

    __slots__ = ("_all", "query")

    def __init__(self, query: Mapping[str, str], body: Mapping[str, str] = _NOTHING) -> None:
        """Raises InvalidParameterCombination for a name in both."""
        for name in sorted(query.keys() & body.keys()) if query and body else ():
            raise InvalidParameterCombination(
                f"The parameter {name} must not appear in both the query string and the body of a request."
            )
        self._all = {**query, **body}
        self.query = MappingProxyType(dict(query)) if query else _NOTHING

    def __getitem__(self, name: str) -> str:
        return self._all[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    # Without the detour over __getitem__ that Mapping would take:

    def __contains__(self, name: object) -> bool:
        return name in self._all

    def get(self, name: str, /, default: Any = None) -> Any:
        return self._all.get(name, default)

    def items(self) -> ItemsView[str, str]:
        return self._all.items()

    def __repr__(self) -> str:
        return f"Parameters({', '.join(self._all)})"  # names alone: values may be secrets


def parse_parameters(request: HttpRequest) -> Parameters:
    """The parameters of a request: of its query string and, of a POST, of its form body.

    A body is a form only if its Content-Type says so: AWS sees no parameters in any other, nor in one without a type.
    Raises MalformedQueryString for broken percent-encoding or UTF-8, MalformedInput past the bounds, and
    InvalidParameterCombination for a name in both places.
    """
    query = _parse(request.query_string)
    if request.method != "POST" or not request.body or not _is_form(request.header(b"content-type")):
        return Parameters(query)
    body = _parse(request.body)
    # Signing parameters belong to the query string; in a body they would be signed over but not seen by the signature.
    for name in [name for name in body if name.lower().startswith(_SIGNING)]:
        del body[name]
    return Parameters(query, body)


def _is_form(content_type: str | None) -> bool:
    return content_type is not None and content_type.partition(";")[0].strip().lower() == _FORM


def _parse(encoded: bytes) -> dict[str, str]:
    """Names and values of ``application/x-www-form-urlencoded`` text; of a repeated name the first."""
    if not encoded:
        return {}
    if encoded.count(b"&") >= MAX_PARAMETERS:
        raise MalformedInput(f"A request must not contain more than {MAX_PARAMETERS} parameters.")
    decode: Callable[[bytes], str] = bytes.decode
    if b"%" in encoded or b"+" in encoded:
        decode = _decode
    if b"%" in encoded and _BROKEN_ESCAPE.search(encoded):
        raise MalformedQueryString(
            "The query string contains a percent sign that two hexadecimal digits do not follow."
        )
    parameters: dict[str, str] = {}
    try:
        for pair in encoded.split(b"&"):
            if not pair:
                continue
            name, _, value = pair.partition(b"=")
            if len(name) > MAX_NAME_LENGTH:
                raise MalformedInput(f"The name of a parameter must not be longer than {MAX_NAME_LENGTH} bytes.")
            parameters.setdefault(decode(name), decode(value))
    except UnicodeDecodeError:
        raise MalformedQueryString("The query string contains text that is not UTF-8.") from None
    return parameters


def _decode(encoded: bytes) -> str:
    if b"+" in encoded:
        encoded = encoded.replace(b"+", b" ")
    if b"%" in encoded:
        # Percent-encoding in the terms of quoted-printable, which Python decodes at C's speed: a body of ten million
        # bytes of escapes must not keep a worker busy for a second. All escapes are known to be whole here.
        encoded = a2b_qp(encoded.replace(b"=", b"=3D").replace(b"%", b"="))
    return encoded.decode("utf-8")
