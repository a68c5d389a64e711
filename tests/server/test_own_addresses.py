"""What a server answers for itself under /_iamd/: health, metrics and, for tests, reset."""

import json

import pytest
from botocore.exceptions import ClientError

from iamd import __version__
from tests.server.process import ACCOUNT_ID, ServerProcess


def test_health_says_what_the_server_can_do(server: ServerProcess) -> None:
    status, body = server.ask("/_iamd/health")
    health = json.loads(body)
    assert status == 200
    assert health.pop("revision") >= 1
    assert health == {"status": "ready", "version": __version__}


def test_health_can_be_asked_without_its_body(server: ServerProcess) -> None:
    assert server.ask("/_iamd/health", "HEAD") == (200, "")


def test_the_revision_grows_with_each_change(server: ServerProcess) -> None:
    before = json.loads(server.ask("/_iamd/health")[1])["revision"]
    server.client().create_user(UserName="one-more")
    assert json.loads(server.ask("/_iamd/health")[1])["revision"] > before


def test_other_methods_are_refused(server: ServerProcess) -> None:
    assert server.ask("/_iamd/health", "POST") == (405, "Ask with GET.\n")
    assert server.ask("/_iamd/metrics", "DELETE") == (405, "Ask with GET.\n")


def test_a_server_that_is_not_for_tests_cannot_be_reset(server: ServerProcess) -> None:
    status, body = server.ask("/_iamd/reset", "POST")
    assert status == 404
    assert body == "There is /_iamd/health, /_iamd/metrics and, with iamd serve --dev, POST /_iamd/reset.\n"


def test_reset_goes_back_to_the_seeded_state(dev: ServerProcess) -> None:
    iam = dev.client()
    iam.create_user(UserName="alice")
    made = iam.create_access_key(UserName="alice")["AccessKey"]
    alice = dev.client("sts", made["AccessKeyId"], made["SecretAccessKey"])
    assert alice.get_caller_identity()["Account"] == ACCOUNT_ID
    assert dev.ask("/_iamd/reset", "POST") == (200, "Reset to the seeded state.\n")
    assert iam.list_users()["Users"] == []
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        alice.get_caller_identity()
    assert iam.create_user(UserName="alice")["User"]["UserName"] == "alice"


def test_a_web_page_cannot_reset(dev: ServerProcess) -> None:
    status, _ = dev.ask("/_iamd/reset", "POST", origin="http://example.com")
    assert status == 403
    assert dev.ask("/_iamd/reset") == (405, "Reset with POST.\n")


def test_a_server_for_tests_writes_no_file(dev: ServerProcess) -> None:
    assert not dev.data_dir.exists()
