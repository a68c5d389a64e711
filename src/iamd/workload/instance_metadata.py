"""The instance metadata service, version 2: a session token first, then who the instance is and its role's credentials.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
"""

import base64
import hashlib
import hmac
import platform
import re
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from iamd.wire.http import HttpRequest, HttpResponse
from iamd.workload.cache import CredentialCache
from iamd.workload.credentials import RoleCredentials, instance_document, iso_time
from iamd.workload.http import by_foreign_name, from_web_page, text_response
from iamd.workload.instances import Instance
from iamd.workload.issuing import NotIssued

Tree: TypeAlias = Mapping[str, "str | Tree"]

MAX_TTL = 21_600  # seconds
_TTL_HEADER = b"x-aws-ec2-metadata-token-ttl-seconds"
_TOKEN_HEADER = b"x-aws-ec2-metadata-token"
_SECONDS = re.compile(r"[0-9]{1,5}", re.ASCII)
_VERSION = re.compile(r"latest|20[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)
_ARCHITECTURES = {"aarch64": "arm64"}
_MAC_BYTES = 32
_TIME_BYTES = 8
_NONCE_BYTES = 8


class SessionTokens:
    """Session tokens of metadata services. They are remembered nowhere: each says of itself until when it is good.

    A token is good for the instance it was made for, in the process that made it.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)

    def make(self, instance_id: str, ttl: int) -> str:
        """A token that is good for ``ttl`` seconds."""
        body = int(self._clock() + ttl).to_bytes(_TIME_BYTES, "big") + secrets.token_bytes(_NONCE_BYTES)
        return base64.urlsafe_b64encode(body + self._mac(instance_id, body)).decode()

    def is_good(self, instance_id: str, token: str) -> bool:
        """Whether ``make`` made the token for this instance, and its time is not over."""
        try:
            decoded = base64.b64decode(token.encode("latin-1"), altchars=b"-_", validate=True)
        except ValueError:
            return False
        body, mac = decoded[:-_MAC_BYTES], decoded[-_MAC_BYTES:]
        if len(body) != _TIME_BYTES + _NONCE_BYTES or not hmac.compare_digest(mac, self._mac(instance_id, body)):
            return False
        return int.from_bytes(body[:_TIME_BYTES], "big") > self._clock()

    def _mac(self, instance_id: str, body: bytes) -> bytes:
        return hmac.digest(self._key, instance_id.encode() + b"\0" + body, hashlib.sha256)


class InstanceMetadata:
    """Answers for one instance, which whoever reaches its address is taken for."""

    def __init__(self, instance: Instance, region: str, cache: CredentialCache, tokens: SessionTokens) -> None:
        self.instance = instance
        self._region = instance.region or region
        self._cache = cache
        self._tokens = tokens
        self._started = iso_time(time.time())

    async def answer(self, request: HttpRequest) -> HttpResponse:
        if from_web_page(request):
            return _refuse(403)
        if request.path == b"/latest/api/token":
            return self._make_token(request)
        if request.method not in ("GET", "HEAD"):
            return _refuse(405, (b"Allow", b"GET, HEAD"))
        token = request.header(_TOKEN_HEADER)
        if token is None:
            if not self.instance.metadata_v1:
                return _refuse(401)
            if by_foreign_name(request):
                return _refuse(403)
        elif not self._tokens.is_good(self.instance.id, token):
            return _refuse(401)
        return await self._find(request.path.decode("latin-1"))

    def _make_token(self, request: HttpRequest) -> HttpResponse:
        """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-v2-how-it-works.html"""
        if request.method != "PUT":
            return _refuse(405, (b"Allow", b"PUT"))
        if request.header(b"x-forwarded-for") is not None:  # sent through a proxy, which may be open to anybody
            return _refuse(403)
        wanted = request.header(_TTL_HEADER) or ""
        if not _SECONDS.fullmatch(wanted) or not 1 <= int(wanted) <= MAX_TTL:
            return _refuse(400)
        token = self._tokens.make(self.instance.id, int(wanted))
        return text_response(200, token, (b"X-Aws-Ec2-Metadata-Token-Ttl-Seconds", str(int(wanted)).encode()))

    async def _find(self, path: str) -> HttpResponse:
        first, _, rest = path.lstrip("/").partition("/")
        if not _VERSION.fullmatch(first):
            return text_response(200, "latest") if path == "/" else _refuse(404)
        credentials = None
        if rest.startswith(("meta-data/iam", "dynamic/")):
            try:
                credentials = await self._cache.get(self.instance.request)
            except NotIssued as problem:
                return _not_issued(rest, problem)
        node: str | Tree = self._tree(credentials)
        parts = rest.split("/")
        for number, part in enumerate(parts):
            if not part and number == len(parts) - 1:
                break  # a slash at the end
            if not isinstance(node, Mapping) or part not in node:
                return _refuse(404)
            node = node[part]
        if isinstance(node, Mapping):
            return text_response(
                200, "\n".join(name + "/" * isinstance(inner, Mapping) for name, inner in node.items())
            )
        return text_response(200, node)

    def _tree(self, credentials: RoleCredentials | None) -> Tree:
        """What there is to know. ``credentials`` are given where something below depends on them."""
        instance = self.instance
        hostname = instance.hostname or f"{instance.id}.internal"
        placement = {"availability-zone": instance.availability_zone, "region": self._region}
        metadata: dict[str, str | Tree | None] = {
            "hostname": hostname,
            "iam": {} if credentials is None else _iam(credentials),
            "instance-id": instance.id,
            "instance-type": instance.instance_type,
            "local-hostname": hostname,
            "local-ipv4": instance.local_ipv4,
            "placement": {name: value for name, value in placement.items() if value is not None},
            "services": {"domain": "amazonaws.com", "partition": "aws"},
            "tags": {"instance": dict(instance.tags)} if instance.tags else None,
        }
        document = "" if credentials is None else _json(self._identity(credentials))
        return {
            "dynamic": {"instance-identity": {"document": document}},
            "meta-data": {name: value for name, value in metadata.items() if value is not None},
        }

    def _identity(self, credentials: RoleCredentials) -> dict[str, Any]:
        """The identity document, without AWS's signatures: whoever relies on it asks the service for it.

        https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-identity-documents.html
        """
        instance = self.instance
        return {
            "accountId": credentials.role_arn.split(":")[4],
            "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
            "availabilityZone": instance.availability_zone,
            "instanceId": instance.id,
            "instanceType": instance.instance_type,
            "pendingTime": self._started,
            "privateIp": instance.local_ipv4,
            "region": self._region,
            "version": "2017-09-30",
        }


def _iam(credentials: RoleCredentials) -> Tree:
    info = {
        "Code": "Success",
        "LastUpdated": iso_time(credentials.issued),
        "InstanceProfileArn": credentials.instance_profile_arn,
        "InstanceProfileId": credentials.instance_profile_id,
    }
    keys = {"security-credentials": {credentials.role_name: _json(instance_document(credentials))}}
    return keys if credentials.instance_profile_arn is None else {"info": _json(info), **keys}


def _not_issued(rest: str, problem: NotIssued) -> HttpResponse:
    """A role that cannot be assumed is told in a document, as on EC2; an upstream out of reach by a status.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html
    """
    if not problem.refused:
        return _refuse(503)
    if not rest.rstrip("/").startswith(("meta-data/iam/info", "meta-data/iam/security-credentials/")):
        return _refuse(404)
    document = {"Code": "AssumeRoleUnauthorizedAccess", "Message": str(problem), "LastUpdated": iso_time(time.time())}
    return text_response(200, _json(document))


def _json(document: Mapping[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _refuse(status: int, *headers: tuple[bytes, bytes]) -> HttpResponse:
    return text_response(status, "", *headers)
