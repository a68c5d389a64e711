"""AssumeRoot: who may act as a member account's root user, on which tasks, and what such a session can do."""

from typing import Any

import pytest
from msgspec.structs import replace

from iamd.account.organization import IAM_SERVICE, ROOT_CREDENTIALS_MANAGEMENT, ROOT_SESSIONS, Organization
from iamd.account.records import AccessKey, LoginProfile
from iamd.call import Caller
from iamd.iam.access_keys import delete_access_key, list_access_keys
from iamd.iam.aws_managed import load_aws_managed_policies
from iamd.iam.login_profiles import create_login_profile, get_login_profile
from tests.iam.world import NOW
from tests.sts.cloud import ACCOUNT, OTHER, Cloud, allow, trust

MEMBER_ROOT = f"arn:aws:iam::{OTHER}:root"
ORGANIZATION = Organization(
    id="o-exampleorgid",
    management_account_id=ACCOUNT,
    trusted_services=(IAM_SERVICE,),
    root_features=(ROOT_CREDENTIALS_MANAGEMENT, ROOT_SESSIONS),
)


def task(name: str) -> str:
    return f"arn:aws:iam::aws:policy/root-task/{name}"


AUDIT, DELETE, CREATE = (
    task(name) for name in ("IAMAuditRootUserCredentials", "IAMDeleteRootUserCredentials", "IAMCreateRootUserPassword")
)


@pytest.fixture
def cloud() -> Cloud:
    """The first account manages an organization of both."""
    cloud = Cloud()
    directory = cloud.worlds[ACCOUNT].directory
    directory.aws_managed_policies = load_aws_managed_policies(None)
    directory.organization_ids |= {ACCOUNT: ORGANIZATION.id, OTHER: ORGANIZATION.id}
    organize(cloud)
    return cloud


def organize(cloud: Cloud, **changes: Any) -> None:
    cloud.worlds[ACCOUNT].directory.organizations[ORGANIZATION.id] = replace(ORGANIZATION, **changes)


def administrator(cloud: Cloud, account_id: str = ACCOUNT) -> Caller:
    return cloud.user("alice", allow("sts:AssumeRoot"), account_id=account_id)


def assume(cloud: Cloud, caller: Caller, policy: str = AUDIT, **more: Any) -> Caller:
    input = {"TargetPrincipal": OTHER, "TaskPolicyArn": {"arn": policy}} | more
    return cloud.open(cloud.ask("AssumeRoot", caller, **input))


def refused(cloud: Cloud, caller: Caller, policy: str = AUDIT, target: str = OTHER) -> str:
    return cloud.refusal("AssumeRoot", caller, TargetPrincipal=target, TaskPolicyArn={"arn": policy})


def not_authorized(caller: Caller, target: str = MEMBER_ROOT) -> str:
    return f"AccessDenied: User: {caller.arn} is not authorized to perform: sts:AssumeRoot on resource: {target}"


@pytest.mark.parametrize("target", [OTHER, MEMBER_ROOT])
def test_a_session_of_a_members_root_user(cloud: Cloud, target: str) -> None:
    output = cloud.ask("AssumeRoot", administrator(cloud), TargetPrincipal=target, TaskPolicyArn={"arn": AUDIT})
    assert list(output) == ["Credentials"]
    assert output["Credentials"]["Expiration"] == NOW + 900
    session = cloud.open(output)
    assert (session.kind, session.account_id, session.arn, session.user_id) == ("root", OTHER, MEMBER_ROOT, OTHER)
    assert session.session is not None
    assert (session.session.assumed_root, session.session.policy_arns) == (True, (AUDIT,))


def test_it_carries_the_source_identity_of_who_assumed_it(cloud: Cloud) -> None:
    alice = cloud.user("alice")
    role = cloud.role("R", trust(alice.arn, also=("sts:SetSourceIdentity",)), allow("sts:AssumeRoot"))
    session = cloud.assume(alice, role, SourceIdentity="alice")
    output = cloud.ask("AssumeRoot", session, TargetPrincipal=OTHER, TaskPolicyArn={"arn": AUDIT}, DurationSeconds=60)
    assert (output["SourceIdentity"], output["Credentials"]["Expiration"]) == ("alice", NOW + 60)


