"""Trust policies of roles: which principals they may name, and whom those stand for later.

AWS saves the unique ids of the users and roles that a trust policy names. So a grant follows a user who is renamed and
dies with one who is deleted: a new user of the same name does not get it back. A document is kept as it was sent, and
``Role.trust_principals`` keeps the ids.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from iamd.account.records import Role, User
from iamd.account.state import Account
from iamd.arn import PARTITION, Arn, find_arn
from iamd.errors import LimitExceeded, MalformedPolicyDocument
from iamd.policy import check_trust_policy, parse_policy, policy_size

_ACCOUNT_ID = re.compile(r"\d{12}")
_DOMAIN = re.compile(r"(?!-)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.(amazonaws\.com(\.cn)?|amazon\.com|aws\.internal|aws)")


def verify_trust_policy(account: Account, document: str) -> None:
    """Raise MalformedPolicyDocument unless ``document`` is a trust policy by its grammar, LimitExceeded if it is long.

    White space is not counted.
    """
    check_trust_policy(document)
    limit = account.quota("AssumeRolePolicySize")
    if policy_size(document) > limit:
        raise LimitExceeded(f"Cannot exceed quota for ACLSizePerRole: {limit}")


def find_trust_principals(account: Account, document: str) -> dict[str, str]:
    """The users and roles of this account that a verified trust policy names, as written → unique id.

    Raises MalformedPolicyDocument for a principal that does not exist or can be none, such as a group. Whether a
    user or role of another account exists cannot be seen from here: those are accepted and never resolved.
    """
    found: dict[str, str] = {}
    for kind, value in parse_policy(document).principals:
        if kind == "AWS":
            entity_id = _resolve(account, value)
            if entity_id:
                found[value] = entity_id
        elif kind == "Service":
            _require(_SERVICE.fullmatch(value) is not None, kind, value)
        elif kind == "Federated":
            _verify_federated(account, value)
        else:
            _require(False, kind, value)
    return found


def trust_policy_in_force(account: Account, role: Role) -> str:
    """The role's trust policy with the present ARNs of the users and roles that it names.

    Where one was deleted its unique id is left, which is no principal any more. Else the document is as it was sent.
    """
    current = {written: _current_principal(account, entity_id) for written, entity_id in role.trust_principals.items()}
    if all(written == shown for written, shown in current.items()):
        return role.trust_policy
    document = msgspec.json.decode(role.trust_policy)
    _rename_principals(document, current)
    return msgspec.json.encode(document).decode()


def _resolve(account: Account, value: str) -> str | None:
    """The unique id of the user or role of this account that ``value`` names; None if it names none but is valid."""
    if value == "*" or _ACCOUNT_ID.fullmatch(value):
        return None
    entity = account.find_by_id(value)
    if isinstance(entity, User | Role):
        return entity.id
    arn = find_arn(value)
    if arn is None or arn.partition != PARTITION or arn.region or not _ACCOUNT_ID.fullmatch(arn.account_id):
        raise _invalid("AWS", value)
    if arn.service == "iam" and arn.resource == "root":
        return None
    if any(wildcard in arn.resource for wildcard in "*?"):
        raise _invalid("AWS", value)
    if arn.service == "sts":
        _verify_session(account, arn, value)
        return None
    if arn.service != "iam" or arn.resource_type not in ("user", "role"):
        raise _invalid("AWS", value)
    if arn.account_id != account.account_id:
        return None
    entity = account.find_user(arn.name) if arn.resource_type == "user" else account.find_role(arn.name)
    if entity is None or entity.arn != value:
        raise _invalid("AWS", value)
    return entity.id


def _verify_session(account: Account, arn: Arn, value: str) -> None:
    parts = arn.resource.split("/")
    if parts[0] == "assumed-role" and len(parts) == 3 and all(parts):
        _require(arn.account_id != account.account_id or account.find_role(parts[1]) is not None, "AWS", value)
    else:
        _require(parts[0] == "federated-user" and len(parts) == 2 and parts[1] != "", "AWS", value)


def _verify_federated(account: Account, value: str) -> None:
    arn = find_arn(value)
    if arn is None:
        if not _DOMAIN.fullmatch(value):
            raise MalformedPolicyDocument("Federated principals must be valid domain names or SAML metadata ARNs")
        return
    _require(
        (arn.partition, arn.service, arn.region, arn.account_id) == (PARTITION, "iam", "", account.account_id)
        and arn.resource_type in ("saml-provider", "oidc-provider")
        and arn.name != "",
        "Federated",
        value,
    )


def _require(holds: bool, kind: str, value: str) -> None:
    if not holds:
        raise _invalid(kind, value)


def _invalid(kind: str, value: str) -> MalformedPolicyDocument:
    return MalformedPolicyDocument(f'Invalid principal in policy: "{kind.upper()}":"{value}"')


def _current_principal(account: Account, entity_id: str) -> str:
    entity = account.find_by_id(entity_id)
    return entity.arn if isinstance(entity, User | Role) else entity_id


def _rename_principals(document: Any, current: Mapping[str, str]) -> None:
    statements = document["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement["Principal"]
        if isinstance(principal, dict) and "AWS" in principal:
            values = principal["AWS"]
            renamed = [current.get(value, value) for value in (values if isinstance(values, list) else [values])]
            principal["AWS"] = renamed if isinstance(values, list) else renamed[0]
