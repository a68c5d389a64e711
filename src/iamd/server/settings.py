"""The settings of ``iamd serve``, checked; the command line makes them from flags, variables and a TOML file."""

import ipaddress
import os
import re
import socket
import ssl
from pathlib import Path

from msgspec import Struct

from iamd.authentication.issuer_keys import InvalidKeySet, IssuerKeys, IssuerKeysDirectory, NoIssuerKeys
from iamd.server.limits import Limits
from iamd.server.webhook import Webhook
from iamd.store.etcd_settings import EtcdSettings

_URL = re.compile(r"https?://[A-Za-z0-9.\-:\[\]]+(/[A-Za-z0-9.\-_~]+)*")


class SettingsError(Exception):
    """A setting that iamd cannot start with. The message says what to do next."""


class Settings(Struct, frozen=True, kw_only=True):
    """How one server runs. ``docs/decisions/0004-settings.md`` says where each value comes from."""

    data_dir: Path
    host: str = "127.0.0.1"
    port: int  # 0: any free one
    workers: int = 1
    public_url: str | None = None  # where clients reach the server, e.g. behind a proxy; None: where it listens
    tls_cert: Path | None = None  # PEM, the chain included
    tls_key: Path | None = None  # PEM
    insecure: bool = False  # listen beyond loopback without TLS
    store: EtcdSettings | None = None  # None: a file in the data directory
    region: str | None = None  # what this place is called, for people
    keep_history: float = 24  # hours after which commits are forgotten that nobody follows from any more
    keep_events: int | None = None  # days after which audit events are forgotten; None: never
    dev: bool = False  # everything in memory, and POST /_iamd/reset
    log_level: str = "info"
    log_format: str = "auto"
    limits: Limits = Limits()
    master_key_source: str  # file:PATH, env:VARIABLE or command:COMMAND
    aws_managed_policies: Path | None = None  # output of GetAccountAuthorizationDetails
    issuer_keys: Path | None = None  # directory of JSON Web Key Sets
    role_templates: Path | None = None  # what GetRoleTemplateVersion prints, in a list
    webhooks: tuple[Webhook, ...] = ()
    quota_increases: str = "operator"  # who approves what Service Quotas is asked for; or "automatic"
    account_id: str | None = None  # seeds of the first start …
    root_access_key_id: str | None = None
    root_secret_access_key: str | None = None
    accounts_file: Path | None = None

    def __repr__(self) -> str:
        return f"Settings(data_dir={str(self.data_dir)!r}, host={self.host!r}, port={self.port})"  # no secret

    @property
    def home(self) -> str:
        """Where the data is, for people."""
        if self.dev:
            return "memory"
        return str(self.data_dir) if self.store is None else self.store.name

    def verify(self) -> None:
        """Raise SettingsError for values that do not go together."""
        if (self.tls_cert is None) != (self.tls_key is None):
            given, missing = ("--tls-cert", "--tls-key") if self.tls_key is None else ("--tls-key", "--tls-cert")
            raise SettingsError(f"{given} needs {missing} beside it.")
        if self.public_url is not None and not _URL.fullmatch(self.public_url):
            raise SettingsError(
                f"--public-url {self.public_url} is no URL of a server: write it as https://iamd.example.com."
            )
        if self.dev and self.workers > 1:
            raise SettingsError("--dev keeps everything in the memory of one process: leave --workers at 1.")
        if self.dev and self.webhooks:
            raise SettingsError(
                "--dev keeps everything in memory, and forgets what was delivered: leave --webhooks out."
            )
        if self.dev and self.store is not None:
            raise SettingsError("--dev keeps everything in memory: leave --store out.")
        if (self.root_access_key_id is None) != (self.root_secret_access_key is None):
            raise SettingsError("Set both IAMD_ROOT_ACCESS_KEY_ID and IAMD_ROOT_SECRET_ACCESS_KEY, or neither.")

    def make_data_dir(self) -> None:
        """Make the data directory, for its owner alone. Raises SettingsError."""
        try:
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(
                f"The data directory {self.data_dir} cannot be made: {error.strerror}. Name another with --data-dir."
            ) from error

    def open_issuer_keys(self) -> IssuerKeys:
        """Where the keys of issuers of web identity tokens come from. Raises SettingsError."""
        if self.issuer_keys is None:
            return NoIssuerKeys()
        try:
            return IssuerKeysDirectory(self.issuer_keys)
        except (InvalidKeySet, OSError) as error:
            raise SettingsError(f"The issuer keys in {self.issuer_keys} cannot be read: {error}.") from error

    def tls_context(self) -> ssl.SSLContext | None:
        """TLS as the certificate makes it, None without one. Raises SettingsError if it cannot be used."""
        if self.tls_cert is None or self.tls_key is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        try:
            context.load_cert_chain(self.tls_cert, self.tls_key, password=_refuse_password)
        except FileNotFoundError as error:
            missing = [str(path) for path in (self.tls_cert, self.tls_key) if not path.exists()]
            raise SettingsError(f"There is no file {' and no file '.join(missing)}.") from error
        except (OSError, SettingsError) as error:
            raise SettingsError(
                f"The certificate {self.tls_cert} and key {self.tls_key} cannot be used: {error}. "
                "Both must be PEM, the key the certificate's own and without a passphrase."
            ) from error
        return context

    def listen(self) -> socket.socket:
        """A listening socket. Raises SettingsError if the address is not to be had, or not to be used without TLS."""
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                self.host, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
        except OSError as error:
            raise SettingsError(f"--host {self.host} is no address of this machine: {error.strerror}.") from error
        if self.tls_cert is None and not self.insecure and not _is_loopback(str(address[0])):
            raise SettingsError(
                f"{self.host} can be reached from other machines, and without TLS anybody on the way reads and replays "
                "requests. Give --tls-cert and --tls-key; or keep --host 127.0.0.1 and put a TLS proxy before it; or, "
                "in a network you trust with every secret, add --insecure."
            )
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
        except OSError as error:
            listener.close()
            raise SettingsError(
                f"Cannot listen on {self.host} port {self.port}: {os.strerror(error.errno or 0)}. "
                "Choose another with --port, or --port 0 for any free one."
            ) from error
        listener.listen(2048)
        listener.setblocking(False)
        return listener

    def endpoint_url(self, listener: socket.socket) -> str:
        """The URL that clients on this machine use, e.g. ``http://127.0.0.1:4567``."""
        host, port = listener.getsockname()[:2]
        if ipaddress.ip_address(host.partition("%")[0]).is_unspecified:
            host = "::1" if ":" in host else "127.0.0.1"
        if self.tls_cert is not None and not _is_address(self.host):
            host = self.host  # the name that the certificate may be for
        scheme = "http" if self.tls_cert is None else "https"
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _is_loopback(host: str) -> bool:
    return ipaddress.ip_address(host.partition("%")[0]).is_loopback


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _refuse_password() -> str:
    raise SettingsError("the key is encrypted")
