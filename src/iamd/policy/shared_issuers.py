"""OpenID Connect issuers that many customers share: a role that trusts one must say whose tokens it means.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html
"""

from collections.abc import Iterator, Mapping

from iamd.errors import MalformedPolicyDocument
from iamd.policy.conditions import FOR_ALL_VALUES, split_operator
from iamd.policy.document import Policy, Statement

_SUBJECT_ISSUERS = (
    "agent.buildkite.com",
    "app.terraform.io",
    "gitlab.com",
    "oidc-configuration.audit-log.githubusercontent.com",
    "oidc.codefresh.io",
    "proidc.upbound.io",
    "scalr.io",
    "studio.datachain.ai/api",
    "token.actions.githubusercontent.com",
    "tokens.cloud.shisho.dev",
    "vstoken.actions.githubusercontent.com",
)
_AUDIENCE_ISSUERS = ("api.pulumi.com/oidc", "cognito-identity.amazonaws.com", "oidc.vercel.com", "sandboxes.cloud")

# Issuer, without https:// → condition keys of which one must be tested.
_KEYS: Mapping[str, tuple[str, ...]] = {
    **{issuer: (f"{issuer}:sub",) for issuer in _SUBJECT_ISSUERS},
    **{issuer: (f"{issuer}:aud",) for issuer in _AUDIENCE_ISSUERS},
    "token.actions.githubusercontent.com": (
        "token.actions.githubusercontent.com:sub",
        "token.actions.githubusercontent.com:job_workflow_ref",
    ),
    "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d": ("sts:RoleSessionName",),
}
_OPERATORS = ("StringEquals", "StringLike", "StringEqualsIgnoreCase")
_ACTION = "sts:assumerolewithwebidentity"


def verify_shared_issuers(policy: Policy) -> None:
    """That the trust policy is scoped wherever it trusts a shared issuer. Raises MalformedPolicyDocument."""
    for statement in policy.statements:
        if statement.denies or statement.principal is None or not statement.fits_action(_ACTION):
            continue
        for provider in sorted(statement.principal.providers):
            keys = _KEYS.get(provider.rpartition(":oidc-provider/")[2], ())
            if keys and not {key.lower() for key in keys} & set(_scoped_keys(statement)):
                raise MalformedPolicyDocument(
                    f"Trust policy with trusted principal {provider} must evaluate, using StringEquals, StringLike or "
                    f"StringEqualsIgnoreCase, {' or '.join(keys)} which is not scoped to all"
                )


def _scoped_keys(statement: Statement) -> Iterator[str]:
    """The condition keys, in lower case, that must be present and have certain values."""
    for clause in statement.conditions:
        operator = split_operator(clause.operator)
        must_be_present = not operator.if_exists and operator.qualifier != FOR_ALL_VALUES
        if operator.base in _OPERATORS and must_be_present and set(clause.values).isdisjoint({"*"}):
            yield clause.key.lower()
