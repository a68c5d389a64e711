"""The access advisor for an organization: who may ask, for which part of it, and what is told."""

from typing import Any

import pytest

from iamd.account.organization import Organization
from iamd.iam.access_advisor import KEPT, PERIOD
from iamd.iam.organizations_access_report import generate_organizations_access_report, get_organizations_access_report
from iamd.policy.catalog import service_names
from tests.iam.world import ACCOUNT_ID, NOW, OTHER_ACCOUNT_ID, World

THIRD_ACCOUNT_ID = "444455556666"
ROOT = "o-a1b2c3d4e5/r-f6g7"
NO_JOB = "00000000-0000-4000-8000-000000000000"
IAM = "AWS Identity and Access Management (IAM)"


@pytest.fixture
def organization(world: World) -> Organization:
    """The account manages an organization with two members, which used IAM and S3."""
    organization = Organization(id="o-a1b2c3d4e5", management_account_id=ACCOUNT_ID)
    world.directory.organizations[organization.id] = organization
    for account_id in (ACCOUNT_ID, OTHER_ACCOUNT_ID, THIRD_ACCOUNT_ID):
        world.directory.organization_ids[account_id] = organization.id
    world.directory.service_uses |= {
        ACCOUNT_ID: {"sts": (NOW - 5, "us-east-1")},
        OTHER_ACCOUNT_ID: {"iam": (NOW - 20, "us-east-1"), "s3": (NOW - 30, "eu-west-1")},
        THIRD_ACCOUNT_ID: {"iam": (NOW - 10, "us-east-1")},
        "999999999999": {"ec2": (NOW, "us-east-1")},  # of no organization
    }
    return organization


def start(world: World, path: str = ROOT, **more: Any) -> str:
    job_id: str = world.run(generate_organizations_access_report, EntityPath=path, **more)["JobId"]
    return job_id


def report(world: World, path: str = ROOT, **more: Any) -> dict[str, Any]:
    return world.run(get_organizations_access_report, JobId=start(world, path), MaxItems=1000, **more)


def used(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [detail for detail in answer["AccessDetails"] if "LastAuthenticatedTime" in detail]


@pytest.mark.usefixtures("organization")
def test_the_roots_report_is_about_all_members_but_the_management_account(world: World) -> None:
    answer = report(world)
    details = answer.pop("AccessDetails")
    assert answer == {
        "JobStatus": "COMPLETED",
        "JobCreationDate": NOW,
        "JobCompletionDate": NOW,
        "NumberOfServicesAccessible": len(service_names()),
        "NumberOfServicesNotAccessed": len(service_names()) - 2,
        "IsTruncated": False,
    }
    assert [detail["ServiceNamespace"] for detail in details] == list(service_names())
    assert details[0] == {
        "ServiceName": "AWS App2Container",
        "ServiceNamespace": "a2c",
        "TotalAuthenticatedEntities": 0,
    }
    assert used({"AccessDetails": details}) == [
        {
            "ServiceName": IAM,
            "ServiceNamespace": "iam",
            "TotalAuthenticatedEntities": 2,
            "Region": "us-east-1",
            "EntityPath": f"{ROOT}/{THIRD_ACCOUNT_ID}",
            "LastAuthenticatedTime": NOW - 10,
        },
        {
            "ServiceName": "Amazon S3",
            "ServiceNamespace": "s3",
            "TotalAuthenticatedEntities": 1,
            "Region": "eu-west-1",
            "EntityPath": f"{ROOT}/{OTHER_ACCOUNT_ID}",
            "LastAuthenticatedTime": NOW - 30,
        },
    ]


@pytest.mark.usefixtures("organization")
def test_an_accounts_report_is_about_it_alone(world: World) -> None:
    for account_id, namespaces in (
        (ACCOUNT_ID, ["sts"]),
        (OTHER_ACCOUNT_ID, ["iam", "s3"]),
        (THIRD_ACCOUNT_ID, ["iam"]),
    ):
        details = used(report(world, f"{ROOT}/{account_id}"))
        assert [detail["ServiceNamespace"] for detail in details] == namespaces
        assert {detail["EntityPath"] for detail in details} == {f"{ROOT}/{account_id}"}


@pytest.mark.usefixtures("organization")
@pytest.mark.parametrize(
    "path",
    [
        "o-anotherone/r-f6g7",
        f"{ROOT}/ou-f6g7-11111111",
        f"{ROOT}/999999999999",
        f"{ROOT}/ou-f6g7-11111111/{OTHER_ACCOUNT_ID}",
    ],
)
def test_what_is_not_in_the_organization_has_no_report(world: World, path: str) -> None:
    assert report(world, path) == {
        "JobStatus": "FAILED",
        "JobCreationDate": NOW,
        "JobCompletionDate": NOW,
        "ErrorDetails": {
            "Code": "NoSuchEntity",
            "Message": f"The entity with path {path} cannot be found in the organization o-a1b2c3d4e5.",
        },
        "IsTruncated": False,
    }


@pytest.mark.usefixtures("organization")
@pytest.mark.parametrize(
    ("sort_key", "first"),
    [
        ("SERVICE_NAMESPACE_ASCENDING", "a2c"),
        ("SERVICE_NAMESPACE_DESCENDING", "xray"),
        ("LAST_AUTHENTICATED_TIME_ASCENDING", "a2c"),
        ("LAST_AUTHENTICATED_TIME_DESCENDING", "iam"),
    ],
)
def test_a_report_is_sorted_as_asked_and_comes_in_pages(world: World, sort_key: str, first: str) -> None:
    job_id = start(world)
    namespaces, times, marker = [], [], {}
    while True:
        page = world.run(get_organizations_access_report, JobId=job_id, SortKey=sort_key, MaxItems=150, **marker)
        namespaces += [detail["ServiceNamespace"] for detail in page["AccessDetails"]]
        times += [detail.get("LastAuthenticatedTime", 0) for detail in page["AccessDetails"]]
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["Marker"]}
    assert sorted(namespaces) == list(service_names())
    assert namespaces[0] == first
    values = times if "TIME" in sort_key else namespaces
    assert values == sorted(values, reverse="DESCENDING" in sort_key)


