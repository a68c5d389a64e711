"""The access advisor: what policies grant, to whom, and when it was last asked for."""

import json
import re
from typing import Any

import pytest

from iamd.account.directory import Directory
from iamd.account.records import AccessReport, Group, ManagedPolicy, PolicyVersion, Role, ServiceAccess, User
from iamd.iam.access_advisor import (
    KEPT,
    PERIOD,
    generate_service_last_accessed_details,
    get_service_last_accessed_details,
    get_service_last_accessed_details_with_entities,
    list_policies_granting_service_access,
)
from iamd.iam.aws_managed import load_aws_managed_policies
from iamd.iam.granted_services import granted_actions, granted_services
from iamd.policy.catalog import find_service, service_names
from tests.iam.world import ACCOUNT_ID, CREATED, NOW, OTHER_ACCOUNT_ID, World

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
STS = f"arn:aws:iam::{ACCOUNT_ID}:policy/Sts"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
NO_JOB = "00000000-0000-4000-8000-000000000000"


def document(*actions: str, effect: str = "Allow", **more: Any) -> str:
    statement = {"Effect": effect, "Action": list(actions), "Resource": "*"} | more
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def world() -> World:
    """Bob and Alice in a group that may call SQS; a role and Alice with a policy for STS."""
    world = World(directory=Directory(load_aws_managed_policies()))
    version = PolicyVersion(id="v1", document=document("sts:*"), created=CREATED)
    world.put(
        ManagedPolicy(
            account_id=ACCOUNT_ID, name="Sts", id="ANPASTS", created=CREATED, updated=CREATED, versions=(version,)
        ),
        Group(
            account_id=ACCOUNT_ID,
            name="Queues",
            id="AGPAQUEUES",
            created=CREATED,
            inline_policies={"sqs": document("sqs:Send*", "sqs:Receive*")},
        ),
        User(
            account_id=ACCOUNT_ID,
            name="Bob",
            path="/division/",
            id="AIDABOB",
            created=CREATED,
            group_ids=("AGPAQUEUES",),
            inline_policies={"own": document("iam:GetUser", "iam:PassRole")},
        ),
        User(
            account_id=ACCOUNT_ID,
            name="Alice",
            id="AIDAALICE",
            created=CREATED,
            group_ids=("AGPAQUEUES",),
            attached_policies=(STS,),
        ),
        Role(
            account_id=ACCOUNT_ID,
            name="Reader",
            id="AROAREADER",
            created=CREATED,
            trust_policy="{}",
            attached_policies=(STS,),
        ),
    )
    return world


def arn(entity: str) -> str:
    return f"arn:aws:iam::{ACCOUNT_ID}:{entity}"


BOB = arn("user/division/Bob")


def asked(world: World, principal_id: str, service: str, saved: bool = True, **actions: int) -> None:
    """Given: a principal asked a service for actions at these times."""
    access = ServiceAccess(
        principal_id=principal_id,
        service=service,
        time=max(actions.values()),
        region="eu-west-1",
        actions={name: (time, "eu-west-1") for name, time in actions.items()},
    )
    if saved:
        world.put(access)
    else:
        world.account.unsaved_accesses[access.key] = access


def start(world: World, entity: str, **more: Any) -> str:
    job_id: str = world.run(generate_service_last_accessed_details, Arn=entity, **more)["JobId"]
    return job_id


def services(world: World, entity: str, **more: Any) -> list[dict[str, Any]]:
    """The services of a fresh job about the entity."""
    found: list[dict[str, Any]] = world.run(
        get_service_last_accessed_details, JobId=start(world, entity, **more), MaxItems=1000
    )["ServicesLastAccessed"]
    return found


def service(name: str, namespace: str, total: int = 0, **more: Any) -> dict[str, Any]:
    return {"ServiceName": name, "ServiceNamespace": namespace, "TotalAuthenticatedEntities": total, **more}


# What policies grant --------------------------------------------------------------------------------------------------


def test_an_administrator_is_granted_every_action_of_every_service() -> None:
    granted = granted_services((document("*"),))
    assert list(granted) == list(service_names())
    s3 = find_service("s3")
    assert s3 is not None
    assert granted["s3"] == tuple(sorted(action.name for action in s3.actions.values()))


