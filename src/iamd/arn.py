"""Amazon Resource Names: parse, build and take apart."""

from typing import NamedTuple

from iamd.errors import InvalidInput

PARTITION = "aws"


class Arn(NamedTuple):
    """The six colon-separated parts of an ARN.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """

    partition: str
    service: str
    region: str
    account_id: str
    resource: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account_id}:{self.resource}"

    @property
    def resource_type(self) -> str:
        """What stands before the first slash: ``user`` in ``user/division/Bob``."""
        return self.resource.partition("/")[0]

    @property
    def name(self) -> str:
        """What stands after the last slash: ``Bob`` in ``user/division/Bob``."""
        return self.resource.rpartition("/")[2]


def find_arn(text: str) -> Arn | None:
    """``text`` as an ARN, or None if it is none."""
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or not parts[1] or not parts[2] or not parts[5]:
        return None
    return Arn(*parts[1:])


def parse_arn(text: str) -> Arn:
    """``text`` as an ARN. Raises InvalidInput in AWS's words if it is none."""
    arn = find_arn(text)
    if arn is None:
        raise InvalidInput(f"ARN {text} is not valid.")
    return arn


def iam_arn(account_id: str, kind: str, path: str, name: str) -> str:
    """The ARN of an IAM entity, e.g. ``iam_arn("111122223333", "user", "/division/", "Bob")``.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
    """
    return f"arn:{PARTITION}:iam::{account_id}:{kind}{path}{name}"


def assumed_role_arn(account_id: str, role_name: str, session_name: str) -> str:
    """The ARN of a role session, in which the role's path does not stand.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
    """
    return f"arn:{PARTITION}:sts::{account_id}:assumed-role/{role_name}/{session_name}"


def federated_user_arn(account_id: str, name: str) -> str:
    """The ARN of a GetFederationToken session."""
    return f"arn:{PARTITION}:sts::{account_id}:federated-user/{name}"


def find_root_account_id(principal: str) -> str | None:
    """The account whose root user ``principal`` names, by 12 digits or by its ARN; None if it names none."""
    account_id = principal if ":" not in principal else (find_arn(principal) or Arn("", "", "", "", "")).account_id
    named = account_id.isascii() and account_id.isdigit() and len(account_id) == 12
    return account_id if named and principal in (account_id, root_arn(account_id)) else None


def root_arn(account_id: str) -> str:
    """The ARN of an account's root user, which in a policy's Principal stands for the whole account."""
    return f"arn:{PARTITION}:iam::{account_id}:root"
