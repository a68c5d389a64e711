"""The policy simulator: what it decides, which statements it names, and what it refuses to simulate."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from iamd import policy
from iamd.account.directory import Directory
from iamd.account.organization import Organization
from iamd.account.records import Group, ManagedPolicy, PolicyVersion, Role, User
from iamd.authorization.gather import policies_in_force
from iamd.iam.aws_managed import load_aws_managed_policies
from iamd.iam.simulation import simulate_custom_policy, simulate_principal_policy
from tests.iam.world import ACCOUNT_ID, CREATED, OTHER_ACCOUNT_ID, World

OBJECT = "arn:aws:s3:::bucket/key"
BOB = f"arn:aws:iam::{ACCOUNT_ID}:user/division/Bob"
READER = f"arn:aws:iam::{ACCOUNT_ID}:role/Reader"
READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
ALLOW_ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))


def allow(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def entry(name: str, kind: str | None, *values: str) -> dict[str, Any]:
    """A ContextEntry; without a type if ``kind`` is None."""
    typed = {} if kind is None else {"ContextKeyType": kind}
    return {"ContextKeyName": name, "ContextKeyValues": list(values), **typed}


def place(source: str, text: str, index: int = 0, kind: str = "IAM Policy") -> dict[str, Any]:
    """A matched statement of a document written in one line."""
    start = -1
    for _ in range(index + 1):
        start = text.index('{"Effect"', start + 1)
    end = start + json.JSONDecoder().raw_decode(text[start:])[1]
    return {
        "SourcePolicyId": source,
        "SourcePolicyType": kind,
        "StartPosition": {"Line": 1, "Column": start + 2},  # just after the brace, counted from 1
        "EndPosition": {"Line": 1, "Column": end + 1},
    }


@pytest.fixture
def world() -> World:
    world = World(directory=Directory(load_aws_managed_policies()))
    world.put(
        Group(
            account_id=ACCOUNT_ID,
            name="Keepers",
            id="AGPAKEEPERS",
            created=CREATED,
            inline_policies={"keep": document(deny("s3:Delete*"))},
            attached_policies=(READ_ONLY,),
        ),
        ManagedPolicy(
            account_id=ACCOUNT_ID,
            name="Lists",
            id="ANPALISTS",
            created=CREATED,
            updated=CREATED,
            versions=(PolicyVersion(id="v1", document=document(allow("sqs:ListQueues")), created=CREATED),),
        ),
        User(
            account_id=ACCOUNT_ID,
            name="Bob",
            path="/division/",
            id="AIDABOB",
            created=CREATED,
            group_ids=("AGPAKEEPERS",),
            attached_policies=(READ_ONLY, f"arn:aws:iam::{ACCOUNT_ID}:policy/Lists"),
            inline_policies={"own": document(allow("s3:PutObject", "arn:aws:s3:::bucket/${aws:username}/*"))},
        ),
        Role(
            account_id=ACCOUNT_ID,
            name="Reader",
            id="AROAREADER",
            created=CREATED,
            trust_policy="{}",
            inline_policies={"read": document(allow("s3:*"), allow("sqs:*"))},
            permissions_boundary=f"arn:aws:iam::{ACCOUNT_ID}:policy/Lists",
        ),
    )
    return world


def custom(world: World, *policies: str, actions: tuple[str, ...] = ("s3:GetObject",), **more: Any) -> Any:
    """The results of SimulateCustomPolicy."""
    return world.run(simulate_custom_policy, PolicyInputList=list(policies), ActionNames=list(actions), **more)[
        "EvaluationResults"
    ]


def principal(world: World, source: str, *actions: str, **more: Any) -> Any:
    """The results of SimulatePrincipalPolicy."""
    return world.run(simulate_principal_policy, PolicySourceArn=source, ActionNames=list(actions), **more)[
        "EvaluationResults"
    ]


def refused(world: World, **more: Any) -> str:
    """How SimulateCustomPolicy refuses an input; what is not said in ``more`` is in order."""
    given = {"PolicyInputList": [ALLOW_ALL], "ActionNames": ["s3:GetObject"]} | more
    return world.refusal(simulate_custom_policy, **given)


# What is decided ------------------------------------------------------------------------------------------------------


def test_without_resources_everything_is_simulated_and_the_answer_is_short(world: World) -> None:
    text = document(allow("s3:Get*"), deny("s3:Put*"))
    answer = world.run(
        simulate_custom_policy, PolicyInputList=[text], ActionNames=["s3:GetObject", "s3:PutObject", "sqs:SendMessage"]
    )
    assert answer == {
        "EvaluationResults": [
            {
                "EvalActionName": "s3:GetObject",
                "EvalResourceName": "*",
                "EvalDecision": "allowed",
                "MatchedStatements": [place("PolicyInputList.1", text)],
                "MissingContextValues": [],
            },
            {
                "EvalActionName": "s3:PutObject",
                "EvalResourceName": "*",
                "EvalDecision": "explicitDeny",
                "MatchedStatements": [place("PolicyInputList.1", text, 1)],
                "MissingContextValues": [],
            },
            {
                "EvalActionName": "sqs:SendMessage",
                "EvalResourceName": "*",
                "EvalDecision": "implicitDeny",
                "MatchedStatements": [],
                "MissingContextValues": [],
            },
        ],
        "IsTruncated": False,
    }


def test_a_resource_has_a_result_of_its_own(world: World) -> None:
    [result] = custom(world, ALLOW_ALL, ResourceArns=[OBJECT])
    matched = [place("PolicyInputList.1", ALLOW_ALL)]
    assert result == {
        "EvalActionName": "s3:GetObject",
        "EvalResourceName": OBJECT,
        "EvalDecision": "allowed",
        "MatchedStatements": matched,
        "MissingContextValues": [],
        "EvalDecisionDetails": {},
        "ResourceSpecificResults": [
            {
                "EvalResourceName": OBJECT,
                "EvalResourceDecision": "allowed",
                "MatchedStatements": matched,
                "MissingContextValues": [],
            }
        ],
    }


def test_of_several_resources_the_most_restrictive_decision_counts(world: World) -> None:
    text = document(allow("s3:*"), deny("s3:*", "arn:aws:s3:::bucket/secret"))
    resources = [OBJECT, "arn:aws:s3:::bucket/secret"]
    [result] = custom(world, text, ResourceArns=resources)
    assert result["EvalDecision"] == "explicitDeny"
    assert result["MatchedStatements"] == [place("PolicyInputList.1", text, 1)]
    assert [each["EvalResourceName"] for each in result["ResourceSpecificResults"]] == resources
    assert [each["EvalResourceDecision"] for each in result["ResourceSpecificResults"]] == ["allowed", "explicitDeny"]


@pytest.mark.parametrize(
    ("action", "resources", "name"),
    [
        ("s3:GetObject", [OBJECT, OBJECT + "2"], "arn:${Partition}:s3:::${BucketName}/${ObjectName}"),
        ("iam:getuser", [BOB, BOB + "2"], "arn:${Partition}:iam::${Account}:user/${UserNameWithPath}"),
        ("iam:GetAccountSummary", [BOB, BOB + "2"], "*"),
        ("iam:NoSuchAction", [BOB, BOB + "2"], "*"),
        ("nosuchservice:Get", [BOB, BOB + "2"], "*"),
        ("nosuchservice:Get", [BOB], BOB),
    ],
)
def test_several_resources_are_named_by_their_type(world: World, action: str, resources: list[str], name: str) -> None:
    [result] = custom(world, ALLOW_ALL, actions=(action,), ResourceArns=resources)
    assert result["EvalResourceName"] == name


def test_positions_are_those_that_aws_shows_for_its_example(world: World) -> None:
    """https://docs.aws.amazon.com/cli/latest/reference/iam/simulate-custom-policy.html#examples"""
    condition = {"DateGreaterThan": {"aws:CurrentTime": "2018-08-16T12:00:00Z"}}
    statement = allow("dynamodb:*", Condition=condition)
    text = json.dumps({"Version": "2012-10-17", "Statement": statement}, separators=(",", ":"))
    later = entry("aws:CurrentTime", "date", "2019-04-25T11:00:00Z")
    [result] = custom(world, text, actions=("dynamodb:CreateBackup",), ContextEntries=[later])
    assert (result["EvalDecision"], result["MatchedStatements"]) == (
        "allowed",
        [
            {
                "SourcePolicyId": "PolicyInputList.1",
                "SourcePolicyType": "IAM Policy",
                "StartPosition": {"Line": 1, "Column": 38},
                "EndPosition": {"Line": 1, "Column": 167},
            }
        ],
    )
    [result] = custom(world, json.dumps(json.loads(text), indent=4), actions=("dynamodb:CreateBackup",))
    assert result["EvalDecision"] == "implicitDeny"
    [result] = custom(world, json.dumps(json.loads(text), indent=4), ContextEntries=[later], actions=("dynamodb:Get",))
    assert result["MatchedStatements"][0]["StartPosition"] == {"Line": 3, "Column": 19}
    assert result["MatchedStatements"][0]["EndPosition"] == {"Line": 12, "Column": 6}


