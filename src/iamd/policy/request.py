"""What is asked: who wants to do what to which resource, in which circumstances."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from msgspec import Struct

Context: TypeAlias = Mapping[str, str | tuple[str, ...]]
"""Condition keys in lower case; a string is a single-valued key, a tuple a multi-valued one."""

PrincipalKind: TypeAlias = Literal["root", "user", "role", "federated", "anonymous", "service", "provider"]


class Principal(Struct, frozen=True, kw_only=True):
    """Who asks.

    ``kind`` is one of

    * ``root``, ``user``, ``role`` (a role session), ``federated`` (a GetFederationToken session);
    * ``service``: an AWS service that calls in its own name, ``services`` are its service principals;
    * ``provider``: an identity provider's user before there is a role session (AssumeRoleWithSAML,
      AssumeRoleWithWebIdentity), ``arn`` is the provider's ARN or AWS's built-in name such as ``accounts.google.com``;
    * ``anonymous``.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable
    """

    kind: PrincipalKind
    account_id: str = ""  # 12 digits; empty for anonymous, service and provider
    arn: str = ""  # as GetCallerIdentity shows it: for a role the session's ARN
    principal_arn: str = ""  # the value of aws:PrincipalArn: for a role session the role's ARN, with its path
    user_id: str = ""  # the value of aws:userid: AIDA…, AROA…:session, or the account id for root
    issuer_arn: str = ""  # federated: the ARN of the user (or root) whose credentials made the session
    issuer_id: str = ""  # federated: the unique id of that user
    services: tuple[str, ...] = ()  # service: the value of aws:PrincipalServiceNamesList
    canonical_user_id: str | None = None  # the account's canonical user id, for CanonicalUser principals
    in_management_account: bool = False  # the account is its organization's management account

    @property
    def has_account(self) -> bool:
        """Whether the caller belongs to an AWS account, whose policies then also have a say."""
        return self.kind in ("root", "user", "role", "federated")

    @property
    def is_service_linked_role(self) -> bool:
        """Whether the caller is a session of a service-linked role, which SCPs and RCPs leave alone.

        https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
        """
        return self.kind == "role" and ":role/aws-service-role/" in self.principal_arn


class Request(Struct, frozen=True, kw_only=True):
    """One action on one resource by one principal.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-reqcontext.html
    """

    principal: Principal
    action: str  # service:Operation, in any case
    resource: str = "*"  # an ARN, or * for an action without resource
    context: Context = {}
