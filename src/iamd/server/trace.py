"""What is known of a request by the time it is answered: the one record that logs and metrics are made of."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from iamd.call import new_request_id


class Trace(Struct, kw_only=True):
    """Filled in step by step by the pipeline; what a step did not reach stays None."""

    request_id: str = field(default_factory=new_request_id)
    service: str | None = None  # iam, sts
    operation: str | None = None  # CreateUser
    access_key_id: str | None = None
    principal: str | None = None  # the caller's ARN
    account_id: str | None = None
    decision: str | None = None  # allowed, explicitDeny, implicitDeny
    issued_to: str | None = None  # ARN of the session that got credentials
    issued_access_key_id: str | None = None
    revision: int | None = None  # of the store, that the answer to a write rests on
    error_code: str | None = None
    status: int = 0

    def note_credentials(self, output: Mapping[str, Any]) -> None:
        """Note the temporary credentials that an answer of STS issues, of which only logs tell."""
        if "Credentials" in output:
            session = output.get("AssumedRoleUser") or output.get("FederatedUser")
            self.issued_to = session["Arn"] if session else self.principal
            self.issued_access_key_id = output["Credentials"]["AccessKeyId"]