def test_without_policies_nothing_is_allowed(world: World) -> None:
    assert custom(world)[0]["EvalDecision"] == "implicitDeny"


def test_actions_keep_their_spelling_and_may_be_unknown(world: World) -> None:
    text = document(allow("app:*"))
    results = custom(world, text, actions=("APP:doIt", "app:*", "app:?"))
    assert [(each["EvalActionName"], each["EvalDecision"]) for each in results] == [
        ("APP:doIt", "allowed"),
        ("app:*", "allowed"),
        ("app:?", "allowed"),
    ]


# Whose policies -------------------------------------------------------------------------------------------------------


def test_a_user_has_its_own_policies_and_its_groups(world: World) -> None:
    put, delete, get, lists = principal(
        world, BOB, "s3:PutObject", "s3:DeleteObject", "s3:GetObject", "sqs:ListQueues", ResourceArns=[OBJECT]
    )
    assert put["EvalDecision"] == "implicitDeny"
    assert delete["MatchedStatements"] == [place("group_Keepers_keep", document(deny("s3:Delete*")))]
    assert [each["SourcePolicyId"] for each in get["MatchedStatements"]] == ["AmazonS3ReadOnlyAccess"]
    assert [each["SourcePolicyId"] for each in lists["MatchedStatements"]] == ["Lists"]
    [put] = principal(world, BOB, "s3:PutObject", ResourceArns=["arn:aws:s3:::bucket/Bob/1"])
    assert [each["SourcePolicyId"] for each in put["MatchedStatements"]] == ["user_Bob_own"]


