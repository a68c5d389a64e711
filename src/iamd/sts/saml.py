"""AssumeRoleWithSAML: a session of a role for a user whom a SAML identity provider knows.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_saml.html
"""

from iamd.account.operation import Answer, Input
from iamd.account.state import Account
from iamd.call import Call
from iamd.sts.role_sessions import issue_federated_session


def assume_role_with_saml(account: Account, input: Input, call: Call) -> Answer:
    """``account`` is the role's. The assertion was verified, and whom the role trusts decided, before.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html
    """
    return issue_federated_session(account, input, call), []
