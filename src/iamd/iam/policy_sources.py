"""The policies that a user, group or role has, each with where it comes from, for who asks about them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from msgspec import Struct

from iamd.account.records import Group, Identity, Role, User
from iamd.account.state import Account
from iamd.arn import find_arn
from iamd.call import Call
from iamd.errors import InvalidInput, MalformedPolicyDocument, ServiceFailure
from iamd.policy import Policy

PolicyKind = Literal["inline", "aws-managed", "user-managed"]

READ_AT_ONCE = 25_000  # characters of policies in a request that are read between two requests; more in a thread


class PolicySource(Struct, frozen=True, kw_only=True):
    """A policy of a user, group or role."""

    kind: PolicyKind
    name: str
    document: str
    arn: str | None = None  # of a managed policy
    owner_kind: str = ""  # of an inline policy: user, group or role
    owner_name: str = ""

    @property
    def id(self) -> str:
        """How the simulator names it: a managed policy by its name, ``user_<name>_<policy>`` for an inline one."""
        return self.name if self.kind != "inline" else f"{self.owner_kind}_{self.owner_name}_{self.name}"


def get_identity(account: Account, arn: str) -> Identity:
    """The user, group or role that an ARN names; like AWS, without regard for the path in it.

    Raises NoSuchEntity; InvalidInput for any other ARN, root's for example, and for another account's.
    """
    parsed = find_arn(arn)
    kind = parsed.resource_type if parsed is not None and parsed.service == "iam" and not parsed.region else ""
    if parsed is None or kind not in ("user", "group", "role") or "/" not in parsed.resource or not parsed.name:
        raise InvalidInput(f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
    if parsed.account_id != account.account_id:
        raise InvalidInput(
            f"Invalid Policy Source Arn: caller's account {account.account_id} does not have access to policies in "
            f"account {parsed.account_id}"
        )
    if kind == "user":
        return account.get_user(parsed.name)
    return account.get_group(parsed.name) if kind == "group" else account.get_role(parsed.name)


def find_policy_sources(account: Account, identity: Identity) -> list[PolicySource]:
    """The policies that give the identity permissions: its own and, of a user, its groups'; a managed one once.

    Raises ServiceFailure if this process does not know one of them.
    """
    owners: list[Identity] = [identity]
    if isinstance(identity, User):
        owners += account.groups_of(identity)
    found: list[PolicySource] = []
    for owner in owners:
        known = {source.arn for source in found if source.arn is not None}
        found += [source for source in _sources_of(account, owner) if source.arn not in known]
    return found


def find_boundary_source(account: Account, identity: Identity) -> PolicySource | None:
    """The permissions boundary of a user or role. Raises ServiceFailure as above."""
    arn = identity.permissions_boundary if isinstance(identity, User | Role) else None
    return None if arn is None else _managed(account, arn)


def verify_documents(call: Call, check: Callable[[str], Policy], documents: Sequence[str]) -> None:
    """Raise InvalidInput for a document that ``check`` refuses: it is a parameter here, and nothing is saved."""
    if sum(map(len, documents)) <= READ_AT_ONCE:
        fault = _find_fault(check, tuple(documents))
    else:
        fault = call.compute_alone(_find_fault, check, tuple(documents))
    if fault is not None:
        raise InvalidInput(fault)


def _find_fault(check: Callable[[str], Policy], documents: tuple[str, ...]) -> str | None:
    for document in documents:
        try:
            check(document)
        except MalformedPolicyDocument as error:
            return error.message
    return None


def entity_type(identity: Identity) -> Literal["USER", "GROUP", "ROLE"]:
    """As the shape ``policyOwnerEntityType`` names it."""
    return "USER" if isinstance(identity, User) else "GROUP" if isinstance(identity, Group) else "ROLE"


def _sources_of(account: Account, owner: Identity) -> Iterator[PolicySource]:
    for name, document in owner.inline_policies.items():
        yield PolicySource(kind="inline", name=name, document=document, owner_kind=owner.kind, owner_name=owner.name)
    for arn in owner.attached_policies:
        yield _managed(account, arn)


def _managed(account: Account, arn: str) -> PolicySource:
    policy = account.find_policy(arn)
    if policy is None:
        raise ServiceFailure(
            f"The policy {arn} is attached, but this server does not know it: start it with the file of AWS-managed "
            "policies that has it."
        )
    kind: PolicyKind = "aws-managed" if policy.account_id == "aws" else "user-managed"
    return PolicySource(kind=kind, name=policy.name, document=policy.document, arn=arn)