def test_a_group_and_a_role_have_their_own(world: World) -> None:
    [group] = principal(world, f"arn:aws:iam::{ACCOUNT_ID}:group/Keepers", "s3:DeleteBucket")
    assert [each["SourcePolicyId"] for each in group["MatchedStatements"]] == ["group_Keepers_keep"]
    [role] = principal(world, READER, "sqs:ListQueues")
    assert [each["SourcePolicyId"] for each in role["MatchedStatements"]] == ["role_Reader_read"]


def test_a_name_is_enough_whatever_path_the_arn_has(world: World) -> None:
    [result] = principal(world, f"arn:aws:iam::{ACCOUNT_ID}:user/Bob", "sqs:ListQueues")
    assert result["EvalDecision"] == "allowed"


def test_policies_sent_are_added_to_those_attached(world: World) -> None:
    [result] = principal(world, READER, "sqs:ListQueues", PolicyInputList=[document(allow("sqs:List*"))])
    assert [each["SourcePolicyId"] for each in result["MatchedStatements"]] == ["role_Reader_read", "PolicyInputList.1"]


@pytest.mark.parametrize(
    ("arn", "refusal"),
    [
        ("user/nobody", "NoSuchEntity: The user with name nobody cannot be found."),
        ("group/nobody", "NoSuchEntity: The group with name nobody cannot be found."),
        ("role/nobody", "NoSuchEntity: The role with name nobody cannot be found."),
        ("root", "InvalidInput: Invalid Entity Arn: {} does not clearly define entity type and name."),
        ("policy/Lists", "InvalidInput: Invalid Entity Arn: {} does not clearly define entity type and name."),
        ("user/", "InvalidInput: Invalid Entity Arn: {} does not clearly define entity type and name."),
    ],
)
def test_only_users_groups_and_roles_are_simulated(world: World, arn: str, refusal: str) -> None:
    arn = f"arn:aws:iam::{ACCOUNT_ID}:{arn}"
    assert world.refusal(
        simulate_principal_policy, PolicySourceArn=arn, ActionNames=["s3:GetObject"]
    ) == refusal.format(arn)


def test_neither_sessions_nor_other_accounts_are_simulated(world: World) -> None:
    session = f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Reader/shift"
    assert world.refusal(simulate_principal_policy, PolicySourceArn=session, ActionNames=["s3:GetObject"]) == (
        f"InvalidInput: Invalid Entity Arn: {session} does not clearly define entity type and name."
    )
    stranger = f"arn:aws:iam::{OTHER_ACCOUNT_ID}:role/Reader"
    assert world.refusal(simulate_principal_policy, PolicySourceArn=stranger, ActionNames=["s3:GetObject"]) == (
        f"InvalidInput: Invalid Policy Source Arn: caller's account {ACCOUNT_ID} does not have access to policies in "
        f"account {OTHER_ACCOUNT_ID}"
    )


def test_a_policy_that_the_server_does_not_know_cannot_be_evaluated(world: World) -> None:
    unknown = "arn:aws:iam::aws:policy/Unheard"
    world.put(
        User(account_id=ACCOUNT_ID, name="Eve", id="AIDAEVE", created=CREATED, attached_policies=(unknown,)),
    )
    assert world.refusal(
        simulate_principal_policy, PolicySourceArn=f"arn:aws:iam::{ACCOUNT_ID}:user/Eve", ActionNames=["s3:GetObject"]
    ) == (
        f"PolicyEvaluation: The policy {unknown} is attached, but this server does not know it: start it with the "
        "file of AWS-managed policies that has it."
    )


def test_a_simulation_decides_as_a_request_would_be(world: World) -> None:
    for caller, arn in ((world.user("Bob"), BOB), (world.role("Reader"), READER)):
        entity = world.account.find_role("Reader") or world.account.get_user("Bob")
        caller = caller if caller.kind == "user" else replace(caller, user_id=f"{entity.id}:shift")
        asker = policy.Principal(
            kind=caller.kind, account_id=ACCOUNT_ID, arn=caller.arn, principal_arn=arn, user_id=caller.user_id
        )
        in_force = policies_in_force(world.account, caller)
        context = {"aws:username": "Bob"} if caller.kind == "user" else {}
        for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "sqs:ListQueues", "sqs:SendMessage"):
            for resource in (OBJECT, "arn:aws:s3:::bucket/Bob/1", "arn:aws:sqs:us-east-1:123456789012:queue"):
                request = policy.Request(principal=asker, action=action, resource=resource, context=context)
                [result] = principal(world, arn, action, ResourceArns=[resource])
                assert result["EvalDecision"] == policy.authorize(request, in_force).outcome, (arn, action, resource)


