"""GetSessionToken: the same user for a while, with or without the proof of an MFA device."""

import pytest

from tests.sts.cloud import ACCOUNT, Cloud, allow, trust

NOT_FOR_IT = "InvalidClientTokenId: The security token included in the request is invalid"


def test_a_session_is_the_user_and_has_its_permissions(cloud: Cloud) -> None:
    alice = cloud.user("alice", {"Effect": "Deny", "Action": "sts:*", "Resource": "*"})
    output = cloud.ask("GetSessionToken", alice)
    assert set(output) == {"Credentials"}
    session = cloud.open(output)
    assert (session.kind, session.arn, session.principal_arn, session.user_id, session.name) == (
        "user",
        f"arn:aws:iam::{ACCOUNT}:user/alice",
        f"arn:aws:iam::{ACCOUNT}:user/alice",
        alice.user_id,
        "alice",
    )


@pytest.mark.parametrize(
    ("asked", "of_user", "of_root"), [(None, 43_200, 3_600), (900, 900, 900), (129_600, 129_600, 3_600)]
)
def test_how_long_it_lasts(cloud: Cloud, asked: int | None, of_user: int, of_root: int) -> None:
    input = {} if asked is None else {"DurationSeconds": asked}
    for caller, lasts in ((cloud.user("alice"), of_user), (cloud.root, of_root)):
        session = cloud.open(cloud.ask("GetSessionToken", caller, **input)).session
        assert session is not None
        assert session.expires - session.issued == lasts


def test_iam_wants_mfa(cloud: Cloud) -> None:
    now = cloud.worlds[ACCOUNT].time
    for caller in (cloud.user("alice", allow("*")), cloud.root):
        without = cloud.open(cloud.ask("GetSessionToken", caller))
        proved = cloud.open(cloud.ask("GetSessionToken", caller, mfa_time=now))
        assert cloud.decide(without, "GetUser", UserName="alice") == NOT_FOR_IT
        assert cloud.decide(proved, "GetUser", UserName="alice") == "allowed"


def test_of_sts_it_may_only_assume_roles_and_ask_who_it_is(cloud: Cloud) -> None:
    session = cloud.open(cloud.ask("GetSessionToken", cloud.user("alice", allow("*"))))
    for name, input in (
        ("GetSessionToken", {}),
        ("GetFederationToken", {"Name": "carol"}),
        ("GetAccessKeyInfo", {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}),
        ("DecodeAuthorizationMessage", {"EncodedMessage": "x"}),
    ):
        assert cloud.refusal(name, session, **input) == f"AccessDenied: Cannot call {name} with session credentials"
    assert cloud.ask("GetCallerIdentity", session)["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/alice"
    role = cloud.role("R", trust(session.arn))
    assert cloud.assume(session, role).name == "R"


def test_root_assumes_no_role_with_a_session_either(cloud: Cloud) -> None:
    session = cloud.open(cloud.ask("GetSessionToken", cloud.root))
    role = cloud.role("R", trust(ACCOUNT))
    assert cloud.refused(session, role) == "AccessDenied: Roles may not be assumed by root accounts."


def test_whether_mfa_was_shown_is_known_of_a_session_and_not_of_an_access_key(cloud: Cloud) -> None:
    unless_shown = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}
    deny = {"Effect": "Deny", "Action": "iam:*", "Resource": "*", "Condition": unless_shown}
    alice = cloud.user("alice", allow("*"), deny)
    assert cloud.decide(alice, "GetUser") == "allowed"  # the key is absent, so the Deny does not match
    deny["Condition"] = {"BoolIfExists": unless_shown["Bool"]}
    alice = cloud.user("alice", allow("*"), deny)
    assert "with an explicit deny" in cloud.decide(alice, "GetUser")
    now = cloud.worlds[ACCOUNT].time
    assert cloud.decide(cloud.open(cloud.ask("GetSessionToken", alice, mfa_time=now)), "GetUser") == "allowed"
