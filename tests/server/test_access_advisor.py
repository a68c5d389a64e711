"""The access advisor as boto3 sees it, fed by the requests of the test itself."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.server.process import ACCOUNT_ID, ServerProcess

BOB = f"arn:aws:iam::{ACCOUNT_ID}:user/Bob"
PATH = "o-a1b2c3d4e5/r-f6g7"
MEMBER = "444455556666"
TRUSTING = {"trusted_services": ["iam.amazonaws.com"]}


def bob_of(server: ServerProcess) -> tuple[Any, Any]:
    """Given a new user Bob who may do a little: the clients of root and of Bob."""
    root = server.client()
    root.create_user(UserName="Bob")
    statement = {"Effect": "Allow", "Action": ["iam:GetUser", "iam:ListGroups", "sts:Get*"], "Resource": BOB}
    policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
    root.put_user_policy(UserName="Bob", PolicyName="own", PolicyDocument=policy)
    key = root.create_access_key(UserName="Bob")["AccessKey"]
    return root, server.client(key_id=key["AccessKeyId"], secret=key["SecretAccessKey"])


def services(iam: Any) -> dict[str, Any]:
    """What a fresh job tells of Bob, by namespace."""
    job_id = iam.generate_service_last_accessed_details(Arn=BOB, Granularity="ACTION_LEVEL")["JobId"]
    answer = iam.get_service_last_accessed_details(JobId=job_id)
    assert (answer["JobStatus"], answer["JobType"]) == ("COMPLETED", "ACTION_LEVEL")
    return {service["ServiceNamespace"]: service for service in answer["ServicesLastAccessed"]}


def test_granted_and_denied_attempts_are_recorded_and_outlive_the_server(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        root, bob = bob_of(server)
        assert {name: each["TotalAuthenticatedEntities"] for name, each in services(root).items()} == {
            "iam": 0,
            "sts": 0,
        }
        bob.get_user()
        with pytest.raises(ClientError, match="AccessDenied"):
            bob.list_groups()
        used = services(root)
        server.stop()
    iam = used["iam"]
    assert (iam["TotalAuthenticatedEntities"], iam["LastAuthenticatedEntity"]) == (1, BOB)
    assert iam["LastAuthenticatedRegion"] == "us-east-1"
    accessed = {action["ActionName"] for action in iam["TrackedActionsLastAccessed"] if "LastAccessedTime" in action}
    assert accessed == {"GetUser", "ListGroups"}
    assert used["sts"]["TotalAuthenticatedEntities"] == 0
    with ServerProcess(tmp_path) as server:
        root = server.client()
        assert services(root) == used
        job_id = root.generate_service_last_accessed_details(Arn=BOB)["JobId"]
        details = root.get_service_last_accessed_details_with_entities(JobId=job_id, ServiceNamespace="iam")
        [entity] = details["EntityDetailsList"]
        assert (entity["EntityInfo"]["Arn"], entity["LastAuthenticated"]) == (BOB, iam["LastAuthenticated"])
        [entry] = root.list_policies_granting_service_access(Arn=BOB, ServiceNamespaces=["sts"])[
            "PoliciesGrantingServiceAccess"
        ]
        policy = {"PolicyName": "own", "PolicyType": "INLINE", "EntityType": "USER", "EntityName": "Bob"}
        assert entry == {"ServiceNamespace": "sts", "Policies": [policy]}


def test_who_may_not_ask_is_told_so(server: ServerProcess) -> None:
    _, bob = bob_of(server)
    job = {"JobId": "00000000-0000-4000-8000-000000000000"}
    for operation, resource, given in (
        ("GenerateServiceLastAccessedDetails", BOB, {"Arn": BOB}),
        ("GetServiceLastAccessedDetails", "*", job),
        ("GetServiceLastAccessedDetailsWithEntities", "*", job | {"ServiceNamespace": "iam"}),
        ("ListPoliciesGrantingServiceAccess", BOB, {"Arn": BOB, "ServiceNamespaces": ["iam"]}),
        (
            "GenerateOrganizationsAccessReport",
            f"arn:aws:iam::{ACCOUNT_ID}:access-report/{PATH}",
            {"EntityPath": PATH},
        ),
        ("GetOrganizationsAccessReport", "*", job),
    ):
        with pytest.raises(ClientError) as error:
            bob._make_api_call(operation, given)
        assert error.value.response["Error"]["Message"] == (
            f"User: {BOB} is not authorized to perform: iam:{operation} on resource: {resource} because no "
            f"identity-based policy allows the iam:{operation} action"
        )


def test_a_management_account_sees_what_its_members_used(tmp_path: Path) -> None:
    accounts = tmp_path / "accounts.json"
    key = {"root_secret_access_key": "a-secret-of-tests"}
    member = {"account_id": MEMBER, "management_account_id": ACCOUNT_ID, "root_access_key_id": "key_of_member", **key}
    manager = {"account_id": ACCOUNT_ID, "organization": TRUSTING, "root_access_key_id": "key_of_manager", **key}
    accounts.write_text(json.dumps([manager, member]))
    arguments = ("--accounts-file", str(accounts))
    with ServerProcess(tmp_path, *arguments, env={}) as server:
        by_member = server.client("iam", "key_of_member", "a-secret-of-tests")
        by_member.list_users()
        with pytest.raises(ClientError, match=f"The account {MEMBER} is not the management account"):
            by_member.generate_organizations_access_report(EntityPath=PATH)
        server.stop()
    with ServerProcess(tmp_path, *arguments, env={}) as server:
        iam = server.client("iam", "key_of_manager", "a-secret-of-tests")
        path = f"{iam.list_organizations_features()['OrganizationId']}/r-f6g7"
        job_id = iam.generate_organizations_access_report(EntityPath=path)["JobId"]
        report = iam.get_organizations_access_report(JobId=job_id, SortKey="LAST_AUTHENTICATED_TIME_DESCENDING")
    assert report["JobStatus"] == "COMPLETED"
    assert report["NumberOfServicesNotAccessed"] == report["NumberOfServicesAccessible"] - 1
    first = report["AccessDetails"][0]
    assert (first["ServiceNamespace"], first["EntityPath"]) == ("iam", f"{path}/{MEMBER}")
