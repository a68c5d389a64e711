"""Who calls, and to which account an access key belongs."""

from iamd.account.ids import find_account_id
from iamd.account.operation import Answer, Input
from iamd.account.state import Account
from iamd.call import Call
from iamd.errors import ValidationError


def get_caller_identity(account: Account, input: Input, call: Call) -> Answer:
    """Needs no permission, and no policy can deny it.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    """
    caller = call.caller
    return {"UserId": caller.user_id, "Account": caller.account_id, "Arn": caller.arn}, []


def get_access_key_info(account: Account, input: Input, call: Call) -> Answer:
    """The account that an access key id belongs to, be the key active, inactive, temporary or deleted.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html
    """
    key_id = input["AccessKeyId"]
    owner = account.directory.seeded_access_keys.get(key_id) or find_account_id(key_id)
    if owner not in account.directory.account_ids:
        raise ValidationError("Access key ID is not valid.")
    return {"Account": owner}, []