# Permissions boundaries -----------------------------------------------------------------------------------------------


def test_a_boundary_limits_and_says_so(world: World) -> None:
    lists, get = principal(world, READER, "sqs:ListQueues", "s3:GetObject", ResourceArns=[OBJECT])
    assert (lists["EvalDecision"], lists["PermissionsBoundaryDecisionDetail"]) == (
        "allowed",
        {"AllowedByPermissionsBoundary": True},
    )
    assert [each["SourcePolicyId"] for each in lists["MatchedStatements"]] == ["role_Reader_read"]
    assert (get["EvalDecision"], get["MatchedStatements"]) == ("implicitDeny", [])
    assert get["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    [specific] = get["ResourceSpecificResults"]
    assert specific["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}


def test_a_boundary_sent_replaces_the_real_one(world: World) -> None:
    [result] = principal(world, READER, "s3:GetObject", PermissionsBoundaryPolicyInputList=[ALLOW_ALL])
    assert result["EvalDecision"] == "allowed"
    text = document(deny("s3:*"), allow("*"))
    [result] = principal(world, READER, "s3:GetObject", PermissionsBoundaryPolicyInputList=[text])
    assert result["EvalDecision"] == "explicitDeny"
    assert result["MatchedStatements"] == [
        place("PermissionsBoundaryPolicyInputList.1", text, kind="Permissions Boundary Policy")
    ]


def test_there_is_one_boundary(world: World) -> None:
    assert refused(world, PermissionsBoundaryPolicyInputList=[ALLOW_ALL, ALLOW_ALL]) == (
        "InvalidInput: The list of Permissions Boundary policies cannot exceed 1 items."
    )


# Organizations --------------------------------------------------------------------------------------------------------


def levels(*policies: str) -> list[dict[str, list[str]]]:
    return [{"ServiceControlPolicyInputList": [text]} for text in policies]


def test_every_level_of_the_organization_must_allow(world: World) -> None:
    sqs = document(allow("sqs:*"))
    needy = document(allow("s3:*", Condition={"Bool": {"aws:SecureTransport": "true"}}))
    for policies, allowed in (((ALLOW_ALL, ALLOW_ALL), True), ((ALLOW_ALL, sqs), False), ((sqs, ALLOW_ALL), False)):
        [result] = custom(world, ALLOW_ALL, OrderedOrganizationPolicyInputList=levels(*policies))
        assert result["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": allowed}
        assert result["EvalDecision"] == ("allowed" if allowed else "implicitDeny")
    [result] = custom(world, needy, OrderedOrganizationPolicyInputList=levels(sqs), ResourceArns=[OBJECT])
    assert result["MissingContextValues"] == []  # nothing but the SCPs is evaluated
    assert "EvalDecisionDetails" not in result


def test_statements_of_an_organization_are_not_shown(world: World) -> None:
    text = document(deny("s3:*"), allow("*"))
    [result] = custom(world, ALLOW_ALL, OrderedOrganizationPolicyInputList=levels(text))
    assert (result["EvalDecision"], result["MatchedStatements"]) == ("explicitDeny", [])
    [result] = custom(world, document(deny("s3:*")), OrderedOrganizationPolicyInputList=levels(text))
    assert (result["EvalDecision"], result["MatchedStatements"]) == ("explicitDeny", [])


def test_a_member_of_an_organization_is_told_what_that_allows(world: World) -> None:
    organization = Organization(id="o-exampleorgid", management_account_id=OTHER_ACCOUNT_ID)
    world.directory.organizations[organization.id] = organization
    world.directory.organization_ids[ACCOUNT_ID] = organization.id
    [result] = principal(world, BOB, "sqs:ListQueues")
    assert result["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": True}
    members = {"aws:PrincipalOrgID": "o-exampleorgid", "aws:PrincipalOrgMasterAccountId": OTHER_ACCOUNT_ID}
    text = document(allow("app:*", Condition={"StringEquals": members}))
    [result] = principal(world, BOB, "app:Get", PolicyInputList=[text])
    assert result["EvalDecision"] == "allowed"


def test_nobody_learns_which_organization_another_account_is_in(world: World) -> None:
    organization = Organization(id="o-exampleorgid", management_account_id=OTHER_ACCOUNT_ID)
    world.directory.organizations[organization.id] = organization
    world.directory.organization_ids[OTHER_ACCOUNT_ID] = organization.id
    text = document(allow("app:*", Condition={"StringLike": {"aws:PrincipalOrgID": "o-*"}}))
    caller = f"arn:aws:iam::{OTHER_ACCOUNT_ID}:user/Alice"
    [result] = custom(world, text, actions=("app:Get",), CallerArn=caller)
    assert result["EvalDecision"] == "implicitDeny"
    world.directory.organization_ids[ACCOUNT_ID] = organization.id
    [result] = custom(world, text, actions=("app:Get",), CallerArn=caller)
    assert result["EvalDecision"] == "allowed"


def test_a_level_without_policies_is_refused(world: World) -> None:
    empty = [*levels(ALLOW_ALL), {"ServiceControlPolicyInputList": []}]
    assert refused(world, OrderedOrganizationPolicyInputList=empty) == (
        "InvalidInput: Organization policy at index 2 must contain at least one service control policy"
    )


# Policies of resources ------------------------------------------------------------------------------------------------


def bucket_policy(effect: str, who: str) -> str:
    return document(
        {"Effect": effect, "Principal": {"AWS": who}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"}
    )


def test_a_resource_policy_grants_inside_the_account(world: World) -> None:
    text = bucket_policy("Allow", BOB)
    [result] = custom(world, CallerArn=BOB, ResourcePolicy=text, ResourceArns=[OBJECT])
    assert (result["EvalDecision"], result["EvalDecisionDetails"]) == ("allowed", {})
    assert result["MatchedStatements"] == [place("ResourcePolicy", text, kind="Resource Policy")]
    for other in (READER, f"arn:aws:iam::{ACCOUNT_ID}:group/division/Bob"):
        [result] = custom(world, CallerArn=other, ResourcePolicy=text, ResourceArns=[OBJECT])
        assert result["EvalDecision"] == "implicitDeny"


def test_a_resource_policy_names_roles_too(world: World) -> None:
    text = bucket_policy("Deny", READER)
    [result] = principal(
        world,
        READER,
        "s3:GetObject",
        ResourcePolicy=text,
        ResourceArns=[OBJECT],
        PermissionsBoundaryPolicyInputList=[ALLOW_ALL],
    )
    assert result["EvalDecision"] == "explicitDeny"
    assert result["MatchedStatements"] == [place("ResourcePolicy", text, kind="Resource Policy")]


def test_across_accounts_both_must_allow(world: World) -> None:
    owner = f"arn:aws:iam::{OTHER_ACCOUNT_ID}:root"
    given = {"CallerArn": BOB, "ResourcePolicy": bucket_policy("Allow", BOB), "ResourceOwner": owner}
    [result] = custom(world, ResourceArns=[OBJECT], **given)
    assert result["EvalDecision"] == "implicitDeny"
    details = {"IAM Policy": "implicitDeny", "Resource Policy": "allowed"}
    assert result["EvalDecisionDetails"] == details
    assert result["ResourceSpecificResults"][0]["EvalDecisionDetails"] == details
    [result] = custom(
        world, ALLOW_ALL, ResourceArns=[OBJECT], PermissionsBoundaryPolicyInputList=[document(allow("sqs:*"))], **given
    )
    assert result["EvalDecision"] == "implicitDeny"
    assert result["EvalDecisionDetails"] == {
        "IAM Policy": "allowed",
        "Resource Policy": "allowed",
        "Permissions Boundary Policy": "implicitDeny",
    }
    [result] = custom(world, ALLOW_ALL, ResourceArns=[OBJECT], **given)
    assert result["EvalDecision"] == "allowed"
    assert len(result["MatchedStatements"]) == 2


def test_an_arn_that_tells_its_account_needs_no_owner(world: World) -> None:
    queue = f"arn:aws:sqs:us-east-1:{OTHER_ACCOUNT_ID}:queue"
    text = document({"Effect": "Allow", "Principal": {"AWS": BOB}, "Action": "sqs:*", "Resource": queue})
    [result] = custom(world, actions=("sqs:SendMessage",), CallerArn=BOB, ResourcePolicy=text, ResourceArns=[queue])
    assert result["EvalDecisionDetails"] == {"IAM Policy": "implicitDeny", "Resource Policy": "allowed"}


def test_nobody_assumes_a_role_that_does_not_trust_them(world: World) -> None:
    for who, decision in ((BOB, "allowed"), (f"arn:aws:iam::{ACCOUNT_ID}:user/Eve", "implicitDeny")):
        trust = {"Effect": "Allow", "Principal": {"AWS": who}, "Action": "sts:AssumeRole"}
        [result] = custom(
            world,
            ALLOW_ALL,
            actions=("sts:AssumeRole",),
            CallerArn=BOB,
            ResourcePolicy=document(trust),
            ResourceArns=[READER],
        )
        assert result["EvalDecision"] == decision


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"CallerArn": None}, "Invalid caller - Caller cannot be null or empty."),
        (
            {"CallerArn": f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Reader/shift"},
            "Invalid caller - Caller must be an IAM user, role or group in this context.",
        ),
        (
            {"CallerArn": f"arn:aws:iam::{ACCOUNT_ID}:root"},
            "Invalid caller - Caller must be an IAM user, role or group in this context.",
        ),
        ({"ResourceArns": ["*"]}, "Invalid Entity Arn: * does not clearly define entity type and name."),
        ({"ResourceOwner": ACCOUNT_ID}, f"'{ACCOUNT_ID}' is not a valid as a Resource Owner."),
        ({"ResourcePolicy": "{}"}, "Missing required field Statement"),
    ],
)
def test_a_resource_policy_needs_a_caller_and_a_resource(world: World, given: Any, refusal: str) -> None:
    whole = {"CallerArn": BOB, "ResourceArns": [OBJECT], "ResourcePolicy": bucket_policy("Allow", BOB)} | given
    asked = {name: value for name, value in whole.items() if value is not None}
    assert refused(world, **asked) == f"InvalidInput: {refusal}"


