"""AssumeRoleWithWebIdentity: a session of a role for a user whom an OpenID Connect provider knows.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc.html
"""

from iamd.account.operation import Answer, Input
from iamd.account.state import Account
from iamd.call import Call
from iamd.sts.role_sessions import issue_federated_session


def assume_role_with_web_identity(account: Account, input: Input, call: Call) -> Answer:
    """``account`` is the role's. The token was verified, and whom the role trusts decided, before.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
    """
    return issue_federated_session(account, input, call), []
