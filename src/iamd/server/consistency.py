"""Reading one's own writes in another region: ``x-iamd-revision`` on answers to writes, and on requests that follow.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
"""

from iamd.errors import InvalidParameterValue
from iamd.replica.replica import Replica
from iamd.wire.http import HttpRequest

REVISION_HEADER = b"x-iamd-revision"
LONGEST_WAIT = 2.0  # seconds
MAX_DIGITS = 19


async def wait_for_revision(request: HttpRequest, replica: Replica) -> None:
    """Wait until this process holds the revision that the request names, if it names one.

    This comes before authentication, since the caller's access key may be what is waited for. Raises
    InvalidParameterValue, or ServiceUnavailable if it takes too long.
    """
    text = request.header(REVISION_HEADER)
    if text is None:
        return
    if not (text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS):
        raise InvalidParameterValue("The header x-iamd-revision must be a number, as answers to writes carry it.")
    await replica.wait_for(int(text), LONGEST_WAIT)