# The caller and the context -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("caller", "key", "value"),
    [
        (None, "aws:userid", "STUB_PRINCIPAL_FOR_POLICY_SIMULATOR"),
        (None, "aws:PrincipalAccount", ACCOUNT_ID),
        (BOB, "aws:userid", "AIDABOB"),
        (BOB, "aws:username", "Bob"),
        (BOB, "aws:PrincipalArn", BOB),
        (BOB, "aws:PrincipalType", "User"),
        (READER, "aws:PrincipalType", "AssumedRole"),
        (f"arn:aws:iam::{OTHER_ACCOUNT_ID}:user/Bob", "aws:PrincipalAccount", OTHER_ACCOUNT_ID),
        (f"arn:aws:iam::{OTHER_ACCOUNT_ID}:user/Bob", "aws:userid", f"arn:aws:iam::{OTHER_ACCOUNT_ID}:user/Bob"),
    ],
)
def test_the_caller_brings_condition_keys_that_entries_override(
    world: World, caller: str | None, key: str, value: str
) -> None:
    text = document(allow("s3:*", Condition={"StringEquals": {key: value}}))
    given = {} if caller is None else {"CallerArn": caller}
    assert custom(world, text, **given)[0]["EvalDecision"] == "allowed"
    other = [entry(key, "string", "another")]
    assert custom(world, text, ContextEntries=other, **given)[0]["EvalDecision"] == "implicitDeny"


