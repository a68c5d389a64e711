"""Credentials kept fresh: one session for all who ask for the same, renewed long before it expires."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable

from iamd.workload.credentials import RoleCredentials, RoleRequest, iso_time
from iamd.workload.issuing import NotIssued

_logger = logging.getLogger("iamd.workload")

_FIRST_PAUSE = 1.0  # seconds between tries to renew, doubled at each failure
_LONGEST_PAUSE = 60.0  # seconds
_SWEEP = 1.0  # seconds between looks at what is due


class _Entry:
    """One session and its renewal."""

    def __init__(self, credentials: RoleCredentials | None = None) -> None:
        self.credentials = credentials
        self.problem: NotIssued | None = None  # why the last try failed
        self.pause = _FIRST_PAUSE
        self.due = 0.0 if credentials is None else _half_life(credentials)  # when to try next
        self.renewing: asyncio.Task[None] | None = None


class CredentialCache:
    """Sessions by request. All methods are called from one event loop.

    ``issue`` blocks and runs in a thread. ``clock`` gives epoch seconds. A session is renewed at half of its life: SDKs
    are never handed less than some 30 minutes of an hour, and ask again when 15 are left. While renewing fails, the
    session that there is goes on being served until it expires.
    """

    def __init__(self, issue: Callable[[RoleRequest], RoleCredentials], clock: Callable[[], float] = time.time) -> None:
        self._issue = issue
        self._clock = clock
        self._entries: dict[RoleRequest, _Entry] = {}

    async def get(self, request: RoleRequest) -> RoleCredentials:
        """Credentials that are good now. Raises NotIssued.

        However many ask at once, one of them asks upstream; and after a failure nobody does until a pause is over.
        """
        entry = self._entries.setdefault(request, _Entry())
        now = self._clock()
        if entry.due <= now:
            self._renew(request, entry)
        while entry.credentials is None or entry.credentials.expires <= self._clock():
            if entry.renewing is None:
                raise entry.problem or NotIssued("The session expired before it was renewed.", refused=False)
            await asyncio.wait([entry.renewing])
        return entry.credentials

    def put(self, request: RoleRequest, credentials: RoleCredentials) -> None:
        """Begin with credentials that are at hand."""
        self._entries[request] = _Entry(credentials)

    def keep_only(self, requests: Iterable[RoleRequest]) -> None:
        """Forget the sessions that nobody may ask for any more."""
        wanted = set(requests)
        self._entries = {request: entry for request, entry in self._entries.items() if request in wanted}

    async def keep_fresh(self) -> None:
        """Renew what is due, until cancelled: so that nobody who asks waits for the upstream."""
        while True:
            self.renew_due()
            await asyncio.sleep(_SWEEP)

    def renew_due(self) -> None:
        """Begin to renew every session whose time for it has come."""
        now = self._clock()
        for request, entry in self._entries.items():
            if entry.due <= now:
                self._renew(request, entry)

    def _renew(self, request: RoleRequest, entry: _Entry) -> None:
        if entry.renewing is None:
            entry.renewing = asyncio.create_task(self._renew_now(request, entry))

    async def _renew_now(self, request: RoleRequest, entry: _Entry) -> None:
        try:
            entry.credentials = await asyncio.to_thread(self._issue, request)
        except NotIssued as problem:
            self._note_failure(request, entry, problem)
        except Exception:
            _logger.exception("Asking for the credentials of %s failed by a fault of iamd.", request)
            self._note_failure(request, entry, NotIssued("iamd failed; its log says how.", refused=False))
        else:
            entry.problem, entry.pause = None, _FIRST_PAUSE
            entry.due = _half_life(entry.credentials)
            _logger.info(
                "Credentials %s of %s are good until %s.",
                entry.credentials.access_key_id,
                request,
                iso_time(entry.credentials.expires),
            )
        finally:
            entry.renewing = None

    def _note_failure(self, request: RoleRequest, entry: _Entry, problem: NotIssued) -> None:
        entry.problem = problem
        entry.due = self._clock() + entry.pause
        entry.pause = min(2 * entry.pause, _LONGEST_PAUSE)
        until = (
            "none are left" if entry.credentials is None else f"those until {iso_time(entry.credentials.expires)} stay"
        )
        _logger.warning("No new credentials of %s, %s: %s", request, until, problem)


def _half_life(credentials: RoleCredentials) -> float:
    return (credentials.issued + credentials.expires) / 2
