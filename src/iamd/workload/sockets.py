"""Listening sockets, on loopback unless one says otherwise."""

import ipaddress
import resource
import socket

BACKLOG = 1024


class CannotListen(Exception):
    """An address cannot be listened on. The message says what to do next."""


def listen(address: str, *, allow_remote: bool = False) -> socket.socket:
    """A socket that listens on ``host:port``; an IPv6 host stands in brackets. Raises CannotListen."""
    host, colon, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise CannotListen(f"{address!r} is no address: write host:port, such as 127.0.0.1:9911.")
    try:
        family, kind, protocol, _, found = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0]
    except OSError:
        raise CannotListen(f"{host} is no address of this machine.") from None
    if not allow_remote and not ipaddress.ip_address(str(found[0]).partition("%")[0]).is_loopback:
        raise CannotListen(
            f"{address} can be reached from other machines, and what is served there is credentials, in the clear. "
            "Listen on 127.0.0.1; or, in a network where only your instances are, add --allow-remote."
        )
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(found)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise CannotListen(f"Cannot listen on {address}: {error.strerror}.") from None
    listening.setblocking(False)
    return listening


def allow_open_files() -> None:
    """Raise the soft limit on open files to the hard one: each metadata service has a socket, and each client one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
