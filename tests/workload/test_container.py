"""The container credentials endpoint: the right token at the right address, and nothing otherwise."""

from pathlib import Path

import pytest

from iamd.workload.agent import Agent
from iamd.workload.container import PATH
from iamd.workload.instances import Fleet, Instance
from iamd.workload.issuing import NotIssued
from tests.workload.agents import ROLE_ARN, Asked, Clock, Issuer, ask, serving


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    instances = tuple(Instance(id=id, role="Reader", token_file=tmp_path / f"{id}.token") for id in ("one", "two"))
    return Fleet(listen="127.0.0.1:0", instances=instances)


def token(agent: Agent, id: str) -> str:
    instance = agent.find(id)
    assert instance is not None
    return instance.find_token() or ""


def get(agent: Agent, id: str, authorization: str | None, method: str = "GET", **headers: str) -> Asked:
    address = {each.id: each.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] for each in agent.served()}["one"]
    host = address.removeprefix("http://").partition("/")[0]
    given = headers if authorization is None else {"Authorization": authorization} | headers
    return ask(host, PATH + id, method, given)


def test_the_token_of_an_instance_opens_its_credentials(fleet: Fleet) -> None:
    with serving(fleet, Issuer(Clock())) as agent:
        answer = get(agent, "one", token(agent, "one"))
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.json == {
            "RoleArn": ROLE_ARN,
            "AccessKeyId": "ASIA1",
            "SecretAccessKey": "a-secret-access-key",
            "Token": "a-session-token",
            "Expiration": "2023-11-14T23:13:20Z",
        }


def test_no_other_does_and_who_has_none_does_not_learn_which_instances_there_are(fleet: Fleet) -> None:
    refusal = {
        "code": "Unauthorized",
        "message": "The authorization token is missing or not the one of this address.",
    }
    issuer = Issuer(Clock())
    with serving(fleet, issuer) as agent:
        one, two = token(agent, "one"), token(agent, "two")
        tries = [("one", None), ("one", ""), ("one", two), ("one", one + "x"), ("one", one[:-1]), ("one", "ä")]
        tries += [("three", one), ("three", None), ("three", ""), ("", one), ("one/", one), ("one?x", two)]
        for id, authorization in tries:
            answer = get(agent, id, authorization)
            assert (answer.status, answer.json) == (401, refusal), (id, authorization)
    assert issuer.requests == []


def test_tokens_are_for_their_owner_alone_and_a_new_one_is_in_force_at_once(fleet: Fleet) -> None:
    with serving(fleet, Issuer(Clock())) as agent:
        file = fleet.instances[0].token_file
        assert file is not None
        assert file.stat().st_mode & 0o777 == 0o600
        old = token(agent, "one")
        assert len(old) == 43
        file.write_text("another\n")
        assert get(agent, "one", old).status == 401
        assert get(agent, "one", "another").status == 200
        for nothing in ("", "\n"):
            file.write_text(nothing)
            assert get(agent, "one", "").status == 401
        file.unlink()
        assert get(agent, "one", "").status == 401


def test_web_pages_and_other_methods_are_refused(fleet: Fleet) -> None:
    with serving(fleet, Issuer(Clock())) as agent:
        good = token(agent, "one")
        assert get(agent, "one", good, Origin="http://127.0.0.1").status == 403
        assert get(agent, "one", good, **{"Sec-Fetch-Site": "same-origin"}).status == 403
        for method in ("HEAD", "PUT", "DELETE", "OPTIONS"):
            assert get(agent, "one", good, method).status == 405


@pytest.mark.parametrize(
    ("refused", "status", "code"), [(True, 403, "AccessDenied"), (False, 503, "ServiceUnavailable")]
)
def test_why_there_are_no_credentials_is_told(fleet: Fleet, refused: bool, status: int, code: str) -> None:
    issuer = Issuer(Clock())
    issuer.problem = NotIssued("The role says no.", refused=refused)
    with serving(fleet, issuer) as agent:
        answer = get(agent, "one", token(agent, "one"))
        assert (answer.status, answer.json) == (status, {"code": code, "message": "The role says no."})


def test_instances_of_one_role_share_a_session(fleet: Fleet) -> None:
    issuer = Issuer(Clock())
    with serving(fleet, issuer) as agent:
        keys = {get(agent, id, token(agent, id)).json["AccessKeyId"] for id in ("one", "two")}
    assert keys == {"ASIA1"}
    assert len(issuer.requests) == 1
