"""The container credentials endpoint: ``GET`` of an address, with an authorization token, answers a role's session.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
"""

import hmac
from typing import Protocol

from iamd.wire.http import HttpRequest, HttpResponse
from iamd.workload.cache import CredentialCache
from iamd.workload.credentials import RoleRequest, container_document
from iamd.workload.http import from_web_page, json_response
from iamd.workload.issuing import NotIssued

PATH = "/v1/credentials/"  # followed by the id of the instance


class Bearer(Protocol):
    """Whoever may have the credentials of one role."""

    @property
    def request(self) -> RoleRequest: ...

    def find_token(self) -> str | None:
        """The authorization token, None if there is none at the moment."""
        ...


class Bearers(Protocol):
    """Finds whose address a request went to."""

    def find(self, id: str, /) -> Bearer | None: ...


class ContainerCredentials:
    """Answers for all bearers. Who has no right learns nothing, not even whether there is such a bearer."""

    def __init__(self, bearers: Bearers, cache: CredentialCache) -> None:
        self._bearers = bearers
        self._cache = cache

    async def answer(self, request: HttpRequest) -> HttpResponse:
        if request.method != "GET":
            return _refuse(405, "MethodNotAllowed", "Ask with GET.")
        if from_web_page(request):
            return _refuse(403, "Forbidden", "A web page may not ask.")
        path = request.path.decode("latin-1")
        bearer = self._bearers.find(path.removeprefix(PATH)) if path.startswith(PATH) else None
        given = (request.header(b"authorization") or "").encode("latin-1")
        expected = bearer.find_token() if bearer is not None else None
        if not hmac.compare_digest(given, (expected or "").encode()) or not expected or bearer is None:
            return _refuse(401, "Unauthorized", "The authorization token is missing or not the one of this address.")
        try:
            return json_response(container_document(await self._cache.get(bearer.request)))
        except NotIssued as problem:
            if problem.refused:
                return _refuse(403, "AccessDenied", str(problem))
            return _refuse(503, "ServiceUnavailable", str(problem))


def _refuse(status: int, code: str, message: str) -> HttpResponse:
    """As the agents of Amazon ECS and EKS refuse; SDKs show ``code`` and ``message`` to people."""
    return json_response({"code": code, "message": message}, status)