@pytest.mark.parametrize(
    ("documents", "actions"),
    [
        ([document("iam:getuser", "IAM:PassRole")], {"iam": ("GetUser", "PassRole")}),
        ([document("sqs:SendM*")], {"sqs": ("SendMessage",)}),
        ([document("*:GetCallerId*")], {"sts": ("GetCallerIdentity",)}),
        ([document("iam:GetUser", Condition={"Bool": {"aws:SecureTransport": "true"}})], {"iam": ("GetUser",)}),
        ([document("iam:GetUser", Resource=BOB)], {"iam": ("GetUser",)}),
        ([document("iam:GetUser", "sqs:SendMessage"), document("sqs:*", effect="Deny")], {"iam": ("GetUser",)}),
        ([document("iam:GetUser"), document("iam:*", effect="Deny", Resource=BOB)], {"iam": ("GetUser",)}),
        (
            [document("iam:GetUser"), document("iam:*", effect="Deny", Condition={"Null": {"aws:username": "true"}})],
            {"iam": ("GetUser",)},
        ),
        ([document("iam:GetUser", Principal="*")], {}),
        ([document("iam:NoSuchAction", "nosuchservice:Get")], {}),
        ([], {}),
    ],
)
def test_an_action_is_granted_if_it_is_anywhere_and_never_denied_everywhere(
    documents: list[str], actions: dict[str, tuple[str, ...]]
) -> None:
    assert granted_services(tuple(documents)) == actions


def test_what_is_not_listed_is_granted_by_not_action() -> None:
    text = json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}}
    )
    assert service_names().keys() - granted_services((text,)).keys() == {"iam"}


def test_actions_of_other_services_are_looked_at_as_given() -> None:
    documents = (document("app:Do*"), document("app:DoNot", effect="Deny"))
    assert granted_actions(documents, "app", ["DoIt", "DoNot", "Other"]) == ("DoIt",)


# Jobs -----------------------------------------------------------------------------------------------------------------


def test_a_job_has_an_id_and_is_done_at_once(world: World) -> None:
    job_id = start(world, BOB)
    assert UUID.fullmatch(job_id)
    assert world.records()["access-report"] == {
        job_id: AccessReport(job_id=job_id, created=NOW, caller_id=ACCOUNT_ID, arn=BOB)
    }
    world.time += 60
    answer = world.run(get_service_last_accessed_details, JobId=job_id)
    del answer["ServicesLastAccessed"]
    assert answer == {
        "JobStatus": "COMPLETED",
        "JobType": "SERVICE_LEVEL",
        "JobCreationDate": NOW,
        "JobCompletionDate": NOW,
        "IsTruncated": False,
    }


def test_only_who_started_a_job_can_read_it(world: World) -> None:
    job_id = world.run(generate_service_last_accessed_details, world.role(session="one"), Arn=BOB)["JobId"]
    world.run(get_service_last_accessed_details, world.role(session="one"), JobId=job_id)
    for operation, more in (
        (get_service_last_accessed_details, {}),
        (get_service_last_accessed_details_with_entities, {"ServiceNamespace": "iam"}),
    ):
        for caller in (world.root, world.user("Bob"), world.role(session="two")):
            assert world.refusal(operation, caller, JobId=job_id, **more) == (
                f"NoSuchEntity: The job with id {job_id} cannot be found."
            )
        assert world.refusal(operation, JobId=NO_JOB, **more) == (
            f"NoSuchEntity: The job with id {NO_JOB} cannot be found."
        )


def test_a_job_can_be_read_for_a_week(world: World) -> None:
    job_id = start(world, BOB)
    world.time += KEPT - 1
    world.run(get_service_last_accessed_details, JobId=job_id)
    world.time += 1
    assert world.refusal(get_service_last_accessed_details, JobId=job_id) == (
        f"NoSuchEntity: The job with id {job_id} cannot be found."
    )


def test_old_jobs_go_when_there_are_many(world: World) -> None:
    for number in range(1000):
        world.put(AccessReport(job_id=f"old-{number}", created=NOW - KEPT - number, caller_id=ACCOUNT_ID, arn=BOB))
    start(world, BOB)
    assert len(world.account.access_reports) == 901
    for number in range(10_000):
        world.put(AccessReport(job_id=f"new-{number}", created=NOW, caller_id=ACCOUNT_ID, arn=BOB))
    world.time += 1
    for _ in range(12):
        start(world, BOB)
    assert len(world.account.access_reports) < 10_000


