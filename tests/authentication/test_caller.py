"""Whose a signature is: the caller that a verified access key stands for, and keys that stand for nobody."""

import pytest

from iamd.account.changes import Delete, Put
from iamd.authentication.authenticate import get_signature
from iamd.call import Caller
from iamd.errors import IncompleteSignature
from iamd.wire.http import HttpRequest
from iamd.wire.parameters import parse_parameters
from tests.authentication import (
    ACCOUNT_ID,
    BOB,
    BOBS_KEY,
    GET_CALLER_IDENTITY,
    INVALID_TOKEN,
    LIST_USERS,
    MISMATCH,
    NOW,
    ROOT,
    ROOT_KEY,
    SESSION,
    USER,
    Credentials,
    PlainSealer,
    access_key,
    account,
    caller_of,
    presigned,
    refusal_of,
    sent,
    signed,
)

INVALID = ("InvalidClientTokenId", INVALID_TOKEN)


def test_a_users_key_is_the_user() -> None:
    assert caller_of(signed()) == Caller(
        kind="user",
        account_id="111122223333",
        arn="arn:aws:iam::111122223333:user/division/Bob",
        principal_arn="arn:aws:iam::111122223333:user/division/Bob",
        user_id="AIDACKCEVSQ6C2EXAMPLE",
        name="Bob",
        access_key_id="AKIAIOSFODNN7EXAMPLE",
    )


def test_a_key_owned_by_the_account_is_root() -> None:
    assert caller_of(signed(credentials=ROOT)) == Caller(
        kind="root",
        account_id="111122223333",
        arn="arn:aws:iam::111122223333:root",
        principal_arn="arn:aws:iam::111122223333:root",
        user_id="111122223333",
        access_key_id="AKIAROOTKEYEXAMPLE11",
    )


def test_a_presigned_request_has_the_same_caller() -> None:
    assert caller_of(presigned()) == caller_of(signed())


def test_a_renamed_user_is_known_by_the_new_name_at_once() -> None:
    renamed = account(USER, BOBS_KEY)
    renamed.apply(Delete(USER))
    renamed.apply(Put(type(USER)(account_id=ACCOUNT_ID, name="Robert", id=USER.id, created=1)))
    assert caller_of(signed(), account=renamed).arn == "arn:aws:iam::111122223333:user/Robert"


@pytest.mark.parametrize("request_", [signed(), presigned()], ids=["header", "presigned"])
def test_the_access_key_id_is_found_before_anything_is_verified(request_: HttpRequest) -> None:
    assert get_signature(request_, parse_parameters(request_)).access_key_id == "AKIAIOSFODNN7EXAMPLE"


def test_a_malformed_signature_is_refused_before_anything_is_looked_up() -> None:
    malformed = presigned(without=["Date"])
    with pytest.raises(IncompleteSignature, match="AWS query-string parameters must include 'X-Amz-Date'"):
        get_signature(malformed, parse_parameters(malformed))


# Nobody -------------------------------------------------------------------------------------------------------------


def test_an_unsigned_request_is_nobody() -> None:
    request = sent(headers=[("host", "iam.amazonaws.com")], body="Action=ListUsers&Version=2010-05-08")
    assert refusal_of(request) == ("MissingAuthenticationToken", "Request is missing Authentication Token")


@pytest.mark.parametrize("authorization", ["Basic QUtJQTpzZWNyZXQ=", "Bearer abc.def.ghi", "", "aws4-hmac-sha256 x=y"])
def test_other_authorizations_are_no_signatures(authorization: str) -> None:
    request = sent(headers=[("host", "iam.amazonaws.com"), ("authorization", authorization)])
    assert refusal_of(request) == ("MissingAuthenticationToken", "Request is missing Authentication Token")


def test_an_unknown_account_has_no_keys() -> None:
    assert refusal_of(signed(), account=None) == INVALID


@pytest.mark.parametrize(
    "key_id", ["AKIAI44QH8DHBEXAMPLE", "AKIA", "", "%", "akiaiosfodnn7example", "ÄKIA", "A" * 4000]
)
def test_an_unknown_key_is_invalid(key_id: str) -> None:
    assert refusal_of(signed(credentials=Credentials(key_id, BOB.secret_key))) == INVALID


def test_an_inactive_key_is_invalid() -> None:
    assert refusal_of(signed(), account=account(USER, access_key(BOB, USER.id, active=False))) == INVALID