# Who may --------------------------------------------------------------------------------------------------------------


def test_it_needs_permission_on_the_members_root(cloud: Cloud) -> None:
    bob = cloud.user("bob", allow("sts:AssumeRoot", resource=f"arn:aws:iam::{ACCOUNT}:root"))
    assert refused(cloud, bob) == (
        not_authorized(bob) + " because no identity-based policy allows the sts:AssumeRoot action"
    )


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ({"StringEquals": {"sts:TaskPolicyArn": AUDIT}}, True),
        ({"StringEquals": {"sts:TaskPolicyArn": DELETE}}, False),
        ({"StringEquals": {"aws:ResourceAccount": OTHER}}, True),
        ({"StringEquals": {"aws:ResourceAccount": ACCOUNT}}, False),
    ],
)
def test_policies_ask_about_task_and_member(cloud: Cloud, condition: dict[str, Any], allowed: bool) -> None:
    bob = cloud.user("bob", allow("sts:AssumeRoot", Condition=condition))
    if allowed:
        assert assume(cloud, bob).arn == MEMBER_ROOT
    else:
        assert refused(cloud, bob).startswith(not_authorized(bob))


def test_root_itself_may_not(cloud: Cloud) -> None:
    assert refused(cloud, cloud.root) == not_authorized(cloud.root)


def test_nobody_becomes_the_management_accounts_root(cloud: Cloud) -> None:
    alice = administrator(cloud)
    assert refused(cloud, alice, target=ACCOUNT) == not_authorized(alice, f"arn:aws:iam::{ACCOUNT}:root")


def test_a_delegated_administrator_may_and_other_members_not(cloud: Cloud) -> None:
    third = "444455556666"
    cloud.worlds[ACCOUNT].directory.organization_ids[third] = ORGANIZATION.id
    eve = administrator(cloud, OTHER)
    assert refused(cloud, eve, target=third) == not_authorized(eve, f"arn:aws:iam::{third}:root")
    organize(cloud, delegated_administrators={IAM_SERVICE: (OTHER,)})
    assert cloud.ask("AssumeRoot", eve, TargetPrincipal=third, TaskPolicyArn={"arn": AUDIT})["Credentials"]


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({"all_features": False}, ()),
        ({"trusted_services": ()}, ()),
        ({"root_features": ()}, ()),
        ({"root_features": (ROOT_CREDENTIALS_MANAGEMENT,)}, (AUDIT, DELETE)),
        ({"root_features": (ROOT_SESSIONS,)}, (task("S3UnlockBucketPolicy"), task("SQSUnlockQueuePolicy"))),
        ({}, (AUDIT, DELETE, CREATE, task("S3UnlockBucketPolicy"), task("SQSUnlockQueuePolicy"))),
    ],
)
def test_each_task_needs_its_feature(cloud: Cloud, changes: dict[str, Any], allowed: tuple[str, ...]) -> None:
    alice = administrator(cloud)
    organize(cloud, **changes)
    for policy in (AUDIT, DELETE, CREATE, task("S3UnlockBucketPolicy"), task("SQSUnlockQueuePolicy")):
        if policy in allowed:
            assert assume(cloud, alice, policy).arn == MEMBER_ROOT
        else:
            assert refused(cloud, alice, policy) == not_authorized(alice)


def test_an_account_of_no_organization(cloud: Cloud) -> None:
    alice = administrator(cloud)
    assert refused(cloud, alice, target="999999999999") == not_authorized(alice, "arn:aws:iam::999999999999:root")
    cloud.worlds[ACCOUNT].directory.organization_ids.clear()
    assert refused(cloud, alice) == not_authorized(alice)


