"""GetFederationToken: temporary credentials for somebody whom a user answers for.

https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
"""

from iamd.account.operation import Answer, Input
from iamd.account.state import Account
from iamd.arn import federated_user_arn
from iamd.authentication.session_token import SessionCredential
from iamd.call import Call
from iamd.sts.session_token import own_duration
from iamd.sts.sessions import issue, pack_attributes, session_attributes


def get_federation_token(account: Account, input: Input, call: Call) -> Answer:
    """Without session policies the session may do nothing but what resources grant to it by name.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
    """
    name = input["Name"]
    packed, percent = pack_attributes(session_attributes(account, input, None))
    credential = SessionCredential(
        kind="federated",
        account_id=account.account_id,
        entity_id=call.caller.entity_id,
        name=name,
        secret_access_key=call.new_secret_access_key(),
        issued=call.time,
        expires=call.time + own_duration(input, call.caller),
        packed=packed,
    )
    return {
        "Credentials": issue(credential, input, call),
        "FederatedUser": {
            "FederatedUserId": f"{account.account_id}:{name}",
            "Arn": federated_user_arn(account.account_id, name),
        },
        "PackedPolicySize": percent,
    }, []