def test_a_deleted_key_is_invalid_at_once() -> None:
    shrinking = account(USER, BOBS_KEY)
    assert caller_of(signed(), account=shrinking).name == "Bob"
    shrinking.apply(Delete(BOBS_KEY))
    assert refusal_of(signed(), account=shrinking) == INVALID


def test_a_deactivated_key_is_invalid_at_once() -> None:
    changing = account(USER, BOBS_KEY)
    assert caller_of(signed(), account=changing).name == "Bob"
    changing.apply(Put(access_key(BOB, USER.id, active=False)))
    assert refusal_of(signed(), account=changing) == INVALID


def test_the_key_of_a_deleted_user_is_invalid() -> None:
    assert refusal_of(signed(), account=account(BOBS_KEY)) == INVALID


def test_a_key_is_nobodys_through_something_else_with_an_id() -> None:
    assert refusal_of(signed(), account=account(ROOT_KEY, access_key(BOB, ROOT_KEY.id))) == INVALID


def test_a_session_token_does_not_belong_to_a_long_term_key() -> None:
    assert refusal_of(signed(headers={"x-amz-security-token": "AQoEXAMPLEH4aoAH0gNCAPy"})) == INVALID
    assert refusal_of(presigned(**{"Security-Token": "AQoEXAMPLEH4aoAH0gNCAPy"})) == INVALID
    assert refusal_of(presigned(**{"Security-Token": ""})) == INVALID


def test_a_temporary_key_is_invalid_with_and_without_a_token() -> None:
    assert refusal_of(signed(credentials=SESSION)) == INVALID
    assert refusal_of(signed(credentials=SESSION, headers={"x-amz-security-token": "AQoEXAMPLE"})) == INVALID
    as_if_long_term = account(USER, access_key(SESSION, USER.id))
    assert refusal_of(signed(credentials=SESSION), account=as_if_long_term) == INVALID


# The secret ---------------------------------------------------------------------------------------------------------


def test_another_secret_does_not_sign() -> None:
    wrong = Credentials(BOB.access_key, "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY")
    assert refusal_of(signed(credentials=wrong)) == ("SignatureDoesNotMatch", MISMATCH)
    assert refusal_of(presigned(credentials=wrong)) == ("SignatureDoesNotMatch", MISMATCH)


def test_the_secret_of_another_key_does_not_sign() -> None:
    mixed = Credentials(BOB.access_key, ROOT.secret_key)
    assert refusal_of(signed(credentials=mixed)) == ("SignatureDoesNotMatch", MISMATCH)


def test_a_replaced_secret_does_not_sign_any_more() -> None:
    new = Credentials(BOB.access_key, "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY")
    changing = account(USER, BOBS_KEY)
    assert caller_of(signed(), account=changing).name == "Bob"
    changing.apply(Put(access_key(new, USER.id)))
    assert refusal_of(signed(), account=changing) == ("SignatureDoesNotMatch", MISMATCH)
    assert caller_of(signed(credentials=new), account=changing).name == "Bob"


def test_a_secret_is_unsealed_once_for_a_day_region_and_service() -> None:
    sealer = PlainSealer()
    fresh = Credentials("AKIAUNSEALEDONCE1234", "unsealedOnceEXAMPLEKEYunsealedOnceEXAMPL")
    keyed = account(USER, access_key(fresh, USER.id))
    for _ in range(3):
        caller_of(signed(credentials=fresh), account=keyed, sealer=sealer)
    assert sealer.unsealed == 1
    caller_of(signed(credentials=fresh, region="eu-west-1"), account=keyed, sealer=sealer)
    assert sealer.unsealed == 2
    caller_of(signed(GET_CALLER_IDENTITY, credentials=fresh, service="sts"), "sts", account=keyed, sealer=sealer)
    assert sealer.unsealed == 3
    tomorrow = signed(credentials=fresh, timestamp="20261124T205312Z")
    caller_of(tomorrow, now=NOW + 86_400, account=keyed, sealer=sealer)
    assert sealer.unsealed == 4


def test_a_signature_that_does_not_verify_is_not_remembered() -> None:
    sealer = PlainSealer()
    fresh = Credentials("AKIANOTREMEMBERED123", "notRememberedEXAMPLEKEYnotRememberedEXAM")
    keyed = account(USER, access_key(fresh, USER.id))
    wrong = signed(LIST_USERS, credentials=Credentials(fresh.access_key, "wrong"))
    for _ in range(2):
        with pytest.raises(Exception, match="does not match"):
            caller_of(wrong, account=keyed, sealer=sealer)
    assert sealer.unsealed == 2