@pytest.mark.parametrize(
    ("kind", "operator", "wanted", "values"),
    [
        ("string", "StringEquals", "a", ["a"]),
        ("stringList", "ForAllValues:StringEquals", ["a", "b"], ["b", "a"]),
        ("numeric", "NumericLessThan", "10", ["9.5"]),
        ("numericList", "ForAnyValue:NumericEquals", "3", ["1", "3"]),
        ("boolean", "Bool", "true", ["TRUE"]),
        ("booleanList", "ForAnyValue:Bool", "true", ["false", "true"]),
        ("ip", "IpAddress", "203.0.113.0/24", ["203.0.113.9"]),
        ("ipList", "ForAllValues:IpAddress", "2001:db8::/32", ["2001:db8::1"]),
        ("binary", "BinaryEquals", "QmluYXJ5", ["QmluYXJ5"]),
        ("binaryList", "ForAnyValue:BinaryEquals", "QmluYXJ5", ["QQ==", "QmluYXJ5"]),
        ("date", "DateGreaterThan", "2026-01-01T00:00:00Z", ["2026-01-02T00:00:00Z"]),
        ("dateList", "ForAllValues:DateLessThan", "2026-01-01T00:00:00Z", ["2025-01-01", "1700000000"]),
    ],
)
def test_a_context_entry_has_a_type(world: World, kind: str, operator: str, wanted: Any, values: list[str]) -> None:
    text = document(allow("s3:*", Condition={operator: {"app:key": wanted}}))
    [result] = custom(world, text, ContextEntries=[entry("APP:Key", kind, *values)])
    assert result["EvalDecision"] == "allowed"


@pytest.mark.parametrize(
    ("entries", "refusal"),
    [
        ([{"ContextKeyType": "string", "ContextKeyValues": ["a"]}], "ContextKeyName cannot be null or empty."),
        ([entry("app:key", None, "a")], "Context key app:key has invalid type null."),
        ([entry("app:key", "string")], "Context values for context key app:key cannot be null or empty."),
        ([entry("app:key", "string", "a", "b")], "Context key string expected a single value, but received 2."),
        ([entry("app:key", "numeric", "x")], "Invalid context value for key app:key: expected numeric format."),
        ([entry("app:key", "dateList", "x")], "Invalid context value for key app:key: expected DateTime format."),
        ([entry("app:key", "ip", "x")], "Invalid context value for key app:key: expected IP address."),
        (
            [entry("app:key", "binary", "x")],
            "Invalid context value for key app:key: expected base-64 encoded binary format.",
        ),
        ([entry("app:key", "string", "a"), entry("APP:Key", "string", "b")], "Duplicate context key: APP:Key."),
    ],
)
def test_a_context_entry_that_makes_no_sense_is_refused(world: World, entries: Any, refusal: str) -> None:
    assert refused(world, ContextEntries=entries) == f"InvalidInput: {refusal}"


