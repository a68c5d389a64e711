"""Where an etcd cluster is and how it is reached: ``etcd://host:port,host:port`` and what belongs to it."""

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path

SCHEME = "etcd://"
DEFAULT_PORT = 2379
DEFAULT_PREFIX = "/iamd/"


class InvalidStore(Exception):
    """The settings name no store that can be used. The message says what to do."""


@dataclass(frozen=True, kw_only=True, repr=False)
class EtcdSettings:
    """One cluster, its members in the order in which they are preferred."""

    endpoints: tuple[str, ...]  # host:port
    prefix: str = DEFAULT_PREFIX  # of every key, so that others may use the cluster too
    ca: Path | None = None  # PEM; TLS is used if this or ``cert`` is given
    cert: Path | None = None  # PEM, this client's own, with its chain
    key: Path | None = None  # PEM, of ``cert``
    user: str | None = None
    password: str | None = None
    insecure: bool = False  # reach members on other machines without TLS

    def verify(self) -> None:
        """Raise InvalidStore for values that do not go together."""
        if (self.cert is None) != (self.key is None):
            given, missing = ("--store-cert", "--store-key") if self.key is None else ("--store-key", "--store-cert")
            raise InvalidStore(f"{given} needs {missing} beside it.")
        if (self.user is None) != (self.password is None):
            raise InvalidStore("Set both --store-user and IAMD_STORE_PASSWORD, or neither.")
        if not self.prefix.endswith("/"):
            raise InvalidStore(f"--store-prefix {self.prefix} must end with a slash, or others' could begin with it.")
        if not (self.tls or self.insecure or all(map(_is_loopback, self.endpoints))):
            raise InvalidStore(
                "The store is on another machine, and without TLS anybody on the way can change what it says. Give "
                "--store-ca, and --store-cert and --store-key if etcd asks for them; or, in a network you trust with "
                "every permission, add --store-insecure."
            )

    def __repr__(self) -> str:
        return f"EtcdSettings({','.join(self.endpoints)}, prefix={self.prefix!r})"  # no secret

    @property
    def name(self) -> str:
        """The store, for people."""
        return f"etcd ({', '.join(self.endpoints)}, under {self.prefix})"

    @property
    def tls(self) -> bool:
        return self.ca is not None or self.cert is not None


def parse_endpoints(url: str) -> tuple[str, ...]:
    """The members that ``etcd://h1:2379,h2`` names, each with its port. Raises InvalidStore."""
    if not url.startswith(SCHEME):
        raise InvalidStore(f"The store {url!r} is of no known kind: say etcd://HOST:PORT,HOST:PORT,HOST:PORT.")
    hosts = url.removeprefix(SCHEME).rstrip("/").split(",")
    found = [re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?", host) for host in hosts]
    if not all(found):
        raise InvalidStore(f"The store {url!r} does not name the members of an etcd cluster: say etcd://HOST:PORT,….")
    return tuple(f"{each[1]}:{each[2] or DEFAULT_PORT}" for each in found if each)


def _is_loopback(endpoint: str) -> bool:
    host = endpoint.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