def test_targets_and_tasks_that_are_none(cloud: Cloud) -> None:
    alice = administrator(cloud)
    for target in (f"arn:aws:iam::{OTHER}:user/alice", "arn:aws:iam::1:root", "11112222333³", f"{OTHER} "):
        assert refused(cloud, alice, target=target) == f"ValidationError: {target} is invalid"
    for policy in ("arn:aws:iam::aws:policy/AdministratorAccess", task("IAMAuditRootUserCredential")):
        assert refused(cloud, alice, policy) == f"ValidationError: {policy} is invalid"


# What the session can do ----------------------------------------------------------------------------------------------


def test_it_is_limited_to_its_task(cloud: Cloud) -> None:
    session = assume(cloud, administrator(cloud))
    cloud.user("bob", account_id=OTHER)
    for operation in ("GetUser", "ListAccessKeys", "ListMFADevices", "ListSigningCertificates", "GetAccountSummary"):
        assert cloud.decide(session, operation) == "allowed"
    assert cloud.decide(session, "GetUser", UserName="bob").startswith("AccessDenied: ")
    for operation in ("DeleteAccessKey", "CreateAccessKey", "ListUsers", "CreateLoginProfile"):
        assert cloud.decide(session, operation, AccessKeyId="AKIAIOSFODNN7EXAMPLE") == (
            f"AccessDenied: User: {MEMBER_ROOT} is not authorized to perform: iam:{operation} on resource: "
            + (f"arn:aws:iam::{OTHER}:user/" if operation == "ListUsers" else MEMBER_ROOT)
            + f" because no session policy allows the iam:{operation} action"
        )


def test_it_removes_the_root_users_credentials(cloud: Cloud) -> None:
    world = cloud.worlds[OTHER]
    world.put(AccessKey(id="AKIAIOSFODNN7EXAMPLE", owner_id=OTHER, sealed_secret="…", created=NOW))
    session = assume(cloud, administrator(cloud), DELETE)
    assert cloud.decide(session, "DeleteAccessKey", AccessKeyId="AKIAIOSFODNN7EXAMPLE") == "allowed"
    world.run(delete_access_key, session, AccessKeyId="AKIAIOSFODNN7EXAMPLE")
    assert world.run(list_access_keys, session)["AccessKeyMetadata"] == []


def test_it_lets_the_root_user_recover_its_password(cloud: Cloud) -> None:
    world = cloud.worlds[OTHER]
    session = assume(cloud, administrator(cloud), CREATE)
    assert cloud.decide(session, "CreateLoginProfile") == "allowed"
    answer = world.run(create_login_profile, session)["LoginProfile"]
    assert answer["PasswordResetRequired"] is True
    assert world.run(get_login_profile, session)["LoginProfile"] == answer
    profile = world.account.login_profiles.find(OTHER)
    assert isinstance(profile, LoginProfile)
    assert world.sealer.unseal(profile.sealed_hash, profile.seal_context).startswith(b"$argon2id$")
    assert world.refusal(create_login_profile, session) == (
        "EntityAlreadyExists: Login Profile for user root already exists."
    )
    assert world.refusal(create_login_profile, session, Password="x").startswith("ValidationError: The password of")


def test_policies_see_that_root_was_assumed(cloud: Cloud) -> None:
    from iamd.authorization.context import request_context

    world = cloud.worlds[OTHER]
    session = assume(cloud, administrator(cloud))
    context = request_context(world.account, world.call("GetUser", session))
    assert context["aws:assumedroot"] == "true"
    assert "aws:multifactorauthpresent" not in context
    assert "aws:assumedroot" not in request_context(world.account, world.call("GetUser", world.root))


def test_it_opens_nothing_further(cloud: Cloud) -> None:
    session = assume(cloud, administrator(cloud))
    assert cloud.ask("GetCallerIdentity", session)["Arn"] == MEMBER_ROOT
    assert cloud.refusal("GetSessionToken", session) == (
        "AccessDenied: Cannot call GetSessionToken with session credentials"
    )
    assert refused(cloud, session) == "AccessDenied: Cannot call AssumeRoot with session credentials"