@pytest.mark.usefixtures("organization")
def test_uses_count_for_four_hundred_days(world: World) -> None:
    world.time += PERIOD - 15
    assert [detail["ServiceNamespace"] for detail in used(report(world))] == ["iam"]


@pytest.mark.usefixtures("organization")
def test_the_only_policy_that_there_is_can_be_named(world: World) -> None:
    start(world, OrganizationsPolicyId="p-FullAWSAccess")
    assert (
        world.refusal(generate_organizations_access_report, EntityPath=ROOT, OrganizationsPolicyId="p-examplepolicyid")
        == "NoSuchEntity: The service control policy p-examplepolicyid cannot be found."
    )


@pytest.mark.usefixtures("organization")
def test_a_job_can_be_read_for_a_week_by_the_account(world: World) -> None:
    job_id = start(world)
    assert world.run(get_organizations_access_report, world.role(), JobId=job_id)["JobStatus"] == "COMPLETED"
    not_found = "NoSuchEntity: The job with id {} cannot be found."
    assert world.refusal(get_organizations_access_report, JobId=NO_JOB) == not_found.format(NO_JOB)
    world.time += KEPT - 1
    assert world.run(get_organizations_access_report, JobId=job_id)["JobStatus"] == "COMPLETED"
    world.time += 1
    assert world.refusal(get_organizations_access_report, JobId=job_id) == not_found.format(job_id)


def test_only_a_management_account_gets_reports(world: World) -> None:
    refusal = f"AccessDenied: The account {ACCOUNT_ID} is not the management account of an organization."
    member = Organization(id="o-a1b2c3d4e5", management_account_id=OTHER_ACCOUNT_ID)
    for organizations in ({}, {member.id: member}):
        world.directory.organizations = dict(organizations)
        world.directory.organization_ids = dict.fromkeys([ACCOUNT_ID] if organizations else [], member.id)
        assert world.refusal(generate_organizations_access_report, EntityPath=ROOT) == refusal
        assert world.refusal(get_organizations_access_report, JobId=NO_JOB) == refusal
