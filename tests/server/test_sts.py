"""Temporary credentials end to end: made, used, limited and ended through boto3 and the AWS CLI."""

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from iamd.authentication.mfa import STEP_SECONDS, code_at
from tests.server.process import ACCOUNT_ID, SEEDS, ServerProcess
from tests.server.shell import Shell

OTHER_ACCOUNT_ID = "444455556666"
OTHER_ROOT = ("AKIAI44QH8DHBEXAMPLE", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with two accounts."""
    home = tmp_path_factory.mktemp("server")
    key_id, secret = OTHER_ROOT
    other = {"account_id": OTHER_ACCOUNT_ID, "root_access_key_id": key_id, "root_secret_access_key": secret}
    (home / "accounts.json").write_text(json.dumps([other]))
    with ServerProcess(home, env=SEEDS | {"IAMD_ACCOUNTS_FILE": str(home / "accounts.json")}) as process:
        yield process


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]})


def allow(*actions: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Action": list(actions), "Resource": resource, **more}


def trust(principal: Any, *actions: str, **more: Any) -> str:
    return document({"Principal": principal, "Action": ["sts:AssumeRole", *actions], **more})


def aws(*arns: str) -> dict[str, list[str]]:
    return {"AWS": list(arns)}


def role_arn(name: str, account_id: str = ACCOUNT_ID) -> str:
    return f"arn:aws:iam::{account_id}:role/{name}"


def refusal(call: Any, **input: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**input)
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


class Signed:
    """Clients of one credential."""

    def __init__(self, server: ServerProcess, key_id: str, secret: str, token: str | None = None) -> None:
        self._server = server
        self.credential = (key_id, secret, token)
        self.iam = server.client("iam", key_id, secret, aws_session_token=token)
        self.sts = server.client("sts", key_id, secret, aws_session_token=token)

    @classmethod
    def of(cls, server: ServerProcess, credentials: dict[str, Any]) -> "Signed":
        """Signs with the ``Credentials`` of an answer of STS."""
        return cls(server, credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])

    def assume(self, name: str, session: str = "session", account_id: str = ACCOUNT_ID, **more: Any) -> "Signed":
        answer = self.sts.assume_role(RoleArn=role_arn(name, account_id), RoleSessionName=session, **more)
        return Signed.of(self._server, answer["Credentials"])

    @property
    def arn(self) -> str:
        return self.sts.get_caller_identity()["Arn"]


@pytest.fixture(scope="module")
def root(server: ServerProcess) -> Signed:
    return Signed(server, SEEDS["IAMD_ROOT_ACCESS_KEY_ID"], SEEDS["IAMD_ROOT_SECRET_ACCESS_KEY"])


@pytest.fixture(scope="module")
def other_root(server: ServerProcess) -> Signed:
    return Signed(server, *OTHER_ROOT)


def new_user(server: ServerProcess, root: Signed, name: str, *statements: dict[str, Any]) -> Signed:
    root.iam.create_user(UserName=name)
    if statements:
        root.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(*statements))
    key = root.iam.create_access_key(UserName=name)["AccessKey"]
    return Signed(server, key["AccessKeyId"], key["SecretAccessKey"])


def new_role(root: Signed, name: str, trust_policy: str, *statements: dict[str, Any], **more: Any) -> str:
    arn = root.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_policy, **more)["Role"]["Arn"]
    if statements:
        root.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(*statements))
    return str(arn)


def user_arn(name: str, account_id: str = ACCOUNT_ID) -> str:
    return f"arn:aws:iam::{account_id}:user/{name}"


def test_the_permissions_of_a_role_for_a_user_without_any(server: ServerProcess, root: Signed) -> None:
    alice = new_user(server, root, "alice")
    new_role(root, "Reader", trust(aws(user_arn("alice"))), allow("iam:GetUser", "iam:GetRole"), Path="/team/")
    answer = alice.sts.assume_role(RoleArn=role_arn("team/Reader"), RoleSessionName="morning")
    session = Signed.of(server, answer["Credentials"])
    role_id = root.iam.get_role(RoleName="Reader")["Role"]["RoleId"]
    assert answer["AssumedRoleUser"] == {
        "AssumedRoleId": f"{role_id}:morning",
        "Arn": f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Reader/morning",
    }
    assert "PackedPolicySize" not in answer
    assert "SourceIdentity" not in answer
    identity = session.sts.get_caller_identity()
    assert {name: identity[name] for name in ("UserId", "Account", "Arn")} == {
        "UserId": f"{role_id}:morning",
        "Account": ACCOUNT_ID,
        "Arn": f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Reader/morning",
    }
    assert session.iam.get_user(UserName="alice")["User"]["UserName"] == "alice"
    assert refusal(session.iam.delete_user, UserName="alice") == (
        f"AccessDenied: User: arn:aws:sts::{ACCOUNT_ID}:assumed-role/Reader/morning is not authorized to perform: "
        "iam:DeleteUser on resource: user alice because no identity-based policy allows the iam:DeleteUser action"
    )
    assert refusal(alice.iam.get_user, UserName="alice").startswith("AccessDenied")
    assert session.iam.get_role(RoleName="Reader")["Role"]["RoleLastUsed"]["Region"] == "us-east-1"


def test_missing_untrusting_and_forbidden_roles_look_alike(server: ServerProcess, root: Signed) -> None:
    new_role(root, "ForNobody", trust({"Service": "ec2.amazonaws.com"}))
    new_role(root, "ForTheAccount", trust(aws(ACCOUNT_ID)))
    mallory = new_user(server, root, "mallory")
    for name in ("ForNobody", "ForTheAccount", "Missing"):
        assert refusal(mallory.sts.assume_role, RoleArn=role_arn(name), RoleSessionName="xx") == (
            f"AccessDenied: User: {user_arn('mallory')} is not authorized to perform: sts:AssumeRole "
            f"on resource: {role_arn(name)}"
        )
    assert refusal(mallory.sts.assume_role, RoleArn="arn:aws:iam::role/x-and-more", RoleSessionName="xx") == (
        "ValidationError: arn:aws:iam::role/x-and-more is invalid"
    )


def test_root_assumes_no_role(root: Signed) -> None:
    new_role(root, "ForRoot", trust(aws(ACCOUNT_ID)))
    assert refusal(root.sts.assume_role, RoleArn=role_arn("ForRoot"), RoleSessionName="xx") == (
        "AccessDenied: Roles may not be assumed by root accounts."
    )


def test_a_thousand_sessions_take_no_storage(server: ServerProcess, root: Signed) -> None:
    worker = new_user(server, root, "worker")
    new_role(root, "Busy", trust(aws(user_arn("worker"))))
    status, before = server.ask("/_iamd/health")
    assert status == 200
    sessions = [worker.assume("Busy", f"session-{number}") for number in (1, 2)]
    for _ in range(1_000):
        worker.sts.assume_role(RoleArn=role_arn("Busy"), RoleSessionName="many")
    assert [session.arn.rpartition("/")[2] for session in sessions] == ["session-1", "session-2"]
    commits = json.loads(server.ask("/_iamd/health")[1])["revision"] - json.loads(before)["revision"]
    assert commits < 100  # none of the sessions; when the user and role were last used is saved twice a minute


def test_a_role_of_another_account(server: ServerProcess, root: Signed, other_root: Signed) -> None:
    new_role(other_root, "Partner", trust(aws(ACCOUNT_ID), Condition={"StringEquals": {"sts:ExternalId": "unique-7"}}))
    partner = role_arn("Partner", OTHER_ACCOUNT_ID)
    powerless = new_user(server, root, "powerless")
    trusted = new_user(server, root, "trusted", allow("sts:AssumeRole", resource=partner))
    denied = f"is not authorized to perform: sts:AssumeRole on resource: {partner}"
    assume = {"RoleArn": partner, "RoleSessionName": "work", "ExternalId": "unique-7"}
    assert refusal(powerless.sts.assume_role, **assume) == f"AccessDenied: User: {user_arn('powerless')} {denied}"
    assert refusal(trusted.sts.assume_role, **assume | {"ExternalId": "unique-8"}) == (
        f"AccessDenied: User: {user_arn('trusted')} {denied}"
    )
    session = Signed.of(server, trusted.sts.assume_role(**assume)["Credentials"])
    assert session.arn == f"arn:aws:sts::{OTHER_ACCOUNT_ID}:assumed-role/Partner/work"
    key_id, _, _ = session.credential
    assert root.sts.get_access_key_info(AccessKeyId=key_id)["Account"] == OTHER_ACCOUNT_ID
    other_root.iam.put_role_policy(RoleName="Partner", PolicyName="p", PolicyDocument=document(allow("iam:ListRoles")))
    assert [role["RoleName"] for role in session.iam.list_roles()["Roles"]] == ["Partner"]


def test_a_chain_of_roles_hands_on_transitive_tags_and_the_source_identity(server: ServerProcess, root: Signed) -> None:
    carrier = new_user(server, root, "carrier")
    also = ("sts:TagSession", "sts:SetSourceIdentity")
    first = new_role(root, "First", trust(aws(user_arn("carrier")), *also))
    second = new_role(root, "Second", trust(aws(first), *also))
    blue = {"StringEquals": {"aws:PrincipalTag/Team": "blue", "aws:SourceIdentity": "carrier"}}
    new_role(root, "Third", trust(aws(second), *also, Condition=blue), allow("iam:ListRoles", Condition=blue))
    tags = {"Tags": [{"Key": "Team", "Value": "blue"}, {"Key": "Cost", "Value": "7"}], "TransitiveTagKeys": ["Team"]}
    answer = carrier.sts.assume_role(
        RoleArn=first, RoleSessionName="one", DurationSeconds=900, SourceIdentity="carrier", **tags
    )
    assert answer["SourceIdentity"] == "carrier"
    assert answer["PackedPolicySize"] == 2
    third = Signed.of(server, answer["Credentials"]).assume("Second", "two").assume("Third", "three")
    assert third.arn == f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Third/three"
    assert third.iam.list_roles()["Roles"]
    untagged = carrier.assume("First", SourceIdentity="carrier").assume("Second")
    assert refusal(untagged.sts.assume_role, RoleArn=role_arn("Third"), RoleSessionName="xx").endswith(
        f"is not authorized to perform: sts:AssumeRole on resource: {role_arn('Third')}"
    )


def test_session_policies_limit_a_session_and_denials_name_them(server: ServerProcess, root: Signed) -> None:
    limited = new_user(server, root, "limited")
    new_role(root, "Powerful", trust(aws(user_arn("limited"))), allow("iam:*"))
    arn = root.iam.create_policy(PolicyName="Roles", PolicyDocument=document(allow("iam:ListRoles")))["Policy"]["Arn"]
    inline = document(allow("iam:ListUsers"))
    session = limited.assume("Powerful", Policy=inline, PolicyArns=[{"arn": arn}])
    assert session.iam.list_users()["Users"]
    assert session.iam.list_roles()["Roles"]
    assert refusal(session.iam.list_groups) == (
        f"AccessDenied: User: arn:aws:sts::{ACCOUNT_ID}:assumed-role/Powerful/session is not authorized to perform: "
        f"iam:ListGroups on resource: arn:aws:iam::{ACCOUNT_ID}:group/ "
        "because no session policy allows the iam:ListGroups action"
    )


def test_a_session_ends_with_its_role_and_does_not_come_back(server: ServerProcess, root: Signed) -> None:
    leaver = new_user(server, root, "leaver")
    trust_policy = trust(aws(user_arn("leaver")))
    new_role(root, "Fleeting", trust_policy)
    session = leaver.assume("Fleeting")
    assert session.arn
    root.iam.delete_role(RoleName="Fleeting")
    invalid = "InvalidClientTokenId: The security token included in the request is invalid."
    assert refusal(session.sts.get_caller_identity) == invalid
    new_role(root, "Fleeting", trust_policy)
    assert refusal(session.sts.get_caller_identity) == invalid
    assert leaver.assume("Fleeting").arn


def test_sessions_are_revoked_by_a_deny_under_their_time_of_issue(server: ServerProcess, root: Signed) -> None:
    thief = new_user(server, root, "thief")
    new_role(root, "Revoked", trust(aws(user_arn("thief"))), allow("iam:ListRoles"))
    session = thief.assume("Revoked")
    assert session.iam.list_roles()["Roles"]
    older = {"DateLessThan": {"aws:TokenIssueTime": "2100-01-01T00:00:00Z"}}
    deny = document({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": older})
    root.iam.put_role_policy(RoleName="Revoked", PolicyName="AWSRevokeOlderSessions", PolicyDocument=deny)
    assert "with an explicit deny in an identity-based policy" in refusal(session.iam.list_roles)


def test_a_changed_token_or_another_secret_is_refused(server: ServerProcess, root: Signed) -> None:
    forger = new_user(server, root, "forger")
    new_role(root, "Forged", trust(aws(user_arn("forger"))))
    key_id, secret, token = forger.assume("Forged").credential
    invalid = "InvalidClientTokenId: The security token included in the request is invalid."
    for changed in (token[:-8] + "AAAAAAA=", token[:40] + ("B" if token[40] != "B" else "C") + token[41:], None):
        assert refusal(Signed(server, key_id, secret, changed).sts.get_caller_identity) == invalid
    _, other_secret, other_token = forger.assume("Forged").credential
    assert refusal(Signed(server, key_id, secret, other_token).sts.get_caller_identity) == invalid
    mixed = Signed(server, key_id, other_secret, token)
    assert refusal(mixed.sts.get_caller_identity).startswith("SignatureDoesNotMatch")


def test_a_presigned_proof_of_identity_by_a_role(server: ServerProcess, root: Signed) -> None:
    pod = new_user(server, root, "pod")
    new_role(root, "Pod", trust(aws(user_arn("pod"))))
    session = pod.assume("Pod", "i-1234567890abcdef0")
    url = session.sts.generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
    assert "X-Amz-Security-Token=" in url
    status, answer = server.ask(url.removeprefix(server.endpoint), Accept="application/json")
    assert status == 200, answer
    result = json.loads(answer)["GetCallerIdentityResponse"]["GetCallerIdentityResult"]
    assert result["Arn"] == f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Pod/i-1234567890abcdef0"


def test_session_and_federation_tokens(server: ServerProcess, root: Signed) -> None:
    broker = new_user(server, root, "broker", allow("sts:GetFederationToken", "iam:*"))
    session = Signed.of(server, broker.sts.get_session_token()["Credentials"])
    assert session.arn == user_arn("broker")
    assert refusal(session.iam.list_users) == (
        "InvalidClientTokenId: The security token included in the request is invalid"
    )
    answer = broker.sts.get_federation_token(Name="carol", Policy=document(allow("s3:*")))
    carol = Signed.of(server, answer["Credentials"])
    assert carol.arn == f"arn:aws:sts::{ACCOUNT_ID}:federated-user/carol"
    assert refusal(carol.sts.get_session_token) == (
        "AccessDenied: Cannot call GetSessionToken with federation credentials"
    )


def test_the_log_tells_which_credentials_were_issued_to_whom(server: ServerProcess, root: Signed) -> None:
    logged = new_user(server, root, "logged")
    new_role(root, "Logged", trust(aws(user_arn("logged"))))
    key_id, secret, token = logged.assume("Logged", "audit").credential
    lines = [json.loads(line) for line in server.log().splitlines()]
    line = next(line for line in lines if line.get("issued_access_key_id") == key_id)
    assert line["principal"] == user_arn("logged")
    assert line["issued_to"] == f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Logged/audit"
    assert secret not in server.log()
    assert token not in server.log()


def test_a_code_of_an_mfa_device_opens_a_role_once(server: ServerProcess, root: Signed) -> None:
    holder = new_user(server, root, "holder")
    fresh = {"Bool": {"aws:MultiFactorAuthPresent": "true"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "60"}}
    new_role(root, "BreakGlass", trust(aws(user_arn("holder")), Condition=fresh))
    device = root.iam.create_virtual_mfa_device(VirtualMFADeviceName="holder")["VirtualMFADevice"]
    seed = base64.b32decode(device["Base32StringSeed"])
    step = int(time.time()) // STEP_SECONDS
    root.iam.enable_mfa_device(
        UserName="holder",
        SerialNumber=device["SerialNumber"],
        AuthenticationCode1=code_at(seed, step - 1),
        AuthenticationCode2=code_at(seed, step),
    )
    assume = {"RoleArn": role_arn("BreakGlass"), "RoleSessionName": "emergency"}
    denied = (
        f"AccessDenied: User: {user_arn('holder')} is not authorized to perform: sts:AssumeRole "
        f"on resource: {role_arn('BreakGlass')}"
    )
    assert refusal(holder.sts.assume_role, **assume) == denied
    proof = {"SerialNumber": device["SerialNumber"], "TokenCode": code_at(seed, step + 1)}
    session = Signed.of(server, holder.sts.assume_role(**assume, **proof)["Credentials"])
    assert session.arn == f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/BreakGlass/emergency"
    assert refusal(holder.sts.assume_role, **assume, **proof) == (
        "AccessDenied: MultiFactorAuthentication failed with invalid MFA one time pass code. "
    )
    assert refusal(holder.sts.assume_role, **assume, SerialNumber=device["SerialNumber"]) == (
        "AccessDenied: MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
    )
    unknown = {"SerialNumber": f"arn:aws:iam::{ACCOUNT_ID}:mfa/unknown", "TokenCode": "123456"}
    not_associated = (
        "AccessDenied: MultiFactorAuthentication failed, unable to validate MFA code.  "
        "Please verify your MFA serial number is valid and associated with this user."
    )
    assert refusal(holder.sts.assume_role, **assume, **unknown) == not_associated
    assert refusal(session.sts.assume_role, **assume, **proof) == not_associated


def test_profiles_of_the_aws_cli_assume_roles_by_themselves(
    server: ServerProcess, root: Signed, other_root: Signed, tmp_path: Path
) -> None:
    hub, far = role_arn("Hub"), role_arn("Far", OTHER_ACCOUNT_ID)
    operator = new_user(server, root, "operator")
    new_role(root, "Hub", trust(aws(user_arn("operator"))), allow("sts:AssumeRole", resource=far))
    new_role(other_root, "Far", trust(aws(hub)), allow("iam:ListRoles"))
    key_id, secret, _ = operator.credential
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        f"[operator]\naws_access_key_id = {key_id}\naws_secret_access_key = {secret}\n"
    )
    (tmp_path / ".aws" / "config").write_text(
        f"[profile hub]\nrole_arn = {hub}\nsource_profile = operator\n"
        f"[profile far]\nrole_arn = {far}\nsource_profile = hub\nrole_session_name = night\nduration_seconds = 900\n"
    )
    shell = Shell(tmp_path, AWS_DEFAULT_REGION="us-east-1", AWS_ENDPOINT_URL=server.endpoint)
    identity = shell.succeed("aws sts get-caller-identity --profile far")
    assert identity["Arn"] == f"arn:aws:sts::{OTHER_ACCOUNT_ID}:assumed-role/Far/night"
    names = [role["RoleName"] for role in shell.succeed("aws iam list-roles --profile far")["Roles"]]
    assert "Far" in names
    assert shell.succeed("aws sts get-caller-identity --profile hub")["Arn"].startswith(
        f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Hub/botocore-session-"
    )


def test_a_user_of_another_account_is_trusted_by_who_it_is(
    server: ServerProcess, root: Signed, other_root: Signed
) -> None:
    """Its new name keeps the grant; who gets the old name later does not have it."""
    visitor = new_user(server, other_root, "visitor", allow("sts:AssumeRole"))
    new_role(root, "Open", trust(aws(user_arn("visitor", OTHER_ACCOUNT_ID))))
    other_root.iam.update_user(UserName="visitor", NewUserName="guest")
    assert visitor.assume("Open").arn.endswith(":assumed-role/Open/session")
    shown = root.iam.get_role(RoleName="Open")["Role"]["AssumeRolePolicyDocument"]
    assert shown["Statement"][0]["Principal"] == aws(user_arn("guest", OTHER_ACCOUNT_ID))
    impostor = new_user(server, other_root, "visitor", allow("sts:AssumeRole"))
    assert refusal(impostor.sts.assume_role, RoleArn=role_arn("Open"), RoleSessionName="session") == (
        f"AccessDenied: User: {impostor.arn} is not authorized to perform: sts:AssumeRole on resource: "
        f"{role_arn('Open')}"
    )
    missing = user_arn("nobody", OTHER_ACCOUNT_ID)
    assert (
        refusal(root.iam.create_role, RoleName="Closed", AssumeRolePolicyDocument=trust(aws(missing)))
        == f'MalformedPolicyDocument: Invalid principal in policy: "AWS":"{missing}"'
    )
