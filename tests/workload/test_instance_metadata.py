"""The instance metadata service: a session token first, and then what EC2 tells an instance."""

import json
import platform
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from iamd.workload.agent import Agent
from iamd.workload.http import limit_hops
from iamd.workload.instance_metadata import SessionTokens
from iamd.workload.instances import Fleet, Instance
from iamd.workload.issuing import NotIssued
from tests.workload.agents import NOW, Asked, Clock, Issuer, ask, serving

TTL = "X-aws-ec2-metadata-token-ttl-seconds"
TOKEN = "X-aws-ec2-metadata-token"
WEB = Instance(
    id="i-1234567890abcdef0",
    instance_profile="web",
    metadata="127.0.0.1:0",
    region="eu-west-1",
    availability_zone="eu-west-1a",
    instance_type="m5.large",
    local_ipv4="192.0.2.10",
    tags={"Name": "web-1"},
)
OLD = Instance(id="old", role="Reader", metadata="127.0.0.1:0", metadata_v1=True)


class Metadata:
    """The metadata service of one instance, as its processes reach it."""

    def __init__(self, agent: Agent, id: str) -> None:
        served = {each.id: each.environment for each in agent.served()}[id]
        assert set(served) == {"AWS_EC2_METADATA_SERVICE_ENDPOINT"}
        self.address = served["AWS_EC2_METADATA_SERVICE_ENDPOINT"].removeprefix("http://")

    def ask(self, path: str, method: str = "GET", **headers: str) -> Asked:
        names = {"ttl": TTL, "token": TOKEN, "forwarded": "X-Forwarded-For", "origin": "Origin", "host": "Host"}
        return ask(self.address, path, method, {names[name]: value for name, value in headers.items()})

    def token(self, ttl: str = "21600") -> str:
        answer = self.ask("/latest/api/token", "PUT", ttl=ttl)
        assert (answer.status, answer.headers["X-Aws-Ec2-Metadata-Token-Ttl-Seconds"]) == (200, ttl)
        return answer.text

    def get(self, path: str) -> str:
        answer = self.ask("/latest/" + path, token=self.token())
        assert answer.status == 200
        return answer.text


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def issuer(clock: Clock) -> Issuer:
    return Issuer(clock)


@pytest.fixture
def agent(clock: Clock, issuer: Issuer) -> Iterator[Agent]:
    with serving(Fleet(listen="127.0.0.1:0", instances=(WEB, OLD)), issuer, clock) as agent:
        yield agent


@pytest.fixture
def web(agent: Agent) -> Metadata:
    return Metadata(agent, WEB.id)


def test_what_an_instance_is_told(web: Metadata) -> None:
    assert web.get("meta-data/").split() == [
        "hostname",
        "iam/",
        "instance-id",
        "instance-type",
        "local-hostname",
        "local-ipv4",
        "placement/",
        "services/",
        "tags/",
    ]
    assert web.get("meta-data/instance-id") == WEB.id
    assert web.get("meta-data/instance-type") == "m5.large"
    assert web.get("meta-data/local-ipv4") == "192.0.2.10"
    assert web.get("meta-data/hostname") == "i-1234567890abcdef0.internal"
    assert web.get("meta-data/placement/").split() == ["availability-zone", "region"]
    assert web.get("meta-data/placement/region") == "eu-west-1"
    assert web.get("meta-data/placement/availability-zone") == "eu-west-1a"
    assert web.get("meta-data/services/domain") == "amazonaws.com"
    assert web.get("meta-data/tags/instance/Name") == "web-1"


def test_the_credentials_of_its_role(web: Metadata) -> None:
    assert web.get("meta-data/iam/security-credentials/") == "Reader"
    assert json.loads(web.get("meta-data/iam/security-credentials/Reader")) == {
        "Code": "Success",
        "LastUpdated": "2023-11-14T22:13:20Z",
        "Type": "AWS-HMAC",
        "AccessKeyId": "ASIA1",
        "SecretAccessKey": "a-secret-access-key",
        "Token": "a-session-token",
        "Expiration": "2023-11-14T23:13:20Z",
    }
    assert json.loads(web.get("meta-data/iam/info")) == {
        "Code": "Success",
        "LastUpdated": "2023-11-14T22:13:20Z",
        "InstanceProfileArn": "arn:aws:iam::111122223333:instance-profile/web",
        "InstanceProfileId": "AIPAEXAMPLE",
    }
    assert web.ask("/latest/meta-data/iam/security-credentials/Other", token=web.token()).status == 404


