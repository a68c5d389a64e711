"""Delegation requests: what a product provider asks an account's owner to let it do for a while.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies-temporary-delegation.html
"""

from typing import Final, Literal, TypeAlias

from msgspec import Struct

State: TypeAlias = Literal["UNASSIGNED", "ASSIGNED", "PENDING_APPROVAL", "ACCEPTED", "FINALIZED", "REJECTED", "EXPIRED"]

DAY: Final = 86_400  # seconds
KEPT: Final = 30 * DAY  # after it expired


class TemplateParameter(Struct, frozen=True, kw_only=True):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_PolicyParameter.html"""

    name: str
    values: tuple[str, ...]
    type: Literal["string", "stringList"]


class Approver(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who accepted a request: the identity that delegated sessions are of."""

    arn: str
    kind: Literal["root", "user", "role"]
    entity_id: str  # unique id of the user or role; root: the account id
    session_name: str = ""  # of a role
    source_identity: str | None = None
    mfa_time: int | None = None
    # What else its own session, if it accepted with one, has for policies to ask about.
    tags: tuple[tuple[str, str], ...] = ()
    transitive_tag_keys: tuple[str, ...] = ()
    federated_provider: str | None = None
    federated_context: tuple[tuple[str, str | tuple[str, ...]], ...] = ()


class DelegationRequest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DelegationRequest.html"""

    id: str  # a UUID that carries the requestor's account id
    requestor_id: str  # account id
    workflow_id: str
    description: str
    template_arn: str
    parameters: tuple[TemplateParameter, ...] = ()
    policy: str  # the template with its parameters filled in
    notification_channel: str
    session_duration: int  # seconds
    message: str | None = None
    redirect_url: str | None = None
    only_send_by_owner: bool = False
    created: int
    updated: int  # when it came to its state
    state: State = "UNASSIGNED"
    owner_account_id: str | None = None
    owner_arn: str | None = None
    notes: str | None = None
    rejection_reason: str | None = None
    approver: Approver | None = None

    @property
    def expires(self) -> int:
        """When it expires if nothing happens, epoch seconds.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/temporary-delegation-building-integration.html
        """
        return self.updated + (DAY if self.state == "UNASSIGNED" else 7 * DAY)

    def state_at(self, time: int) -> State:
        """The state now, ``time`` being epoch seconds."""
        return "EXPIRED" if time >= self.expires else self.state
