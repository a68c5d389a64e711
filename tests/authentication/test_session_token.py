"""Session tokens: only what was sealed here, for this access key, and is not over yet, stands for anybody."""

import asyncio
from typing import Any

import pytest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from iamd.account.changes import Delete, Put
from iamd.account.records import Role
from iamd.authentication.session_token import (
    SessionAttributes,
    SessionCredential,
    open_session_token,
    pack,
    seal_session_token,
    session_caller,
    unpack,
)
from iamd.call import Caller, Session
from iamd.errors import ExpiredToken, InvalidClientTokenId, ServiceError
from iamd.store.master_keys import new_master_keys
from iamd.store.sealing import KeyRing, add_data_key, open_key_ring
from iamd.store.sqlite import SQLiteStore
from tests.authentication import (
    ACCOUNT_ID,
    BOB,
    LIST_USERS,
    MISMATCH,
    NOW,
    USER,
    account,
    caller_of,
    presigned,
    refusal_of,
    signed,
)

KEY_ID = "ASIAIOSFODNN7EXAMPLE"
INVALID = ("InvalidClientTokenId", "The security token included in the request is invalid.")
EXPIRED = ("ExpiredToken", "The security token included in the request is expired")
ROLE = Role(
    account_id=ACCOUNT_ID,
    name="Builder",
    path="/ci/",
    id="AROADBQP57FF2AEXAMPLE",
    created=1,
    trust_policy='{"Version":"2012-10-17","Statement":[]}',
)
ACCOUNT = account(USER, ROLE)


async def rings() -> tuple[KeyRing, KeyRing]:
    """A key ring with one data key, and the same one after another data key was added."""
    store = SQLiteStore()
    await store.open()
    master_keys = new_master_keys()
    before, after = await open_key_ring(store, master_keys), await open_key_ring(store, master_keys)
    await add_data_key(store, after)
    await store.close()
    return before, after


RING, ROTATED = asyncio.run(rings())
FOREIGN, _ = asyncio.run(rings())


def credential(**changes: Any) -> SessionCredential:
    fields: dict[str, Any] = {
        "kind": "role",
        "account_id": ACCOUNT_ID,
        "entity_id": ROLE.id,
        "name": "build-7",
        "secret_access_key": BOB.secret_key,
        "issued": NOW - 60,
        "expires": NOW + 3540,
    }
    return SessionCredential(**fields | changes)


TOKEN = seal_session_token(credential(), KEY_ID, RING)


def refused(token: str, access_key_id: str = KEY_ID, ring: KeyRing = RING, now: int = NOW) -> tuple[str, str | None]:
    try:
        found = open_session_token(token, access_key_id, ring, now)
    except ServiceError as error:
        return error.code, error.message
    raise AssertionError(f"{found} was let in")


# The token ----------------------------------------------------------------------------------------------------------


def test_a_token_holds_what_was_sealed() -> None:
    full = credential(
        packed=pack(SessionAttributes(tags=(("Team", "blue"),))),
        source_identity="carol",
        mfa_time=NOW - 90,
        federated_provider="arn:aws:iam::111122223333:oidc-provider/example.com",
    )
    for each in (credential(), full):
        assert open_session_token(seal_session_token(each, KEY_ID, RING), KEY_ID, RING, NOW) == each


def test_a_plain_token_is_short_printable_ascii() -> None:
    assert TOKEN.isascii()
    assert TOKEN.isprintable()
    assert len(TOKEN) < 250


def test_nothing_of_the_credential_can_be_read_from_the_token_or_a_log_of_it() -> None:
    assert BOB.secret_key not in repr(credential())
    assert "build-7" not in TOKEN
    assert seal_session_token(credential(), KEY_ID, RING) != TOKEN


@settings(deadline=None)
@given(st.integers(0, len(TOKEN) - 1), st.characters(codec="latin-1"))
def test_every_changed_character_is_refused(place: int, letter: str) -> None:
    changed = TOKEN[:place] + letter + TOKEN[place + 1 :]
    if changed != TOKEN:
        assert refused(changed) == INVALID


def test_every_changed_bit_is_refused() -> None:
    for place in range(len(TOKEN)):
        for bit in range(8):
            changed = TOKEN[:place] + chr(ord(TOKEN[place]) ^ 1 << bit) + TOKEN[place + 1 :]
            assert refused(changed) == INVALID


