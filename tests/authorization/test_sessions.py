"""What each kind of credential may not call, and whose account a call acts on."""

import pytest

from iamd.account.directory import Directory
from iamd.account.organization import Organization
from iamd.account.state import Account
from iamd.authorization.sessions import verify_may_call
from iamd.authorization.targets import find_account_acted_on
from iamd.call import Caller, CallerKind, Session
from iamd.errors import ServiceError, ValidationError
from iamd.wire.models import load_service

ACCOUNT_ID = "111122223333"
STS = tuple(load_service("sts").operations)
INVALID = "InvalidClientTokenId: The security token included in the request is invalid"


def caller(kind: CallerKind, *, session: bool = True, mfa: bool = False) -> Caller:
    arn = f"arn:aws:iam::{ACCOUNT_ID}:user/alice"
    held = Session(issued=1, expires=2, mfa_time=1 if mfa else None) if session else None
    return Caller(kind=kind, account_id=ACCOUNT_ID, arn=arn, principal_arn=arn, user_id="AIDAEXAMPLE", session=held)


def refusal(caller: Caller, service: str, operation: str) -> str | None:
    try:
        verify_may_call(load_service(service).operations[operation], caller)
    except ServiceError as error:
        return f"{error.code}: {error.message}"
    return None


# kind, whether it is a session, the operations of STS that it may call (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html)
TABLE: list[tuple[CallerKind, bool, set[str]]] = [
    ("user", False, set(STS)),
    ("root", False, set(STS) - {"AssumeRole"}),
    ("role", True, set(STS) - {"GetFederationToken", "GetSessionToken"}),
    ("user", True, {"AssumeRole", "GetCallerIdentity"}),
    ("root", True, {"GetCallerIdentity"}),
    ("federated", True, {"GetCallerIdentity"}),
]


@pytest.mark.parametrize(("kind", "session", "allowed"), TABLE)
def test_the_operations_of_sts_for_each_kind_of_credential(kind: CallerKind, session: bool, allowed: set[str]) -> None:
    who = caller(kind, session=session)
    assert {name for name in STS if refusal(who, "sts", name) is None} == allowed


def test_iam_is_closed_to_federated_users_and_to_sessions_without_mfa() -> None:
    for kind in ("user", "root"):
        assert refusal(caller(kind), "iam", "ListUsers") == INVALID
        assert refusal(caller(kind, mfa=True), "iam", "ListUsers") is None
        assert refusal(caller(kind, session=False), "iam", "ListUsers") is None
    assert refusal(caller("federated"), "iam", "ListUsers") == INVALID
    assert refusal(caller("federated", mfa=True), "iam", "ListUsers") == INVALID
    assert refusal(caller("role"), "iam", "ListUsers") is None


def acted_on(service: str, operation: str, directory: Directory | None = None, **input: str) -> str | None:
    model = load_service(service).operations[operation]
    return find_account_acted_on(model, input, Account(ACCOUNT_ID, directory or Directory()))


def test_a_role_to_assume_says_in_which_account() -> None:
    assert acted_on("sts", "AssumeRole", RoleArn="arn:aws:iam::444455556666:role/team/R") == "444455556666"
    assert acted_on("sts", "GetCallerIdentity") is None
    assert acted_on("iam", "CreateUser", RoleArn="arn:aws:iam::444455556666:role/R") is None


def test_a_delegated_administrator_acts_on_its_organizations_management_account() -> None:
    directory = Directory()
    directory.organizations["o-exampleorgid"] = Organization(
        id="o-exampleorgid",
        management_account_id="444455556666",
        delegated_administrators={"iam.amazonaws.com": (ACCOUNT_ID,)},
    )
    directory.organization_ids = {ACCOUNT_ID: "o-exampleorgid", "444455556666": "o-exampleorgid"}
    assert acted_on("iam", "ListOrganizationsFeatures", directory) == "444455556666"
    assert acted_on("iam", "DisableOrganizationsRootSessions", directory) == "444455556666"
    assert acted_on("iam", "EnableOrganizationsRootSessions", directory) is None
    directory.organizations["o-exampleorgid"] = Organization(id="o-exampleorgid", management_account_id="444455556666")
    assert acted_on("iam", "ListOrganizationsFeatures", directory) is None
    assert acted_on("iam", "ListOrganizationsFeatures") is None


@pytest.mark.parametrize("arn", ["R", "arn:aws:iam::444455556666", "arn::iam::444455556666:role/R", "arn:aws:::4:"])
def test_what_is_no_arn_is_told_before_anything_is_authorized(arn: str) -> None:
    with pytest.raises(ValidationError) as refused:
        acted_on("sts", "AssumeRole", RoleArn=arn)
    assert refused.value.message == f"{arn} is invalid"
