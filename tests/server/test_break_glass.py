"""An emergency: who may do nothing takes on a role with a fresh MFA proof, and nobody misses it."""

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from iamd.authentication.mfa import STEP_SECONDS, code_at
from tests.cli.command import succeeded
from tests.server.process import ACCOUNT_ID, ServerProcess
from tests.server.receiver import Receiver
from tests.server.test_sts import Signed, allow, aws, new_role, new_user, refusal, trust, user_arn

TIMEOUT = 60.0  # seconds
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/emergency/BreakGlass"
SESSION = f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/BreakGlass/ticket-4711"
SHORT = f"arn:aws:iam::{ACCOUNT_ID}:role/emergency/VeryFresh"
DENIED = f"AccessDenied: User: {user_arn('helpdesk')} is not authorized to perform: sts:AssumeRole on resource: "


def fresh(seconds: int) -> dict[str, Any]:
    return {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "NumericLessThan": {"aws:MultiFactorAuthAge": str(seconds)},
    }


class Emergency:
    """A server with a user who may do nothing, its MFA device, and the roles for emergencies."""

    def __init__(self, home: Path, receiver: Receiver) -> None:
        webhook = {
            "name": "security",
            "url": receiver.url,
            "secret": "a-shared-secret-of-tests",
            "actions": ["sts:AssumeRole"],
            "resources": ["arn:aws:iam::*:role/emergency/*"],
        }
        file = home / "webhooks.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps({"webhooks": [webhook]}))
        self.receiver = receiver
        self.server = ServerProcess(home, "--webhooks", str(file))
        self.root = Signed(self.server, "root_of_tests", "a-secret-of-tests")
        self.helpdesk = new_user(self.server, self.root, "helpdesk")
        new_user(self.server, self.root, "locked-out")
        for arn, seconds in ((ROLE, 300), (SHORT, 2)):
            condition = fresh(seconds)
            new_role(
                self.root,
                arn.rpartition("/")[2],
                trust(aws(user_arn("helpdesk")), Condition=condition),
                allow("iam:CreateLoginProfile", "iam:ListUsers"),
                Path="/emergency/",
            )
        device = self.root.iam.create_virtual_mfa_device(VirtualMFADeviceName="helpdesk")["VirtualMFADevice"]
        self.serial_number = device["SerialNumber"]
        self._seed = base64.b32decode(device["Base32StringSeed"])
        self._step = int(time.time()) // STEP_SECONDS - 1
        self.root.iam.enable_mfa_device(
            UserName="helpdesk",
            SerialNumber=self.serial_number,
            AuthenticationCode1=self._code(),
            AuthenticationCode2=self._code(),
        )

    def _code(self) -> str:
        self._step += 1
        return code_at(self._seed, self._step - 1)

    def proof(self) -> dict[str, str]:
        """The next code of the device, waiting for its time if need be: a code is good once."""
        deadline = time.monotonic() + TIMEOUT
        while int(time.time()) // STEP_SECONDS < self._step - 1:  # a code of the step to come is taken, too
            assert time.monotonic() < deadline
            time.sleep(0.1)
        return {"SerialNumber": self.serial_number, "TokenCode": self._code()}

    def events(self, *arguments: str) -> list[dict[str, Any]]:
        """What an operator sees."""
        printed = succeeded(
            self.server.home, "events", "--data-dir", str(self.server.data_dir), "--output", "json", *arguments
        )
        return [json.loads(line) for line in printed.splitlines()]

    def uses(self) -> list[dict[str, Any]]:
        return self.events("--action", "sts:AssumeRole", "--resource", "*:role/emergency/*")


@pytest.fixture
def emergency(tmp_path: Path) -> Iterator[Emergency]:
    with Receiver() as receiver:
        given = Emergency(tmp_path, receiver)
        with given.server:
            yield given


def test_an_emergency(emergency: Emergency) -> None:
    helpdesk, assume = emergency.helpdesk, {"RoleArn": ROLE, "RoleSessionName": "ticket-4711"}

    # Without the emergency: nothing.
    assert refusal(helpdesk.iam.list_users).startswith("AccessDenied")
    # Without the device: nothing either, and no event, for nothing happened.
    assert refusal(helpdesk.sts.assume_role, **assume) == DENIED + ROLE
    assert emergency.uses() == []

    # With it: what the role may, as long as its session lasts.
    answer = helpdesk.sts.assume_role(**assume, **emergency.proof())
    session = Signed.of(emergency.server, answer["Credentials"])
    assert session.arn == SESSION
    session.iam.create_login_profile(UserName="locked-out", Password="A-fine-Passw0rd!", PasswordResetRequired=True)
    assert refusal(session.iam.delete_user, UserName="locked-out").startswith("AccessDenied")

    # It is on record, with who, when and what; and so is what was done with it.
    [use] = emergency.uses()
    assert use["userIdentity"]["arn"] == user_arn("helpdesk")
    assert use["requestParameters"] == {
        "roleArn": ROLE,
        "roleSessionName": "ticket-4711",
        "serialNumber": emergency.serial_number,
        "tokenCode": "HIDDEN_DUE_TO_SECURITY_REASONS",
    }
    assert use["resources"] == [{"accountId": ACCOUNT_ID, "type": "AWS::IAM::Role", "ARN": ROLE}]
    assert use["responseElements"]["credentials"]["accessKeyId"] == answer["Credentials"]["AccessKeyId"]
    assert use["responseElements"]["credentials"]["secretAccessKey"] == "HIDDEN_DUE_TO_SECURITY_REASONS"
    assert use["responseElements"]["credentials"]["sessionToken"] == "HIDDEN_DUE_TO_SECURITY_REASONS"
    [done] = emergency.events("--principal", SESSION)
    assert (done["eventName"], done["userIdentity"]["accessKeyId"]) == (
        "CreateLoginProfile",
        answer["Credentials"]["AccessKeyId"],
    )

    # And somebody was told.
    emergency.receiver.wait_for(1)
    assert [each.event for each in emergency.receiver.received] == [use]
    for secret in (answer["Credentials"]["SecretAccessKey"], answer["Credentials"]["SessionToken"]):
        assert secret.encode() not in emergency.receiver.received[0].body


def test_a_proof_is_good_while_it_is_fresh(emergency: Emergency) -> None:
    made = emergency.helpdesk.sts.get_session_token(**emergency.proof())
    helpdesk = Signed.of(emergency.server, made["Credentials"])
    session = helpdesk.sts.assume_role(RoleArn=ROLE, RoleSessionName="ticket-4711")
    assert Signed.of(emergency.server, session["Credentials"]).iam.list_users()["Users"]
    assert [use["userIdentity"]["sessionContext"]["attributes"]["mfaAuthenticated"] for use in emergency.uses()] == [
        "true"
    ]
    stale = {"RoleArn": SHORT, "RoleSessionName": "ticket-4711"}
    deadline = time.monotonic() + TIMEOUT
    while (refused := find_refusal(helpdesk.sts.assume_role, **stale)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert refused == DENIED + SHORT
    [made_event] = emergency.events("--action", "sts:GetSessionToken")
    assert made_event["userIdentity"]["userName"] == "helpdesk"


def find_refusal(call: Any, **input: Any) -> str | None:
    try:
        call(**input)
    except Exception as error:
        told = error.response["Error"]  # type: ignore[attr-defined]
        return f"{told['Code']}: {told['Message']}"
    return None