def test_missing_keys_are_told_of_implicit_denies_as_the_policies_write_them(world: World) -> None:
    text = document(
        allow("s3:Get*", Condition={"StringEquals": {"aws:SourceVpc": "vpc-1", "AWS:sourcevpc": "vpc-2"}}),
        allow("sqs:*", "arn:aws:sqs:*:*:${aws:PrincipalTag/team}"),
    )
    boundary = document(allow("*", Condition={"Bool": {"aws:SecureTransport": "true"}}))
    given = {"PermissionsBoundaryPolicyInputList": [boundary], "ResourceArns": [OBJECT, OBJECT + "2"]}
    [result] = custom(world, text, **given)
    missing = ["aws:SourceVpc", "aws:PrincipalTag/team", "aws:SecureTransport"]
    assert result["MissingContextValues"] == missing
    assert [each["MissingContextValues"] for each in result["ResourceSpecificResults"]] == [missing, missing]
    [result] = custom(world, text, ContextEntries=[entry("aws:sourceVPC", "string", "vpc-3")], **given)
    assert result["MissingContextValues"] == missing[1:]
    assert custom(world, ALLOW_ALL, text)[0]["MissingContextValues"] == []


def test_a_version_without_variables_misses_none(world: World) -> None:
    text = '{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::${aws:PrincipalTag/team}"}}'
    assert custom(world, text)[0]["MissingContextValues"] == []


# Policies left out ----------------------------------------------------------------------------------------------------


def inline(kind: str, owner: str, name: str) -> dict[str, Any]:
    return {"InlinePolicyIdentifier": {"PolicyName": name, "AttachmentType": kind, "AttachmentName": owner}}


@pytest.mark.parametrize(
    ("identifier", "left"),
    [
        ({"PolicyType": "inline"}, ["AmazonS3ReadOnlyAccess", "Lists"]),
        ({"PolicyType": "aws-managed"}, ["user_Bob_own", "Lists", "group_Keepers_keep"]),
        ({"PolicyType": "user-managed"}, ["user_Bob_own", "AmazonS3ReadOnlyAccess", "group_Keepers_keep"]),
        ({"PolicyArn": "arn:aws:iam::aws:policy/AmazonS3*"}, ["user_Bob_own", "Lists", "group_Keepers_keep"]),
        (
            {"PolicyArn": f"arn:aws:iam::{ACCOUNT_ID}:policy/?ists"},
            ["user_Bob_own", "AmazonS3ReadOnlyAccess", "group_Keepers_keep"],
        ),
        (inline("user", "Bob", "own"), ["AmazonS3ReadOnlyAccess", "Lists", "group_Keepers_keep"]),
        (inline("group", "Keep*", "keep"), ["user_Bob_own", "AmazonS3ReadOnlyAccess", "Lists"]),
        (inline("role", "Bob", "own"), ["user_Bob_own", "AmazonS3ReadOnlyAccess", "Lists", "group_Keepers_keep"]),
        (
            {"PolicyType": "rcp"},
            ["user_Bob_own", "AmazonS3ReadOnlyAccess", "Lists", "group_Keepers_keep"],
        ),
    ],
)
def test_attached_policies_can_be_left_out(world: World, identifier: Any, left: list[str]) -> None:
    """Each action is decided by another policy."""
    asked = {
        "user_Bob_own": ("s3:PutObject", "arn:aws:s3:::bucket/Bob/1"),
        "AmazonS3ReadOnlyAccess": ("s3:GetObject", OBJECT),
        "Lists": ("sqs:ListQueues", OBJECT),
        "group_Keepers_keep": ("s3:DeleteObject", OBJECT),
    }
    found = []
    for action, resource in asked.values():
        [result] = principal(world, BOB, action, ResourceArns=[resource], PolicyExclusionList=[identifier])
        found += [each["SourcePolicyId"] for each in result["MatchedStatements"]]
    assert found == left


def test_a_boundary_can_be_left_out_and_what_is_sent_stays(world: World) -> None:
    [result] = principal(
        world,
        READER,
        "s3:GetObject",
        PolicyExclusionList=[{"PolicyType": "permission-boundary"}, {"PolicyType": "inline"}],
        PolicyInputList=[ALLOW_ALL],
    )
    assert result["EvalDecision"] == "allowed"
    assert "PermissionsBoundaryDecisionDetail" not in result


