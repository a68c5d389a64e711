"""The policies in force on a caller: those of its user and groups, or of its role, with boundary and session policies.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from typing import cast

from msgspec.structs import replace

from iamd.account.records import Identity, Record, Role, User
from iamd.account.state import Account
from iamd.account.trust import trust_policy_in_force
from iamd.call import Caller, Session
from iamd.errors import ServiceFailure
from iamd.policy import Policies, Policy, PolicyType, parse_policy

# What AllowUsersToChangePassword gives every user of the account, without any policy of theirs that says so. On every
# resource, because nobody can change a password but their own with ChangePassword.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_enable-user-change.html
_FOR_ALL_USERS = (
    '{"Version":"2012-10-17","Statement":'
    '[{"Effect":"Allow","Action":["iam:ChangePassword","iam:GetAccountPasswordPolicy"],"Resource":"*"}]}'
)

_FOR_OWNERS = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
    '"Action":["iam:GetDelegationRequest","iam:GetHumanReadableSummary","iam:UpdateDelegationRequest"],'
    '"Resource":"arn:aws:iam::*:delegation-request/*",'
    '"Condition":{"StringEquals":{"iam:DelegationRequestOwner":"${aws:PrincipalArn}"}}}]}'
)


def policies_in_force(account: Account, caller: Caller) -> Policies:
    """What the account's records say of the caller now. Root has none: it needs none.

    A caller whose user or role is gone has no policies, so that nothing is granted. Raises ServiceFailure if one of the
    policies is not known to this process.
    """
    policies = _policies_of_entity(account, caller.entity_id)
    if caller.session is None or not (caller.session.policies or caller.session.policy_arns):
        return policies
    return replace(policies, session=_session_policies(account, caller.session))


def with_owners_permissions(policies: Policies) -> Policies:
    """The caller's policies, and what the owner of a delegation request may do with it unless something denies it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies-temporary-delegation.html
    """
    by_default = parse_policy(_FOR_OWNERS, source_id="DelegationRequestOwner", source_type="none")
    return replace(policies, identity=(*policies.identity, by_default))


def with_trust_policy(
    policies: Policies, account: Account, role: Role | None, callers_account: Account | None = None
) -> Policies:
    """The caller's policies, and the trust policy of a role of ``account``, without which nobody assumes it.

    ``callers_account`` is the caller's where that is another.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html
    """
    if role is None or callers_account is not None:
        return _combine(policies, account, role, callers_account)
    key = (with_trust_policy, role.id)
    known = account.derived.get(key)
    if known is None or known[0] is not policies:  # most roles are assumed by one caller again and again
        known = account.derived[key] = (policies, _combine(policies, account, role, None))
    return cast(Policies, known[1])


def _combine(policies: Policies, account: Account, role: Role | None, callers_account: Account | None) -> Policies:
    trust = None
    others = () if callers_account is None else (callers_account,)
    if role is not None:
        trust = parse_policy(trust_policy_in_force(account, role, *others), source_id=role.name, source_type="role")
    return replace(
        policies,
        resource=trust,
        resource_policy_type=PolicyType.TRUST,
        resource_policy_required=True,
        resource_account_id=account.account_id,
    )


def _session_policies(account: Account, session: Session) -> tuple[Policy, ...]:
    """The policies passed when the session was made; the managed ones are those of now, as the role's own are.

    INVARIANT: if one has been deleted the session may do nothing, for what it denied is not known any more.
    """
    if any(account.find_policy(arn) is None for arn in session.policy_arns):
        return ()
    inline = [parse_policy(text, source_type="session") for text in session.policies]
    return (*inline, *(_managed(account, arn) for arn in session.policy_arns))


def _policies_of_entity(account: Account, entity_id: str) -> Policies:
    """The policies that a user or role has of itself, gathered once between two changes of the account."""
    key = (_policies_of_entity, entity_id)
    policies = account.derived.get(key)
    if policies is None:
        policies = account.derived[key] = _gather(account, account.find_by_id(entity_id))
    return cast(Policies, policies)


def _gather(account: Account, entity: Record | None) -> Policies:
    if not isinstance(entity, User | Role):
        return Policies()
    identity = list(_policies_of(account, entity))
    if isinstance(entity, User):
        for group in account.groups_of(entity):
            identity += _policies_of(account, group)
        password_policy = account.settings.password_policy
        if password_policy is not None and password_policy.users_may_change:
            identity.append(parse_policy(_FOR_ALL_USERS, source_id="AllowUsersToChangePassword", source_type="none"))
    boundary = None
    if entity.permissions_boundary is not None:
        boundary = _managed(account, entity.permissions_boundary)
    return Policies(identity=tuple(identity), boundary=boundary)


def _policies_of(account: Account, entity: Identity) -> list[Policy]:
    policies = [
        parse_policy(document, source_id=name, source_type=entity.kind)
        for name, document in entity.inline_policies.items()
    ]
    policies += [_managed(account, arn) for arn in entity.attached_policies]
    return policies


def _managed(account: Account, arn: str) -> Policy:
    """The default version of a managed policy.

    INVARIANT: a policy in use is not deleted, so one that is not there is AWS-managed, from a file that this process
    was not started with. What it denies is not known here, so nothing is decided without it: raises ServiceFailure.
    """
    policy = account.find_policy(arn)
    if policy is None:
        raise ServiceFailure(
            f"The policy {arn} is in force, but this server does not know it: start it with the file of AWS-managed "
            "policies that has it."
        )
    source_type = "aws-managed" if policy.account_id == "aws" else "user-managed"
    return parse_policy(policy.document, source_id=policy.name, source_type=source_type, arn=arn)
