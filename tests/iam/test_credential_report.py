"""The credential report: when it is made, how long it is good, and what stands in its columns."""

import csv
import io

import pytest

from iamd.account.records import (
    AccessKey,
    CredentialReport,
    LastUsed,
    LoginProfile,
    MFADevice,
    PasswordPolicy,
    Settings,
    SigningCertificate,
    User,
)
from iamd.iam.credential_report import KEPT, generate_credential_report, get_credential_report
from tests.iam.world import ACCOUNT_ID, CREATED, NOW, World

HEADER = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,"
    "mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,"
    "access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,"
    "access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
    "cert_1_last_rotated,cert_2_active,cert_2_last_rotated"
)
NO_KEY = "false,N/A,N/A,N/A,N/A"
NO_CERTIFICATES = "false,N/A,false,N/A"
CREATION = "2023-11-14T22:13:20+00:00"


def report(world: World) -> str:
    """Given nothing newer, a fresh report's text."""
    world.run(generate_credential_report)
    answer = world.run(get_credential_report)
    assert (answer["ReportFormat"], answer["GeneratedTime"]) == ("text/csv", world.time)
    content: bytes = answer["Content"]
    return content.decode()


def row(world: World, user: str) -> dict[str, str]:
    """A user's row of a fresh report."""
    [found] = [each for each in csv.DictReader(io.StringIO(report(world))) if each["user"] == user]
    return found


def put_bob(world: World, name: str = "Bob") -> None:
    world.put(User(account_id=ACCOUNT_ID, name=name, path="/division/", id="AIDABOB", created=CREATED))


def put_key(world: World, key_id: str, owner_id: str = "AIDABOB", active: bool = True, created: int = CREATED) -> None:
    world.put(AccessKey(id=key_id, owner_id=owner_id, sealed_secret="sealed", created=created, active=active))


def put_certificate(world: World, certificate_id: str, active: bool, created: int) -> None:
    world.put(
        SigningCertificate(
            id=certificate_id, owner_id="AIDABOB", body="", fingerprint="", created=created, active=active
        )
    )


def put_password(world: World, changed: int = CREATED) -> None:
    world.put(LoginProfile(owner_id="AIDABOB", sealed_hash="", created=CREATED, changed=changed))


# When a report is made ------------------------------------------------------------------------------------------------


def test_without_a_report_there_is_none_to_get(world: World) -> None:
    assert world.refusal(get_credential_report) == "ReportNotPresent: None"


def test_a_report_is_made_once_in_four_hours(world: World) -> None:
    started = {"State": "STARTED", "Description": "No report exists. Starting a new report generation task"}
    assert world.run(generate_credential_report) == started
    first = world.run(get_credential_report)
    put_bob(world)
    world.time += KEPT - 1
    assert world.run(generate_credential_report) == {"State": "COMPLETE"}
    assert world.changes == []
    assert world.run(get_credential_report) == first
    world.time += 1
    assert world.refusal(get_credential_report) == "ReportExpired: None"
    assert world.run(generate_credential_report) == started
    assert len(world.account.table("credential-report")) == 1
    second = world.run(get_credential_report)
    assert second["GeneratedTime"] == NOW + KEPT
    assert b"Bob" in second["Content"]
    assert b"Bob" not in first["Content"]


def test_a_full_account_fits_into_one_value_of_a_store(world: World) -> None:
    for number in range(5000):
        user_id = f"AIDA{number:017}"
        world.put(
            User(account_id=ACCOUNT_ID, name=f"user-{number * 7919 % 5000}", id=user_id, created=CREATED + number)
        )
        for key_id in (f"AKIA{number:016}", f"AKIA{number + 5000:016}"):
            put_key(world, key_id, user_id, created=CREATED + number * 31)
            world.put(LastUsed(id=key_id, time=CREATED + number * 7919, service="iam", region="us-east-1"))
    assert report(world).count("\n") == 5001
    newest = world.account.credential_report
    assert isinstance(newest, CredentialReport)
    assert len(newest.content) < 400_000


# What stands in it ----------------------------------------------------------------------------------------------------