@pytest.mark.parametrize(
    ("entity", "refusal"),
    [
        (arn("user/nobody"), "NoSuchEntity: The user with name nobody cannot be found."),
        (arn("group/nobody"), "NoSuchEntity: The group with name nobody cannot be found."),
        (arn("role/nobody"), "NoSuchEntity: The role with name nobody cannot be found."),
        (arn("policy/none"), f"NoSuchEntity: Policy {arn('policy/none')} was not found."),
        (arn("root"), f"InvalidInput: ARN {arn('root')} is not valid."),
        (arn("server-certificate/site"), f"InvalidInput: ARN {arn('server-certificate/site')} is not valid."),
        ("arn:aws:s3:::a-long-bucket-name", "InvalidInput: ARN arn:aws:s3:::a-long-bucket-name is not valid."),
        (
            f"arn:aws:iam::{OTHER_ACCOUNT_ID}:user/Bob",
            f"InvalidInput: ARN arn:aws:iam::{OTHER_ACCOUNT_ID}:user/Bob is not valid.",
        ),
    ],
)
def test_a_job_is_about_an_entity_or_policy_of_the_account(world: World, entity: str, refusal: str) -> None:
    assert world.refusal(generate_service_last_accessed_details, Arn=entity) == refusal


def test_a_job_about_what_is_deleted_meanwhile_fails(world: World) -> None:
    job_id = start(world, BOB)
    world.account._tables["user"]._remove("bob")
    failed = {
        "JobStatus": "FAILED",
        "JobCreationDate": NOW,
        "JobCompletionDate": NOW,
        "IsTruncated": False,
        "Error": {"Code": "NoSuchEntity", "Message": "The user with name Bob cannot be found."},
    }
    assert world.run(get_service_last_accessed_details, JobId=job_id) == {
        **failed,
        "JobType": "SERVICE_LEVEL",
        "ServicesLastAccessed": [],
    }
    assert world.run(get_service_last_accessed_details_with_entities, JobId=job_id, ServiceNamespace="iam") == {
        **failed,
        "EntityDetailsList": [],
    }


# Services -------------------------------------------------------------------------------------------------------------


IAM = "AWS Identity and Access Management (IAM)"


def test_a_users_services_are_those_granted_used_or_not(world: World) -> None:
    asked(world, "AIDABOB", "iam", GetUser=NOW - 60, ListUsers=NOW - 30)
    asked(world, "AIDABOB", "s3", GetObject=NOW - 10)  # which nothing grants
    asked(world, "AIDAALICE", "sqs", SendMessage=NOW - 20)
    assert services(world, BOB) == [
        service(
            IAM,
            "iam",
            1,
            LastAuthenticated=NOW - 30,
            LastAuthenticatedEntity=BOB,
            LastAuthenticatedRegion="eu-west-1",
        ),
        service("Amazon SQS", "sqs"),
    ]


def test_a_groups_services_are_used_by_its_members(world: World) -> None:
    asked(world, "AIDABOB", "sqs", SendMessage=NOW - 60)
    asked(world, "AIDAALICE", "sqs", SendMessage=NOW - 20)
    assert services(world, arn("group/Queues")) == [
        service(
            "Amazon SQS",
            "sqs",
            2,
            LastAuthenticated=NOW - 20,
            LastAuthenticatedEntity=arn("user/Alice"),
            LastAuthenticatedRegion="eu-west-1",
        )
    ]


def test_a_policys_services_are_used_by_those_who_have_it(world: World) -> None:
    asked(world, "AROAREADER", "sts", AssumeRole=NOW - 20)
    asked(world, "AIDABOB", "sts", AssumeRole=NOW - 10)  # without the policy
    expected = service(
        "AWS Security Token Service",
        "sts",
        1,
        LastAuthenticated=NOW - 20,
        LastAuthenticatedEntity=arn("role/Reader"),
        LastAuthenticatedRegion="eu-west-1",
    )
    assert services(world, STS) == [expected]
    assert services(world, arn("role/Reader")) == [expected]
    assert [each["ServiceNamespace"] for each in services(world, ADMINISTRATOR)] == list(service_names())


def test_uses_count_for_four_hundred_days(world: World) -> None:
    asked(world, "AIDABOB", "sqs", SendMessage=NOW - PERIOD)
    assert services(world, BOB)[1]["TotalAuthenticatedEntities"] == 1
    world.time += 1
    assert services(world, BOB)[1] == service("Amazon SQS", "sqs")