def test_the_identity_document(web: Metadata) -> None:
    document: dict[str, Any] = json.loads(web.get("dynamic/instance-identity/document"))
    assert document.pop("pendingTime").endswith("Z")
    assert document.pop("architecture") in (platform.machine(), "arm64")
    assert document == {
        "accountId": "111122223333",
        "availabilityZone": "eu-west-1a",
        "instanceId": WEB.id,
        "instanceType": "m5.large",
        "privateIp": "192.0.2.10",
        "region": "eu-west-1",
        "version": "2017-09-30",
    }


def test_without_a_session_token_nothing_is_told_unless_version_1_is_allowed(agent: Agent, web: Metadata) -> None:
    assert web.ask("/latest/meta-data/instance-id").status == 401
    old = Metadata(agent, OLD.id)
    assert old.ask("/latest/meta-data/instance-id").text == "old"
    assert old.ask("/latest/meta-data/instance-id", host="example.com").status == 403
    assert old.ask("/latest/meta-data/instance-id", host="example.com", token=old.token()).text == "old"
    assert old.ask("/latest/meta-data/instance-id", token="wrong").status == 401
    assert old.ask("/latest/meta-data/iam/info").status == 404  # it has no instance profile


@pytest.mark.parametrize("ttl", ["", "0", "21601", "-1", "1.5", "1e3", "٣", "999999999999", " 7"])
def test_a_session_token_lasts_a_second_to_six_hours(web: Metadata, ttl: str) -> None:
    headers = {} if not ttl else {"ttl": ttl}
    if ttl == " 7":  # a space before a header's value is none of it
        assert web.ask("/latest/api/token", "PUT", **headers).status == 200
    elif ttl.isascii():
        assert web.ask("/latest/api/token", "PUT", **headers).status == 400


def test_a_session_token_is_not_given_through_proxies_or_to_web_pages(web: Metadata) -> None:
    assert web.ask("/latest/api/token", "PUT", ttl="60", forwarded="192.0.2.1").status == 403
    assert web.ask("/latest/api/token", "PUT", ttl="60", origin="http://rebound.example").status == 403
    assert web.ask("/latest/meta-data/", token=web.token(), origin="http://rebound.example").status == 403
    assert web.ask("/latest/api/token", ttl="60").status == 405
    assert web.ask("/latest/meta-data/", "PUT", token=web.token()).status == 405


def test_a_session_token_is_for_its_instance_and_its_time(agent: Agent, web: Metadata, clock: Clock) -> None:
    old = Metadata(agent, OLD.id)
    assert old.ask("/latest/meta-data/", token=web.token()).status == 401
    token = web.token("60")
    clock.now = NOW + 59
    assert web.ask("/latest/meta-data/", token=token).status == 200
    clock.now = NOW + 60
    assert web.ask("/latest/meta-data/", token=token).status == 401


def test_no_changed_session_token_is_good() -> None:
    tokens = SessionTokens(Clock())
    token = tokens.make("i-1", 60)
    assert tokens.is_good("i-1", token)
    for place in range(len(token)):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert not tokens.is_good("i-1", changed)
    for other in ("", "=", token[:-4], token + "AAAA", token + token, "ä", "A" * 8000):
        assert not tokens.is_good("i-1", other)
    assert not SessionTokens(Clock()).is_good("i-1", token)


@pytest.mark.parametrize(
    "path", ["/latest/user-data", "/latest/meta-data/no", "/", "//", "/1.0/meta-data/", "/latest/.."]
)
def test_what_is_not_there(web: Metadata, path: str) -> None:
    answer = web.ask(path, token=web.token())
    assert (answer.status, answer.text) == ((200, "latest") if path == "/" else (404, ""))


def test_a_role_that_cannot_be_assumed_is_told_as_on_ec2(web: Metadata, issuer: Issuer) -> None:
    issuer.problem = NotIssued("AccessDenied: no.", refused=True)
    assert web.ask("/latest/meta-data/iam/security-credentials/", token=web.token()).status == 404
    document = json.loads(web.get("meta-data/iam/security-credentials/Reader"))
    assert (document["Code"], document["Message"]) == ("AssumeRoleUnauthorizedAccess", "AccessDenied: no.")
    assert web.get("meta-data/instance-id") == WEB.id


def test_an_upstream_out_of_reach_is_told_by_the_status(web: Metadata, issuer: Issuer) -> None:
    issuer.problem = NotIssued("Away.", refused=False)
    assert web.ask("/latest/meta-data/iam/security-credentials/", token=web.token()).status == 503


@pytest.mark.parametrize(
    ("family", "level", "option"),
    [
        (socket.AF_INET, socket.IPPROTO_IP, socket.IP_TTL),
        (socket.AF_INET6, socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS),
    ],
)
def test_answers_travel_as_many_hops_as_allowed(family: int, level: int, option: int) -> None:
    with socket.socket(family) as connection:
        limit_hops(connection, 3)
        assert connection.getsockopt(level, option) == 3
