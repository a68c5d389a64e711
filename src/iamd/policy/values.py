"""The values that condition operators compare: numbers, dates, IP addresses, bytes, truth values.

Each ``parse_`` function returns None for text that is no such value, and takes time linear in the text.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

import binascii
import ipaddress
import re
from base64 import b64decode
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,100}(?:\.[0-9]{0,100})?|\.[0-9]{1,100})(?:[eE][+-]?[0-9]{1,4})?")
_EPOCH = re.compile(r"[0-9]{1,19}")
_YEAR = re.compile(r"[0-9]{4}")
_LATEST_EPOCH = 2**63 - 1
_DATE = re.compile(
    r"(?P<year>[+-]?[0-9]{1,9})(?:-(?P<month>[0-9]{1,2})(?:-(?P<day>[0-9]{1,2}))?)?"
    r"(?:t(?:(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{1,2})(?::(?P<second>[0-9]{1,2})(?:\.(?P<fraction>[0-9]{1,9}))?)?)?)?"
    r"(?:z|(?P<sign>[+-])(?P<zone_hour>[0-9]{2})(?::?(?P<zone_minute>[0-9]{2}))?)?)?"
)
_NANOSECONDS = 10**9


def parse_number(text: str) -> Decimal | None:
    """An integer or decimal number."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def parse_truth(text: str) -> bool | None:
    """``true`` or ``false`` in any case."""
    return {"true": True, "false": False}.get(text.lower())


def parse_bytes(text: str) -> bytes | None:
    """Base64 text."""
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


@lru_cache(maxsize=256)
def parse_date(text: str) -> int | None:
    """A date as nanoseconds since 1970: ISO 8601 as the W3C profiles it, or seconds since 1970 in digits.

    Four digits alone are a year. Without a zone the time is UTC. Like AWS, this knows no length of months.
    https://www.w3.org/TR/NOTE-datetime
    """
    if _EPOCH.fullmatch(text) and not _YEAR.fullmatch(text):
        seconds = int(text)
        return seconds * _NANOSECONDS if seconds <= _LATEST_EPOCH else None
    found = _DATE.fullmatch(text.lower())
    if found is None:
        return None
    year, month, day = int(found["year"]), int(found["month"] or 1), int(found["day"] or 1)
    hour, minute, second = int(found["hour"] or 0), int(found["minute"] or 0), int(found["second"] or 0)
    zone_hour, zone_minute = int(found["zone_hour"] or 0), int(found["zone_minute"] or 0)
    if not (-292275054 <= year <= 292278993 and 1 <= month <= 12 and 1 <= day <= 31):
        return None
    if hour > 23 or minute > 59 or second > 59 or zone_hour > 23 or zone_minute > 59:
        return None
    offset = (zone_hour * 60 + zone_minute) * 60 * (-1 if found["sign"] == "-" else 1)
    seconds = _days_since_1970(year, month, day) * 86400 + (hour * 60 + minute) * 60 + second - offset
    return seconds * _NANOSECONDS + int((found["fraction"] or "0").ljust(9, "0"))


def _days_since_1970(year: int, month: int, day: int) -> int:
    """The day in the Gregorian calendar, which ``datetime`` knows for the years 1 to 9999 only.

    Years are counted from March, so that the leap day is a year's last; 719,468 days lead from March of year 0 to 1970.
    """
    if month <= 2:
        year, month = year - 1, month + 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 1 - 719_468


class Network(NamedTuple):
    """A range of IP addresses: those that share ``prefix`` after losing ``host_bits`` bits."""

    version: int
    host_bits: int
    prefix: int

    def __contains__(self, address: object) -> bool:
        return (
            isinstance(address, Network)
            and address.version == self.version
            and address.host_bits <= self.host_bits
            and address.prefix >> (self.host_bits - address.host_bits) == self.prefix
        )


@lru_cache(maxsize=1024)
def parse_network(text: str) -> Network | None:
    """An IPv4 or IPv6 address or CIDR range; an IPv4 address written the IPv6 way (``::ffff:…``) is that address."""
    address_text, slash, length_text = text.partition("/")
    if len(text) > 64 or "%" in address_text or (slash and not re.fullmatch(r"[0-9]{1,3}", length_text)):
        return None
    try:
        address = ipaddress.ip_address(address_text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None and not slash:
        address = address.ipv4_mapped
    host_bits = address.max_prefixlen - int(length_text or address.max_prefixlen)
    if host_bits < 0:
        return None
    return Network(address.version, host_bits, int(address) >> host_bits)
