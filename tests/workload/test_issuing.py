"""How the agent asks for sessions: with which credentials, and what it makes of refusals."""

from pathlib import Path

import pytest

from iamd.workload.credentials import RoleRequest
from iamd.workload.issuing import Issuer, NotIssued
from iamd.workload.sockets import listen
from tests.workload.conftest import Operator, session_arn

READER = RoleRequest(role="Reader")


@pytest.fixture
def credentials(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where the SDK finds credentials."""
    file = home / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    return file


def write(file: Path, key: dict[str, str]) -> None:
    file.write_text(
        f"[default]\naws_access_key_id = {key['AccessKeyId']}\naws_secret_access_key = {key['SecretAccessKey']}\n"
    )


def refusal(issuer: Issuer, request: RoleRequest = READER) -> NotIssued:
    with pytest.raises(NotIssued) as caught:
        issuer.issue(request)
    return caught.value


def test_a_key_that_was_replaced_is_read_again(operator: Operator, credentials: Path) -> None:
    issuer = Issuer(endpoint_url=operator.server.endpoint)
    old = operator.iam.create_access_key(UserName="operator")["AccessKey"]
    write(credentials, old)
    issued = issuer.issue(READER)
    assert issued.role_arn.endswith(":role/Reader")
    operator.iam.delete_access_key(UserName="operator", AccessKeyId=old["AccessKeyId"])
    write(credentials, operator.key)
    assert str(refusal(issuer)) == "InvalidClientTokenId: The security token included in the request is invalid."
    again = issuer.issue(READER)
    sts = operator.server.client(
        "sts", again.access_key_id, again.secret_access_key, aws_session_token=again.session_token
    )
    assert sts.get_caller_identity()["Arn"] == session_arn("Reader")


def test_what_the_server_refuses_is_not_asked_for_again_soon_and_what_is_out_of_reach_is(
    operator: Operator, credentials: Path
) -> None:
    write(credentials, operator.key)
    issuer = Issuer(endpoint_url=operator.server.endpoint)
    refused = refusal(issuer, RoleRequest(role="Missing"))
    assert (refused.refused, str(refused).partition(":")[0]) == (True, "AccessDenied")
    wrong = refusal(issuer, RoleRequest(role="Reader", session_name="a b"))
    assert (wrong.refused, str(wrong).partition(":")[0]) == (True, "ValidationError")
    profile = refusal(issuer, RoleRequest(instance_profile="missing"))
    assert (profile.refused, str(profile)) == (
        True,
        "NoSuchEntity: Instance Profile missing cannot be found.",
    )
    operator.iam.create_instance_profile(InstanceProfileName="empty")
    empty = refusal(issuer, RoleRequest(instance_profile="empty"))
    assert (empty.refused, str(empty)) == (True, "There is no role in the instance profile empty.")
    with listen("127.0.0.1:0") as nobody:
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    away = refusal(Issuer(endpoint_url=url))
    assert (away.refused, str(away)) == (False, f'Could not connect to the endpoint URL: "{url}/"')
