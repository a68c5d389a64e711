"""What is known of a request by the time it is answered: the one record that logs and metrics are made of."""

from dataclasses import dataclass, field

from iamd.call import new_request_id


@dataclass(slots=True)
class Trace:
    """Filled in step by step by the pipeline; what a step did not reach stays None."""

    request_id: str = field(default_factory=new_request_id)
    service: str | None = None  # iam, sts
    operation: str | None = None  # CreateUser
    access_key_id: str | None = None
    principal: str | None = None  # the caller's ARN
    account_id: str | None = None
    decision: str | None = None  # allowed, explicitDeny, implicitDeny
    error_code: str | None = None
    status: int = 0
