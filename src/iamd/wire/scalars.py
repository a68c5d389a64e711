"""Single values of the Query protocol: text of a parameter to a value, and a value to text of an XML element."""

import binascii
import re
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from iamd.errors import MalformedInput

INT32: Final = range(-(2**31), 2**31)
INT64: Final = range(-(2**63), 2**63)

_INTEGER = re.compile(r"[+-]?[0-9]{1,100}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?[0-9]{1,100}(\.[0-9]{1,100})?([eE][+-]?[0-9]{1,3})?", re.ASCII)


def read_integer(text: str, bounds: range = INT32) -> int:
    """A number as STS was seen to take it: signs and leading zeros pass. Raises MalformedInput, without a message."""
    if not text:
        raise MalformedInput("missing value for decimal type")
    if not _INTEGER.fullmatch(text) or (number := int(text)) not in bounds:
        raise MalformedInput
    return number


def read_long(text: str) -> int:
    """An integer of 64 bits. Raises MalformedInput."""
    return read_integer(text, INT64)


def read_decimal(text: str) -> float:
    """A floating-point number. Raises MalformedInput."""
    if not text:
        raise MalformedInput("missing value for decimal type")
    if not _DECIMAL.fullmatch(text):
        raise MalformedInput
    return float(text)


def read_boolean(text: str) -> bool:
    """``true`` or ``false`` in any case. Raises MalformedInput."""
    match text.lower():
        case "true":
            return True
        case "false":
            return False
    raise MalformedInput


def read_blob(text: str) -> bytes:
    """Base64. Raises MalformedInput."""
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedInput from None


def read_timestamp(text: str) -> int:
    """Epoch seconds of an ISO 8601 time, UTC unless it says otherwise, or of epoch seconds. Raises MalformedInput."""
    if _INTEGER.fullmatch(text):
        return read_long(text)
    try:
        time = datetime.fromisoformat(text)
        return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise MalformedInput from None


def write_boolean(value: bool) -> str:
    """``true`` or ``false``."""
    return "true" if value else "false"


def write_blob(value: bytes) -> str:
    """Base64."""
    return b64encode(value).decode("ascii")


@lru_cache(maxsize=4096)
def write_timestamp(seconds: int) -> str:
    """Epoch seconds as AWS prints them, ``2026-11-23T20:53:12Z``."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19] + "Z"


class _PercentEncoding(dict[int, str]):
    """What ``str.translate`` needs to percent-encode text as RFC 3986 says, learning characters as they come."""

    def __missing__(self, code_point: int) -> str:
        encoded = "".join(f"%{byte:02X}" for byte in chr(code_point).encode("utf-8", "replace"))
        if code_point < 256:  # the characters that policies may hold; others must not make the table grow
            self[code_point] = encoded
        return encoded


_PERCENT_ENCODING = _PercentEncoding(
    {ord(c): c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"}
)


def write_policy_document(text: str) -> str:
    """A policy document as IAM answers it: URL-encoded, so that it needs no escaping in XML.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicyVersion.html
    """
    return text.translate(_PERCENT_ENCODING)


# What an XML 1.0 document cannot hold at all, not even escaped, becomes the replacement character.
# https://www.w3.org/TR/xml/#charsets
_IMPOSSIBLE: Final = "\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff"
_replace_impossible = re.compile(f"[{_IMPOSSIBLE}]").sub
_find_special = re.compile(f"[&<>\r{_IMPOSSIBLE}]").search


def write_string(text: str) -> str:
    """Text as the content of an XML element."""
    if _find_special(text) is None:
        return text
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")
    return _replace_impossible("\ufffd", escaped)
