"""Service-specific credentials: two for each service, their secret shown once, their name kept."""

import base64
from typing import Any

import msgspec
import pytest

from iamd.account.records import ServiceSpecificCredential
from iamd.iam.service_specific_credentials import (
    create_service_specific_credential,
    delete_service_specific_credential,
    list_service_specific_credentials,
    reset_service_specific_credential,
    update_service_specific_credential,
)
from iamd.iam.users import create_user, delete_user, update_user
from tests.iam.world import ACCOUNT_ID, CREATED, NOW, World

CODECOMMIT, BEDROCK = "codecommit.amazonaws.com", "bedrock.amazonaws.com"
ID = "ACCAEXAMPLE1EXAMPLE2X"

pytestmark = pytest.mark.usefixtures("bob_and_alice")


def create(world: World, user: str = "Bob", service: str = CODECOMMIT, **more: Any) -> dict[str, Any]:
    answer = world.run(create_service_specific_credential, UserName=user, ServiceName=service, **more)
    credential: dict[str, Any] = answer["ServiceSpecificCredential"]
    return credential


def listed(world: World, **input: Any) -> list[dict[str, Any]]:
    credentials: list[dict[str, Any]] = world.run(list_service_specific_credentials, **input)[
        "ServiceSpecificCredentials"
    ]
    return credentials


def test_a_password_for_a_service_is_shown_once(world: World) -> None:
    credential = create(world)
    shown = {
        "UserName": "Bob",
        "Status": "Active",
        "ServiceUserName": f"Bob-at-{ACCOUNT_ID}",
        "CreateDate": NOW,
        "ServiceSpecificCredentialId": credential["ServiceSpecificCredentialId"],
        "ServiceName": CODECOMMIT,
    }
    password = credential.pop("ServicePassword")
    assert credential == shown
    assert len(base64.b64decode(password, validate=True)) == 32
    assert shown["ServiceSpecificCredentialId"].startswith("ACCA")
    assert world.run(list_service_specific_credentials, UserName="Bob") == {
        "ServiceSpecificCredentials": [shown],
        "IsTruncated": False,
    }
    [change] = world.account.service_specific_credentials_of(world.account.get_user("Bob"))
    assert password.encode() not in msgspec.json.encode(change)
    assert world.sealer.unseal(change.sealed_secret, change.id).decode() == password


@pytest.mark.parametrize(("service", "prefix"), [(BEDROCK, "ABSK"), ("logs.amazonaws.com", "ACWL")])
def test_an_api_key_carries_its_alias_and_may_expire(world: World, service: str, prefix: str) -> None:
    credential = create(world, service=service, CredentialAgeDays=30)
    secret = credential.pop("ServiceCredentialSecret")
    assert credential == {
        "UserName": "Bob",
        "Status": "Active",
        "ServiceCredentialAlias": f"Bob-at-{ACCOUNT_ID}",
        "CreateDate": NOW,
        "ExpirationDate": NOW + 30 * 86_400,
        "ServiceSpecificCredentialId": credential["ServiceSpecificCredentialId"],
        "ServiceName": service,
    }
    assert secret.startswith(prefix)
    assert base64.b64decode(secret[4:]).startswith(f"Bob-at-{ACCOUNT_ID}:".encode())
    assert listed(world, UserName="Bob") == [credential]
    world.time = NOW + 30 * 86_400
    assert [each["Status"] for each in listed(world, UserName="Bob")] == ["Expired"]


def test_only_api_keys_expire(world: World) -> None:
    assert "ExpirationDate" not in create(world, service=BEDROCK)
    assert (
        world.refusal(create_service_specific_credential, UserName="Bob", ServiceName=CODECOMMIT, CredentialAgeDays=1)
        == f"ValidationError: CredentialAgeDays is not supported for service {CODECOMMIT}."
    )


def test_the_user_is_looked_at_before_the_service(world: World) -> None:
    assert world.refusal(create_service_specific_credential, UserName="Nobody", ServiceName="none") == (
        "NoSuchEntity: The user with name Nobody cannot be found."
    )
    for operation in (create_service_specific_credential, list_service_specific_credentials):
        assert world.refusal(operation, UserName="Bob", ServiceName="s3.amazonaws.com") == (
            "NoSuchEntity: No such service s3.amazonaws.com is supported for Service Specific Credentials"
        )