def test_uses_that_are_not_saved_yet_count(world: World) -> None:
    asked(world, "AIDABOB", "sqs", SendMessage=NOW - 60)
    asked(world, "AIDABOB", "sqs", saved=False, ReceiveMessage=NOW - 20)
    [_, sqs] = services(world, BOB, Granularity="ACTION_LEVEL")
    assert sqs["LastAuthenticated"] == NOW - 20
    assert [each.get("LastAccessedTime") for each in sqs["TrackedActionsLastAccessed"]] == [NOW - 20, NOW - 60]


def test_actions_are_told_on_demand_except_those_nobody_asks_for(world: World) -> None:
    asked(world, "AIDABOB", "sqs", SendMessage=NOW - 60, CreateQueue=NOW - 10)
    iam, sqs = services(world, BOB, Granularity="ACTION_LEVEL")
    assert iam["TrackedActionsLastAccessed"] == [{"ActionName": "GetUser"}]  # PassRole is granted too
    assert sqs["LastAuthenticated"] == NOW - 10
    assert sqs["TrackedActionsLastAccessed"] == [
        {"ActionName": "ReceiveMessage"},
        {
            "ActionName": "SendMessage",
            "LastAccessedEntity": BOB,
            "LastAccessedTime": NOW - 60,
            "LastAccessedRegion": "eu-west-1",
        },
    ]


def test_a_service_that_aws_does_not_have_is_told_of_once_it_is_used(world: World) -> None:
    world.put(
        Role(
            account_id=ACCOUNT_ID,
            name="App",
            id="AROAAPP",
            created=CREATED,
            trust_policy="{}",
            inline_policies={"app": document("app:Do*")},
        )
    )
    assert services(world, arn("role/App")) == []
    asked(world, "AROAAPP", "app", DoIt=NOW - 5, Other=NOW - 10)
    [app] = services(world, arn("role/App"), Granularity="ACTION_LEVEL")
    assert (app["ServiceName"], app["LastAuthenticated"]) == ("app", NOW - 5)
    assert [each["ActionName"] for each in app["TrackedActionsLastAccessed"]] == ["DoIt"]


def test_services_come_in_pages(world: World) -> None:
    job_id = start(world, ADMINISTRATOR)
    names, marker = [], {}
    while True:
        page = world.run(get_service_last_accessed_details, JobId=job_id, MaxItems=200, **marker)
        names += [each["ServiceNamespace"] for each in page["ServicesLastAccessed"]]
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["Marker"]}
    assert names == list(service_names())


# Entities -------------------------------------------------------------------------------------------------------------


def entity(name: str, kind: str, unique_id: str, path: str = "/", **more: int) -> dict[str, Any]:
    info = {
        "Arn": arn(f"{kind.lower()}{path}{name}"),
        "Name": name,
        "Type": kind,
        "Id": unique_id,
        "Path": path,
    }
    return {"EntityInfo": info, **more}


def test_who_could_have_used_a_policy_comes_by_its_last_use(world: World) -> None:
    world.put(
        Group(account_id=ACCOUNT_ID, name="Guests", id="AGPAGUESTS", created=CREATED, attached_policies=(STS,)),
        User(account_id=ACCOUNT_ID, name="Guest", id="AIDAGUEST", created=CREATED, group_ids=("AGPAGUESTS",)),
    )
    asked(world, "AROAREADER", "sts", AssumeRole=NOW - 20)
    asked(world, "AIDAGUEST", "sts", GetCallerIdentity=NOW - 10)
    job_id = start(world, STS)
    answer = world.run(get_service_last_accessed_details_with_entities, JobId=job_id, ServiceNamespace="sts")
    assert answer == {
        "JobStatus": "COMPLETED",
        "JobCreationDate": NOW,
        "JobCompletionDate": NOW,
        "EntityDetailsList": [
            entity("Guest", "USER", "AIDAGUEST", LastAuthenticated=NOW - 10),
            entity("Reader", "ROLE", "AROAREADER", LastAuthenticated=NOW - 20),
            entity("Alice", "USER", "AIDAALICE"),
        ],
        "IsTruncated": False,
    }
    first = world.run(get_service_last_accessed_details_with_entities, JobId=job_id, ServiceNamespace="sts", MaxItems=2)
    rest = world.run(
        get_service_last_accessed_details_with_entities,
        JobId=job_id,
        ServiceNamespace="sts",
        Marker=first["Marker"],
    )
    assert [*first["EntityDetailsList"], *rest["EntityDetailsList"]] == answer["EntityDetailsList"]


