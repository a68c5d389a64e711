"""Trust policies of roles as they are in force: AWS keeps whom they name by unique id, not by name.

So a grant follows a user who is renamed and dies with one who is deleted: a new user of the same name does not get it
back. A document is stored as it was sent, and ``Role.trust_principals`` beside it.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from iamd.account.records import Role, User
from iamd.account.state import Account
from iamd.arn import find_arn


def trust_policy_in_force(account: Account, role: Role, *others: Account) -> str:
    """The role's trust policy, with the present ARNs of the users and roles that it names: those of its account, and of
    ``others``, of which a decision needs the caller's alone. Principals of further accounts stand as they were written.

    Where one was deleted its unique id is left, which is no principal any more. While all are as they were when the
    document was saved, it is the text that was sent.
    """
    if not role.trust_principals:
        return role.trust_policy
    accounts = {each.account_id: each for each in (account, *others)}
    current = {
        written: _current(written, entity_id, account, accounts) for written, entity_id in role.trust_principals.items()
    }
    if all(written == now for written, now in current.items()):
        return role.trust_policy
    # Numbers stay as written: conditions compare them as text too, and JSON allows them larger than any float.
    document = json.loads(role.trust_policy, parse_int=_verbatim, parse_float=_verbatim)
    _rename(document, current)
    return msgspec.json.encode(document).decode()


def find_foreign_accounts(account: Account, role: Role) -> set[str]:
    """The ids of the other accounts whose users and roles the trust policy names by unique id."""
    return {arn.account_id for arn in map(find_arn, role.trust_principals) if arn is not None} - {account.account_id}


def _current(written: str, entity_id: str, account: Account, accounts: Mapping[str, Account]) -> str:
    arn = find_arn(written)
    home = account if arn is None else accounts.get(arn.account_id)
    if home is None:
        return written
    entity = home.find_by_id(entity_id)
    return entity.arn if isinstance(entity, User | Role) else entity_id


def _verbatim(number: str) -> msgspec.Raw:
    return msgspec.Raw(number.encode("ascii"))


def _rename(document: Any, current: Mapping[str, str]) -> None:
    statements = document["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement["Principal"]
        values = principal.get("AWS", [])
        if isinstance(values, list):
            principal["AWS"] = [current.get(value, value) for value in values]
        else:
            principal["AWS"] = current.get(values, values)
