"""Trust policies of roles when they are saved: what they may say, how long they may be, and whom they may name.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html
"""

import re

from iamd.account.records import Role, User
from iamd.account.state import Account
from iamd.arn import PARTITION, find_arn
from iamd.call import Call
from iamd.errors import LimitExceeded
from iamd.policy import Policy, check_trust_policy, invalid_principal, policy_size

_ACCOUNT_ID = re.compile(r"[0-9]{12}")


def verify_trust_policy(account: Account, document: str) -> Policy:
    """The policy. Raises MalformedPolicyDocument for its grammar, then LimitExceeded; white space is not counted."""
    policy = check_trust_policy(document)
    limit = account.quota("AssumeRolePolicySize")
    if policy_size(document) > limit:
        raise LimitExceeded(f"Cannot exceed quota for ACLSizePerRole: {limit}")
    return policy


def trust_principals(account: Account, policy: Policy, call: Call) -> dict[str, str]:
    """The users and roles of hosted accounts that a verified trust policy names, as written → unique id.

    Raises MalformedPolicyDocument for one that does not exist. Of an account that is not hosted here any is accepted.
    Identity providers of this account may be named before they exist, those of others never. Raises NotLoaded.
    """
    found: dict[str, str] = {}
    for kind, value in policy.principals:
        home = _home(account, value, call) if kind == "AWS" else None
        entity = _find_entity(home, value) if home is not None else None
        if entity is not None:
            found[value] = entity.id
        elif _is_foreign_entity(account, home, value) or not _may_name(account, kind, value):
            raise invalid_principal(kind, value)
    return found


def _home(account: Account, value: str, call: Call) -> Account | None:
    """The account whose user or role ``value`` would be, None if it is not hosted here."""
    arn = find_arn(value)
    if arn is None or arn.account_id == account.account_id:
        return account
    if arn.service != "iam" or arn.account_id not in account.directory.account_ids:
        return None
    return call.other_account(arn.account_id)


def _is_foreign_entity(account: Account, home: Account | None, value: str) -> bool:
    """Whether it is a user or role, and no whole account, of another account that is hosted here."""
    return home is not None and home is not account and not value.endswith(":root")


def _find_entity(account: Account, value: str) -> User | Role | None:
    """The user or role of this account with this unique id or ARN."""
    arn = find_arn(value)
    if arn is None:
        record = account.find_by_id(value)
        return record if isinstance(record, User | Role) else None
    entity = account.find_user(arn.name) if arn.resource_type == "user" else account.find_role(arn.name)
    return entity if entity is not None and entity.arn == value else None


def _may_name(account: Account, kind: str, value: str) -> bool:
    """Whether a principal that is no user or role of this account may be named all the same."""
    arn = find_arn(value)
    if kind == "Federated":
        return arn is None or (arn.partition, arn.account_id) == (PARTITION, account.account_id)
    if kind != "AWS" or arn is None:
        return kind == "Service" or value == "*" or _ACCOUNT_ID.fullmatch(value) is not None
    if arn.partition != PARTITION or not _ACCOUNT_ID.fullmatch(arn.account_id):
        return False
    own, parts = arn.account_id == account.account_id, arn.resource.split("/")
    if arn.service == "iam":
        return arn.resource == "root" or not own
    if parts[0] == "assumed-role":
        return len(parts) == 3 and all(parts) and (not own or account.find_role(parts[1]) is not None)
    return parts[0] == "federated-user" and len(parts) == 2
