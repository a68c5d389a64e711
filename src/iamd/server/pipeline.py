"""The life of a request: the one place that sees every step (docs/life-of-a-request.md)."""

from typing import Any

from iamd import errors
from iamd.account.changes import Change
from iamd.account.state import Account
from iamd.authentication.authenticate import authenticate, find_access_key_id
from iamd.authorization.authorize import authorize
from iamd.call import Call, Sealer, Source, new_request_id, now
from iamd.replica.replica import Replica
from iamd.server import audit
from iamd.server.operations import operations
from iamd.wire import query
from iamd.wire.http import HttpRequest, HttpResponse
from iamd.wire.models import OperationModel


async def answer(request: HttpRequest, replica: Replica, sealer: Sealer) -> HttpResponse:
    """Answer one request; every failure becomes AWS's error document."""
    request_id = new_request_id()
    ...