@pytest.mark.parametrize(
    ("identifier", "refusal"),
    [
        ({}, "A policy identifier must specify exactly one of PolicyType, PolicyArn, or InlinePolicyIdentifier."),
        (
            {"PolicyType": "scp", "PolicyArn": READ_ONLY},
            "A policy identifier must specify exactly one of PolicyType, PolicyArn, or InlinePolicyIdentifier.",
        ),
        ({"PolicyArn": "arn:aws:iam::*:policy/everybody"}, "ARN arn:aws:iam::*:policy/everybody is not valid."),
        ({"PolicyArn": "arn:aws:s3:::policy/everybody"}, "ARN arn:aws:s3:::policy/everybody is not valid."),
        (
            {"PolicyArn": "arn:aws:iam::aws:policy/*Access*"},
            "The pattern policy/*Access* is not valid: it can have at most one *.",
        ),
        (inline("user", "B*b*", "own"), "The pattern B*b* is not valid: it can have at most one *."),
    ],
)
def test_an_identifier_of_a_policy_says_one_thing(world: World, identifier: Any, refusal: str) -> None:
    given = {"PolicySourceArn": BOB, "ActionNames": ["s3:GetObject"], "PolicyExclusionList": [identifier]}
    assert world.refusal(simulate_principal_policy, **given) == f"InvalidInput: {refusal}"


# What is refused, and pages -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"ActionNames": ["GetObject"]}, "The action is invalid since it is missing names"),
        ({"ResourceArns": ["bucket"]}, "ResourceNames are not in a valid ARN format: bucket."),
        ({"ResourceArns": [OBJECT, "*"]}, "ResourceNames are not in a valid ARN format: *."),
        ({"PolicyInputList": ["{"]}, "Syntax errors in policy."),
        ({"PermissionsBoundaryPolicyInputList": ["{"]}, "Syntax errors in policy."),
        (
            {"ResourceHandlingOption": "EC2-VPC-EBS"},
            "Invalid input resource handling options. Action does not support resource handling options: s3:GetObject.",
        ),
        (
            {"ResourceHandlingOption": "EC2-Moon", "ActionNames": ["ec2:RunInstances"]},
            "Invalid input resource handling options. Action does not support resource handling options: "
            "ec2:RunInstances.",
        ),
        (
            {"ResourceArns": [OBJECT] * 1000, "PolicyInputList": [document(*([allow("s3:*")] * 1000))] * 6},
            "The simulation has too many resources for the size of its policies.",
        ),
        (  # more matching statements than anybody reads
            {"ResourceArns": [OBJECT] * 51, "PolicyInputList": [document(*([allow("s3:*")] * 1000))]},
            "The simulation has too many resources for the size of its policies.",
        ),
        (  # patterns that are each held against many values
            {
                "PolicyInputList": [
                    document(allow("s3:*", Condition={"ForAnyValue:StringLike": {"app:k": ["*a?b*c"] * 5000}}))
                ],
                "ContextEntries": [entry("app:k", "stringList", *["a" * 1000] * 200)],
            },
            "The simulation has too many resources for the size of its policies.",
        ),
        (  # which variables of a policy would repeat
            {"ContextEntries": [entry("app:key", "stringList", "a", "a" * 4097)]},
            "Invalid context value for key app:key: expected at most 4096 characters.",
        ),
    ],
)
def test_an_input_that_makes_no_sense_is_refused(world: World, given: Any, refusal: str) -> None:
    assert refused(world, **given) == f"InvalidInput: {refusal}"


def test_a_scenario_of_ec2_can_be_named(world: World) -> None:
    [result] = custom(world, ALLOW_ALL, actions=("ec2:RunInstances",), ResourceHandlingOption="EC2-VPC-EBS-Subnet")
    assert result["EvalDecision"] == "allowed"


def test_pages_count_actions_and_keep_their_order(world: World) -> None:
    actions = [f"s3:Get{number}" for number in (3, 1, 2, 1)]
    given = {"PolicyInputList": [ALLOW_ALL], "ActionNames": actions, "MaxItems": 3}
    first = world.run(simulate_custom_policy, **given)
    assert first["IsTruncated"] is True
    second = world.run(simulate_custom_policy, **given, Marker=first["Marker"])
    assert "Marker" not in second
    assert second["IsTruncated"] is False
    assert [len(page["EvaluationResults"]) for page in (first, second)] == [3, 1]
    results = [*first["EvaluationResults"], *second["EvaluationResults"]]
    assert [each["EvalActionName"] for each in results] == actions
    assert world.refusal(
        simulate_principal_policy, PolicySourceArn=BOB, ActionNames=actions, Marker=first["Marker"]
    ) == ("ValidationError: Invalid Marker.")


def test_a_page_is_shorter_where_much_is_to_be_decided(world: World) -> None:
    resources = [f"arn:aws:s3:::bucket/{number}" for number in range(25)]
    text = document(*([allow("s3:*")] * 499))
    actions = [f"s3:Get{number}" for number in range(9)]
    given = {"PolicyInputList": [text], "ActionNames": actions, "ResourceArns": resources}
    answer = world.run(simulate_custom_policy, **given)
    assert [each["EvalActionName"] for each in answer["EvaluationResults"]] == actions[:4]
    assert answer["IsTruncated"] is True
    rest = world.run(simulate_custom_policy, **given, Marker=answer["Marker"])
    assert [each["EvalActionName"] for each in rest["EvaluationResults"]] == actions[4:8]
