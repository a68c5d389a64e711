"""The policies in force on a caller: those of its user and groups, or of its role, with boundary and session policies.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from iamd.account.records import Group, Role, User
from iamd.account.state import Account
from iamd.call import Caller
from iamd.policy import Policies, Policy, parse_policy


def policies_in_force(account: Account, caller: Caller) -> Policies:
    """What the account's records say of the caller now. Root has none: it needs none.

    A caller whose user or role is gone has no policies, so that nothing is granted.
    """
    entity = account.find_by_id(caller.entity_id)
    if not isinstance(entity, User | Role):
        return Policies()
    identity = list(_policies_of(account, entity))
    if isinstance(entity, User):
        for group in account.groups_of(entity):
            identity += _policies_of(account, group)
    boundary = None
    if entity.permissions_boundary is not None:
        boundary = _managed(account, entity.permissions_boundary)
    session = None
    if caller.session is not None and caller.session.policies:
        session = tuple(parse_policy(text, source_type="session") for text in caller.session.policies)
    return Policies(identity=tuple(identity), boundary=boundary, session=session)


def _policies_of(account: Account, entity: User | Group | Role) -> list[Policy]:
    policies = [
        parse_policy(document, source_id=name, source_type=entity.kind)
        for name, document in entity.inline_policies.items()
    ]
    policies += [_managed(account, arn) for arn in entity.attached_policies]
    return policies


def _managed(account: Account, arn: str) -> Policy:
    """The default version of a managed policy. INVARIANT: what is attached exists; a policy in use is not deleted."""
    policy = account.find_policy(arn)
    if policy is None:
        raise LookupError(f"The policy {arn} is attached but does not exist.")
    source_type = "aws-managed" if policy.account_id == "aws" else "user-managed"
    return parse_policy(policy.document, source_id=policy.name, source_type=source_type, arn=arn)