def test_a_user_has_two_for_each_service(world: World) -> None:
    assert [create(world)["ServiceUserName"] for _ in range(2)] == [
        f"Bob-at-{ACCOUNT_ID}",
        f"Bob+1-at-{ACCOUNT_ID}",
    ]
    assert world.refusal(create_service_specific_credential, UserName="Bob", ServiceName=CODECOMMIT) == (
        "LimitExceeded: Cannot exceed quota for ServiceSpecificCredentialsPerUser: 2"
    )
    create(world, service="cassandra.amazonaws.com")
    create(world, "Alice")


def test_a_credential_keeps_its_name_when_its_user_is_renamed_and_nobody_else_gets_it(world: World) -> None:
    create(world)
    world.run(update_user, UserName="Bob", NewUserName="Robert")
    [credential] = listed(world, UserName="Robert")
    assert (credential["UserName"], credential["ServiceUserName"]) == ("Robert", f"Bob-at-{ACCOUNT_ID}")
    world.run(create_user, UserName="Bob")
    assert create(world, "Bob")["ServiceUserName"] == f"Bob+1-at-{ACCOUNT_ID}"


def test_a_reset_changes_the_secret_alone(world: World) -> None:
    created = create(world)
    credential_id = created["ServiceSpecificCredentialId"]
    named = {"ServiceSpecificCredentialId": credential_id}
    bob = world.user("Bob")
    assert world.run(update_service_specific_credential, bob, **named, Status="Inactive") == {}
    world.time += 60
    reset = world.run(reset_service_specific_credential, bob, **named)["ServiceSpecificCredential"]
    assert reset.pop("ServicePassword") != created.pop("ServicePassword")
    assert reset == created | {"Status": "Inactive"}


def test_a_credential_is_found_only_under_its_user(world: World) -> None:
    world.put(
        ServiceSpecificCredential(
            id=ID, owner_id="AIDABOB", service=CODECOMMIT, name="Bob", sealed_secret="", created=CREATED
        )
    )
    not_found = f"NoSuchEntity: No such credential {ID} exists"
    named = {"UserName": "Alice", "ServiceSpecificCredentialId": ID}
    assert world.refusal(reset_service_specific_credential, **named) == not_found
    assert world.refusal(update_service_specific_credential, **named, Status="Active") == not_found
    assert world.refusal(delete_service_specific_credential, **named) == not_found
    for caller in (world.root, world.role()):
        assert world.refusal(delete_service_specific_credential, caller, ServiceSpecificCredentialId=ID) == (
            "ValidationError: Must specify userName when calling with non-User credentials"
        )
    assert world.refusal(delete_user, UserName="Bob") == (
        "DeleteConflict: Cannot delete entity, must remove referenced objects first."
    )
    assert world.run(delete_service_specific_credential, world.user("Bob"), ServiceSpecificCredentialId=ID) == {}
    world.run(delete_user, UserName="Bob")
    world.verify_indexes()


def test_all_users_credentials_are_listed_by_service_and_page_by_page(world: World) -> None:
    for user in ("Bob", "Alice"):
        for service in (CODECOMMIT, BEDROCK):
            create(world, user, service)
    assert {each["UserName"] for each in listed(world, AllUsers=True, ServiceName=BEDROCK)} == {"Bob", "Alice"}
    everything = listed(world, AllUsers=True)
    assert len(everything) == 4
    first = world.run(list_service_specific_credentials, AllUsers=True, MaxItems=3)
    assert first["IsTruncated"] is True
    rest = listed(world, AllUsers=True, Marker=first["Marker"])
    assert first["ServiceSpecificCredentials"] + rest == everything
    assert world.refusal(list_service_specific_credentials, AllUsers=True, UserName="Bob") == (
        "ValidationError: UserName and AllUsers cannot be specified together."
    )
    assert len(listed(world, UserName="Bob", ServiceName=BEDROCK, AllUsers=False)) == 1