def test_entities_of_groups_and_users(world: World) -> None:
    for name, expected in (
        (arn("group/Queues"), [entity("Alice", "USER", "AIDAALICE"), entity("Bob", "USER", "AIDABOB", "/division/")]),
        (BOB, [entity("Bob", "USER", "AIDABOB", "/division/")]),
    ):
        answer = world.run(
            get_service_last_accessed_details_with_entities, JobId=start(world, name), ServiceNamespace="sqs"
        )
        assert answer["EntityDetailsList"] == expected


def test_a_namespace_that_is_none_is_refused(world: World) -> None:
    assert (
        world.refusal(
            get_service_last_accessed_details_with_entities, JobId=start(world, BOB), ServiceNamespace="nosuchservice"
        )
        == "InvalidInput: The service namespace nosuchservice is not valid."
    )


# ListPoliciesGrantingServiceAccess ------------------------------------------------------------------------------------


def granting(world: World, entity: str, *namespaces: str, **more: Any) -> dict[str, Any]:
    return world.run(list_policies_granting_service_access, Arn=entity, ServiceNamespaces=list(namespaces), **more)


def test_policies_that_grant_a_service_are_told_with_their_owners(world: World) -> None:
    assert granting(world, BOB, "sqs", "iam", "s3", "sqs", "SQS", "nosuchservice") == {
        "PoliciesGrantingServiceAccess": [
            {
                "ServiceNamespace": "sqs",
                "Policies": [
                    {"PolicyName": "sqs", "PolicyType": "INLINE", "EntityType": "GROUP", "EntityName": "Queues"}
                ],
            },
            {
                "ServiceNamespace": "iam",
                "Policies": [{"PolicyName": "own", "PolicyType": "INLINE", "EntityType": "USER", "EntityName": "Bob"}],
            },
            {"ServiceNamespace": "s3", "Policies": []},
            {
                "ServiceNamespace": "SQS",
                "Policies": [
                    {"PolicyName": "sqs", "PolicyType": "INLINE", "EntityType": "GROUP", "EntityName": "Queues"}
                ],
            },
            {"ServiceNamespace": "nosuchservice", "Policies": []},
        ],
        "IsTruncated": False,
    }
    managed = [{"PolicyName": "Sts", "PolicyType": "MANAGED", "PolicyArn": STS}]
    [entry] = granting(world, arn("role/Reader"), "sts")["PoliciesGrantingServiceAccess"]
    assert entry == {"ServiceNamespace": "sts", "Policies": managed}


def test_neither_boundaries_nor_denies_count(world: World) -> None:
    world.put(
        User(
            account_id=ACCOUNT_ID,
            name="Eve",
            id="AIDAEVE",
            created=CREATED,
            inline_policies={"never": document("sts:*", effect="Deny")},
            permissions_boundary=STS,
        )
    )
    assert granting(world, arn("user/Eve"), "sts")["PoliciesGrantingServiceAccess"] == [
        {"ServiceNamespace": "sts", "Policies": []}
    ]


def test_many_services_come_in_pages(world: World) -> None:
    namespaces = list(service_names())[:150]
    first = granting(world, BOB, *namespaces)
    assert first["IsTruncated"] is True
    second = granting(world, BOB, *namespaces, Marker=first["Marker"])
    entries = [*first["PoliciesGrantingServiceAccess"], *second["PoliciesGrantingServiceAccess"]]
    assert [entry["ServiceNamespace"] for entry in entries] == namespaces


@pytest.mark.parametrize(
    ("entity", "refusal"),
    [
        (arn("user/nobody"), "NoSuchEntity: The user with name nobody cannot be found."),
        (STS, f"InvalidInput: ARN {STS} is not valid."),
        (arn("root"), f"InvalidInput: ARN {arn('root')} is not valid."),
    ],
)
def test_policies_are_listed_of_users_groups_and_roles(world: World, entity: str, refusal: str) -> None:
    assert world.refusal(list_policies_granting_service_access, Arn=entity, ServiceNamespaces=["iam"]) == refusal