@pytest.mark.parametrize("length", [0, 1, 2, 20, len(TOKEN) // 2, len(TOKEN) - 4, len(TOKEN) - 1])
def test_a_truncated_token_is_refused(length: int) -> None:
    assert refused(TOKEN[:length]) == INVALID


@pytest.mark.parametrize("more", ["A", "=", "AAAA", " ", "\n", TOKEN])
def test_a_token_with_something_behind_it_is_refused(more: str) -> None:
    assert refused(TOKEN + more) == INVALID


@settings(deadline=None)
@given(st.text(max_size=400))
def test_made_up_tokens_are_refused(text: str) -> None:
    assert refused(text) == INVALID


def test_a_token_of_another_access_key_is_refused() -> None:
    assert refused(TOKEN, "ASIAI44QH8DHBEXAMPLE") == INVALID


def test_a_token_of_another_installation_is_refused() -> None:
    assert refused(TOKEN, ring=FOREIGN) == INVALID


def test_what_was_sealed_for_another_purpose_is_no_token() -> None:
    assert refused(RING.seal(b"\x90", KEY_ID)) == INVALID
    assert refused(RING.seal(b"", f"session token of {KEY_ID}")) == INVALID
    assert refused(RING.seal(b"\x90", f"session token of {KEY_ID}")) == INVALID


def test_tokens_outlive_the_rotation_of_the_data_key() -> None:
    assert open_session_token(TOKEN, KEY_ID, ROTATED, NOW) == credential()
    newer = seal_session_token(credential(), KEY_ID, ROTATED)
    assert newer.startswith("2.")
    assert open_session_token(newer, KEY_ID, ROTATED, NOW) == credential()
    assert refused(newer) == INVALID  # until the other process has heard of the new key


def test_a_token_expires_on_the_second() -> None:
    assert open_session_token(TOKEN, KEY_ID, RING, NOW + 3539) == credential()
    assert refused(TOKEN, now=NOW + 3540) == EXPIRED
    assert refused(TOKEN, now=NOW + 100_000) == EXPIRED


def test_whoever_cannot_open_a_token_does_not_learn_that_it_expired() -> None:
    assert refused(TOKEN, "ASIAI44QH8DHBEXAMPLE", now=NOW + 100_000) == INVALID


@pytest.mark.parametrize("size", [1, 300, 301, 302, 303, 1000, 4096])
def test_a_token_can_be_asked_to_have_a_size(size: int) -> None:
    token = seal_session_token(credential(), KEY_ID, RING, size)
    assert size <= len(token) < size + 300
    assert open_session_token(token, KEY_ID, RING, NOW).secret_access_key == BOB.secret_key


def test_a_token_too_long_is_refused_unopened() -> None:
    assert refused("1." + "A" * 9_000) == INVALID


# Policies and tags in it ----------------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=300)
ATTRIBUTES = st.builds(
    SessionAttributes,
    st.none() | TEXTS,
    st.lists(TEXTS, max_size=10).map(tuple),
    st.lists(st.tuples(TEXTS, TEXTS), max_size=50).map(tuple),
    st.lists(TEXTS, max_size=50).map(tuple),
)


@settings(deadline=None)
@given(ATTRIBUTES)
def test_attributes_come_out_as_they_went_in(attributes: SessionAttributes) -> None:
    assert unpack(pack(attributes)) == attributes


def test_no_attributes_take_no_space() -> None:
    assert pack(SessionAttributes()) == b""


def test_the_longest_policies_and_tags_come_out_whole() -> None:
    attributes = SessionAttributes(
        "x" * 2048, (), tuple((f"{number:0128}", "v" * 256) for number in range(50)), ("k" * 128,) * 50
    )
    assert unpack(pack(attributes)) == attributes
    assert len(pack(attributes)) < 1024


# Whom it stands for ---------------------------------------------------------------------------------------------------

SESSION = Session(issued=NOW - 60, expires=NOW + 3540, name="build-7")


def test_a_role_session_is_named_by_role_and_session() -> None:
    assert session_caller(credential(), KEY_ID, ACCOUNT) == Caller(
        kind="role",
        account_id="111122223333",
        arn="arn:aws:sts::111122223333:assumed-role/Builder/build-7",
        principal_arn="arn:aws:iam::111122223333:role/ci/Builder",
        user_id="AROADBQP57FF2AEXAMPLE:build-7",
        name="Builder",
        access_key_id=KEY_ID,
        session=SESSION,
    )


def test_a_users_session_is_the_user() -> None:
    found = session_caller(credential(kind="user", entity_id=USER.id, name="", mfa_time=NOW - 61), KEY_ID, ACCOUNT)
    assert found == Caller(
        kind="user",
        account_id="111122223333",
        arn="arn:aws:iam::111122223333:user/division/Bob",
        principal_arn="arn:aws:iam::111122223333:user/division/Bob",
        user_id="AIDACKCEVSQ6C2EXAMPLE",
        name="Bob",
        access_key_id=KEY_ID,
        session=Session(issued=NOW - 60, expires=NOW + 3540, mfa_time=NOW - 61),
    )


def test_a_session_of_the_root_user_is_root() -> None:
    found = session_caller(credential(kind="root", entity_id=ACCOUNT_ID, name=""), KEY_ID, ACCOUNT)
    assert (found.kind, found.arn, found.user_id) == ("root", "arn:aws:iam::111122223333:root", "111122223333")


@pytest.mark.parametrize(
    ("entity_id", "issuer_arn"),
    [
        (USER.id, "arn:aws:iam::111122223333:user/division/Bob"),
        (ACCOUNT_ID, "arn:aws:iam::111122223333:root"),
    ],
)
def test_a_federated_user_acts_for_who_made_it(entity_id: str, issuer_arn: str) -> None:
    found = session_caller(credential(kind="federated", entity_id=entity_id, name="carol"), KEY_ID, ACCOUNT)
    assert found == Caller(
        kind="federated",
        account_id="111122223333",
        arn="arn:aws:sts::111122223333:federated-user/carol",
        principal_arn="arn:aws:sts::111122223333:federated-user/carol",
        user_id="111122223333:carol",
        name="carol",
        issuer_arn=issuer_arn,
        issuer_id=entity_id,
        access_key_id=KEY_ID,
        session=Session(issued=NOW - 60, expires=NOW + 3540, name="carol"),
    )
    assert found.entity_id == entity_id


@pytest.mark.parametrize(("kind", "entity"), [("role", ROLE), ("user", USER), ("federated", USER)])
def test_a_session_ends_with_its_role_or_user(kind: str, entity: Role) -> None:
    session = credential(kind=kind, entity_id=entity.id)
    there = account(USER, ROLE)
    session_caller(session, KEY_ID, there)
    there.apply(Delete(entity))
    with pytest.raises(InvalidClientTokenId):
        session_caller(session, KEY_ID, there)


def test_a_role_created_anew_under_the_name_is_another() -> None:
    there = account(USER, ROLE)
    there.apply(Delete(ROLE))
    there.apply(
        Put(
            Role(
                account_id=ACCOUNT_ID,
                name="Builder",
                path="/ci/",
                id="AROAI3ANOTHEREXAMPLE",
                created=2,
                trust_policy="",
            )
        )
    )
    with pytest.raises(InvalidClientTokenId):
        session_caller(credential(), KEY_ID, there)


def test_a_session_does_not_change_its_kind_or_account() -> None:
    for changes in ({"kind": "user"}, {"kind": "role", "entity_id": USER.id}, {"account_id": "444455556666"}):
        with pytest.raises(InvalidClientTokenId):
            session_caller(credential(**changes), KEY_ID, ACCOUNT)


# In a request ---------------------------------------------------------------------------------------------------------

SIGNER = Credentials(KEY_ID, BOB.secret_key)
HEADER = {"x-amz-security-token": TOKEN}


def test_a_request_signed_with_a_session_is_the_sessions() -> None:
    for request in (
        signed(credentials=SIGNER, headers=HEADER),
        presigned(credentials=SIGNER, **{"Security-Token": TOKEN}),
    ):
        caller = caller_of(request, account=ACCOUNT, sealer=RING)
        assert caller == session_caller(credential(), KEY_ID, ACCOUNT)


def refused_request(request: Any, now: int = NOW) -> tuple[str, str | None]:
    return refusal_of(request, now=now, account=ACCOUNT, sealer=RING)


def test_the_secret_is_the_sessions() -> None:
    wrong = Credentials(KEY_ID, "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY")
    assert refused_request(signed(credentials=wrong, headers=HEADER)) == ("SignatureDoesNotMatch", MISMATCH)


def test_a_temporary_key_without_its_token_is_refused() -> None:
    assert refused_request(signed(credentials=SIGNER)) == INVALID
    assert refused_request(signed(credentials=SIGNER, headers={"x-amz-security-token": "AQoEXAMPLE"})) == INVALID


def test_a_long_term_key_with_a_token_is_refused() -> None:
    assert refusal_of(signed(LIST_USERS, headers=HEADER)) == INVALID


def test_an_expired_session_is_told_so_before_the_signature_is_looked_at() -> None:
    assert refused_request(signed(credentials=SIGNER, headers=HEADER), now=NOW + 3540) == EXPIRED
    wrong = Credentials(KEY_ID, "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY")
    assert refused_request(signed(credentials=wrong, headers=HEADER), now=NOW + 3540) == EXPIRED


def test_two_sessions_with_one_access_key_id_have_each_its_own_secret() -> None:
    other = seal_session_token(credential(secret_access_key="je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"), KEY_ID, RING)
    assert caller_of(signed(credentials=SIGNER, headers=HEADER), account=ACCOUNT, sealer=RING)
    mixed = signed(credentials=SIGNER, headers={"x-amz-security-token": other})
    assert refused_request(mixed) == ("SignatureDoesNotMatch", MISMATCH)


def test_expiry_is_an_error_of_its_own() -> None:
    with pytest.raises(ExpiredToken) as refusal:
        open_session_token(TOKEN, KEY_ID, RING, NOW + 3540)
    assert refusal.value.status == 403