def test_an_empty_account_has_a_row_for_root(world: World) -> None:
    assert report(world).split("\n") == [
        HEADER,
        f"<root_account>,arn:aws:iam::{ACCOUNT_ID}:root,{CREATION},not_supported,no_information,not_supported,"
        f"not_supported,false,{NO_KEY},{NO_KEY},{NO_CERTIFICATES}",
    ]


def test_users_follow_by_name(world: World) -> None:
    for name in ("Zoe", "anna", "Bob"):
        world.put(User(account_id=ACCOUNT_ID, name=name, id=f"AIDA{name}", created=CREATED))
    lines = report(world).split("\n")[2:]
    assert lines == [
        f"{name},arn:aws:iam::{ACCOUNT_ID}:user/{name},{CREATION},false,N/A,N/A,N/A,false,{NO_KEY},{NO_KEY},"
        f"{NO_CERTIFICATES}"
        for name in ("anna", "Bob", "Zoe")
    ]


def test_what_root_has_is_told(world: World) -> None:
    put_key(world, "AKIAROOT", ACCOUNT_ID)
    world.put(LastUsed(id=ACCOUNT_ID, time=CREATED + 60, service="signin", region="us-east-1"))
    world.put(MFADevice(account_id=ACCOUNT_ID, name="phone", sealed_seed="", created=CREATED, owner_id=ACCOUNT_ID))
    root = row(world, "<root_account>")
    assert root["password_last_used"] == "2023-11-14T22:14:20+00:00"
    assert (root["mfa_active"], root["access_key_1_active"], root["access_key_1_last_rotated"]) == (
        "true",
        "true",
        CREATION,
    )


def test_a_comma_in_a_name_is_quoted(world: World) -> None:
    put_bob(world, "Bob,Jr")
    found = row(world, "Bob,Jr")
    assert found["arn"] == f"arn:aws:iam::{ACCOUNT_ID}:user/division/Bob,Jr"
    assert found["cert_2_last_rotated"] == "N/A"


@pytest.mark.parametrize(
    ("policy", "next_rotation"),
    [
        (None, "N/A"),
        (PasswordPolicy(), "N/A"),
        (PasswordPolicy(max_age=90), "2024-02-12T22:13:30+00:00"),
    ],
)
def test_a_password_tells_when_it_expires(world: World, policy: PasswordPolicy | None, next_rotation: str) -> None:
    put_bob(world)
    put_password(world, changed=CREATED + 10)
    world.put(Settings(account_id=ACCOUNT_ID, created=CREATED, password_policy=policy))
    found = row(world, "Bob")
    assert [found[f"password_{column}"] for column in ("enabled", "last_used", "last_changed", "next_rotation")] == [
        "true",
        "no_information",
        "2023-11-14T22:13:30+00:00",
        next_rotation,
    ]


def test_a_password_tells_when_it_was_used(world: World) -> None:
    put_bob(world)
    put_password(world)
    world.account.mark_used(LastUsed(id="AIDABOB", time=CREATED + 60, service="signin", region="us-east-1"))
    assert row(world, "Bob")["password_last_used"] == "2023-11-14T22:14:20+00:00"


def test_of_two_keys_the_active_one_comes_first(world: World) -> None:
    put_bob(world)
    put_key(world, "AKIAOLD", active=False)
    put_key(world, "AKIANEW", created=CREATED + 60)
    world.put(LastUsed(id="AKIANEW", time=CREATED + 120, service="sts", region="eu-west-1"))
    found = row(world, "Bob")
    columns = ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")
    assert [found[f"access_key_1_{column}"] for column in columns] == [
        "true",
        "2023-11-14T22:14:20+00:00",
        "2023-11-14T22:15:20+00:00",
        "eu-west-1",
        "sts",
    ]
    assert [found[f"access_key_2_{column}"] for column in columns] == ["false", CREATION, "N/A", "N/A", "N/A"]


def test_certificates_stand_likewise(world: World) -> None:
    put_bob(world)
    put_certificate(world, "OLD", False, CREATED)
    put_certificate(world, "NEW", True, CREATED + 60)
    found = row(world, "Bob")
    assert [found[f"cert_{column}"] for column in ("1_active", "1_last_rotated", "2_active", "2_last_rotated")] == [
        "true",
        "2023-11-14T22:14:20+00:00",
        "false",
        CREATION,
    ]
