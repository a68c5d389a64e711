"""Active and Inactive: the status of a user's credentials.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html
"""

from iamd.account.operation import Input
from iamd.errors import ValidationError


def requested_status(input: Input) -> bool:
    """Whether ``Status`` asks for Active. Raises ValidationError for Expired, which only time makes of a credential."""
    if input["Status"] == "Expired":
        raise ValidationError(
            "1 validation error detected: Value at 'status' failed to satisfy constraint: "
            "Member must satisfy enum value set"
        )
    return bool(input["Status"] == "Active")


def status_answer(active: bool) -> str:
    """The member ``Status`` of an answer."""
    return "Active" if active else "Inactive"
