"""Servers over one etcd: what one writes the others answer, and what is known is answered while etcd is away."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.etcd import Cluster, cluster, new_prefix, wait_until
from tests.server.process import SEEDS, ServerProcess
from tests.server.receiver import Receiver

TRUST = json.dumps(
    {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}]}
)
NO_ANSWER = "etcd cannot be reached: "


class Regions:
    """Servers with one master key and a prefix of their own in etcd."""

    def __init__(self, home: Path, etcd: Cluster) -> None:
        self.home = home
        self.etcd = etcd
        self.prefix = new_prefix()
        self.master_key = home / "master.key"

    def start(self, name: str, *arguments: str) -> ServerProcess:
        home = self.home / name
        home.mkdir(exist_ok=True)
        return ServerProcess(
            home,
            *("--store", self.etcd.url, "--store-prefix", self.prefix, "--region", name),
            *("--master-key-from", f"file:{self.master_key}"),
            *arguments,
            env=SEEDS,
        )


@pytest.fixture
def regions(tmp_path: Path, etcd: Cluster) -> Regions:
    return Regions(tmp_path, etcd)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Regions]:
    """Over an etcd of one member that the test may kill and start again."""
    with cluster(on_disk=tmp_path / "etcd") as etcd:
        yield Regions(tmp_path, etcd)


def health(server: ServerProcess) -> dict[str, Any]:
    return dict(json.loads(server.ask("/_iamd/health")[1]))


def user_names(server: ServerProcess) -> list[str]:
    return [user["UserName"] for user in server.client().list_users()["Users"]]


def revision_of(response: Any) -> str:
    return str(response["ResponseMetadata"]["HTTPHeaders"]["x-iamd-revision"])


def at_revision(client: Any, revision: str) -> Any:
    """The client, whose requests wait for the revision."""
    client.meta.events.register(
        "before-sign.*.*", lambda request, **_: request.headers.add_header("x-iamd-revision", revision)
    )
    return client


def test_a_write_in_one_region_is_answered_in_the_other_at_its_revision(regions: Regions) -> None:
    with regions.start("one") as one, regions.start("two") as two:
        for number, (writer, reader) in enumerate([(one, two), (two, one)] * 5):
            revision = revision_of(writer.client().create_user(UserName=f"user-{number}"))
            assert f"user-{number}" in user_names(writer)
            reading = at_revision(reader.client(), revision)
            assert reading.get_user(UserName=f"user-{number}")["User"]["UserName"] == f"user-{number}"
        one.stop()
        two.stop()


def test_an_access_key_made_in_one_region_signs_in_the_other_at_its_revision(regions: Regions) -> None:
    with regions.start("one") as one, regions.start("two") as two:
        one.client().create_user(UserName="alice")
        made = one.client().create_access_key(UserName="alice")
        key = made["AccessKey"]
        sts = at_revision(two.client("sts", key["AccessKeyId"], key["SecretAccessKey"]), revision_of(made))
        assert sts.get_caller_identity()["Arn"] == "arn:aws:iam::111122223333:user/alice"


def test_only_writes_tell_a_revision(regions: Regions) -> None:
    with regions.start("one") as one:
        assert int(revision_of(one.client().create_user(UserName="alice"))) == health(one)["revision"]
        assert "x-iamd-revision" not in one.client().list_users()["ResponseMetadata"]["HTTPHeaders"]


def test_a_revision_that_does_not_come_is_refused(regions: Regions) -> None:
    with regions.start("one") as one:
        known = health(one)["revision"]
        with pytest.raises(ClientError) as refusal:
            at_revision(one.client(), str(known + 1)).list_users()
        assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
        assert refusal.value.response["Error"]["Message"] == (
            f"Revision {known + 1} has not reached this server yet, which is at {known}. Try again."
        )
        with pytest.raises(ClientError) as refusal:
            at_revision(one.client(), "-1").list_users()
        assert refusal.value.response["Error"] == {
            "Code": "InvalidParameterValue",
            "Message": "The header x-iamd-revision must be a number, as answers to writes carry it.",
            "Type": "Sender",
        }


def test_workers_of_one_region_share_its_store(regions: Regions) -> None:
    with regions.start("one", "--workers", "2") as one:
        revision = revision_of(one.client().create_user(UserName="alice"))
        for _ in range(8):  # each on a connection of its own, and so on any of the workers
            assert at_revision(one.client(), revision).get_user(UserName="alice")["User"]["UserName"] == "alice"
        one.stop()


def test_webhooks_tell_what_any_region_wrote(regions: Regions) -> None:
    with Receiver() as receiver:
        file = regions.home / "webhooks.json"
        hook = {"name": "security", "url": receiver.url, "secret": "a-shared-secret-of-tests", "actions": ["iam:*"]}
        file.write_text(json.dumps({"webhooks": [hook]}))
        file.chmod(0o600)
        with regions.start("one", "--webhooks", str(file)) as one, regions.start("two", "--webhooks", str(file)) as two:
            one.client().create_user(UserName="alice")
            two.client().create_group(GroupName="staff")
            wait_until(lambda: {"CreateUser", "CreateGroup"} <= set(receiver.names()))
            one.stop()
            two.client().delete_group(GroupName="staff")
            wait_until(lambda: "DeleteGroup" in receiver.names())
            two.stop()


def test_health_names_the_region_and_the_age_of_what_it_knows(regions: Regions) -> None:
    with regions.start("eu-west-1") as one:
        told = health(one)
        assert (told["status"], told["region"], told["age"] < 60) == ("ready", "eu-west-1", True)
        metrics = one.ask("/_iamd/metrics")[1]
        assert 'iamd_info{region="eu-west-1"' in metrics
        assert 'iamd_replica_age_seconds{worker="0"}' in metrics
        assert 'iamd_store_writable{worker="0"} 1.0' in metrics


def test_what_is_known_is_answered_while_etcd_is_away_and_writes_are_refused_in_time(own: Regions) -> None:
    with own.start("one") as one:
        iam = one.client()
        iam.create_user(UserName="alice")
        key = iam.create_access_key(UserName="alice")["AccessKey"]
        iam.create_role(RoleName="reader", AssumeRolePolicyDocument=TRUST)
        [member] = own.etcd.members
        member.kill()
        wait_until(lambda: health(one)["status"] == "stale")
        began = time.monotonic()
        with pytest.raises(ClientError) as refusal:
            iam.create_user(UserName="bob")
        assert refusal.value.response["Error"]["Code"] == "ServiceUnavailable"
        assert refusal.value.response["Error"]["Message"].startswith(NO_ANSWER)
        assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
        assert time.monotonic() - began < 30
        assert user_names(one) == ["alice"]
        alice = one.client("sts", key["AccessKeyId"], key["SecretAccessKey"])
        assert alice.get_caller_identity()["Arn"] == "arn:aws:iam::111122223333:user/alice"
        with pytest.raises(ClientError) as refusal:
            one.client("iam", key["AccessKeyId"], key["SecretAccessKey"]).list_users()
        assert refusal.value.response["Error"]["Code"] == "AccessDenied"
        session = one.client("sts").get_session_token()["Credentials"]
        assert session["AccessKeyId"].startswith("ASIA")
        assert health(one)["status"] == "stale"
        assert 'iamd_store_writable{worker="0"} 0.0' in one.ask("/_iamd/metrics")[1]
        member.start()
        wait_until(lambda: health(one)["status"] == "ready")
        iam.create_user(UserName="bob")
        assert user_names(one) == ["alice", "bob"]
        one.stop()


def test_a_server_starts_from_its_snapshot_while_etcd_is_away_and_catches_up(own: Regions) -> None:
    [member] = own.etcd.members
    with own.start("one") as one:
        one.client().create_user(UserName="alice")
        one.stop()
    with own.start("two") as two:
        two.client().create_user(UserName="bob")
        two.stop()
    member.kill()
    with own.start("one") as one:
        assert health(one)["status"] == "stale"
        assert user_names(one) == ["alice"]
        with pytest.raises(ClientError, match="ServiceUnavailable"):
            one.client().create_user(UserName="carol")
        member.start()
        wait_until(lambda: health(one)["status"] == "ready")
        assert user_names(one) == ["alice", "bob"]
        one.client().create_user(UserName="carol")
        one.stop()


def test_without_etcd_and_a_snapshot_a_server_does_not_start(own: Regions) -> None:
    own.etcd.stop()
    with pytest.raises(AssertionError, match=r"Error: etcd cannot be reached: "):
        own.start("one")


def test_the_snapshot_holds_no_secret_and_is_its_owners_alone(regions: Regions) -> None:
    with regions.start("one") as one:
        one.client().create_user(UserName="alice-in-wonderland")
        secret = one.client().create_access_key(UserName="alice-in-wonderland")["AccessKey"]["SecretAccessKey"]
        one.stop()
        files = list((one.data_dir / "replica").iterdir())
        assert sorted(path.name.partition(".")[0] for path in files) == ["111122223333", "manifest"]
        for path in files:
            assert path.stat().st_mode & 0o077 == 0
            assert secret.encode() not in path.read_bytes()
            assert b"wonderland" not in path.read_bytes()
