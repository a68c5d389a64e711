"""The file of instances, and what an agent makes of it."""

import asyncio
from pathlib import Path

import pytest

from iamd.workload.agent import Agent
from iamd.workload.credentials import RoleRequest
from iamd.workload.instances import Fleet, Instance, InvalidInstances, read_fleet
from tests.workload.agents import Clock, Issuer


def read(tmp_path: Path, text: str, name: str = "instances.toml") -> Fleet:
    path = tmp_path / name
    path.write_text(text)
    return read_fleet(path)


def test_toml_and_json_say_the_same(tmp_path: Path) -> None:
    toml = 'listen = "127.0.0.1:0"\n[[instances]]\nid = "one"\nrole = "Reader"\ntoken_file = "/run/one"\n'
    json = '{"listen":"127.0.0.1:0","instances":[{"id":"one","role":"Reader","token_file":"/run/one"}]}'
    fleet = read(tmp_path, toml)
    assert fleet == read(tmp_path, json, "instances.json")
    assert fleet == Fleet(
        listen="127.0.0.1:0", instances=(Instance(id="one", role="Reader", token_file=Path("/run/one")),)
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("instances = 7", "Expected `array`, got `int` - at `$.instances`"),
        ('[[instances]]\nid = "one"\nrole = "R"\nroll = "R"', "Object contains unknown field `roll`"),
        ("[", "cannot be used: "),
        ("", "Object missing required field `instances`"),
        ('[[instances]]\nid = "a/b"\nrole = "R"\nmetadata = "x:1"', "'a/b' is no id"),
        ('[[instances]]\nid = "one"\nmetadata = "x:1"', "the instance one needs a role or an instance_profile"),
        (
            '[[instances]]\nid = "one"\nmetadata = "x:1"\nrole = "R"\ninstance_profile = "P"',
            "the instance one needs a role or an instance_profile, and not both",
        ),
        ('[[instances]]\nid = "one"\nrole = "R"', "the instance one needs a token_file, or an address"),
        (
            '[[instances]]\nid = "one"\nrole = "R"\nmetadata = "x:1"\n' * 2,
            "there are two instances one",
        ),
        (
            '[[instances]]\nid = "one"\nrole = "R"\nmetadata = "x:1"\n'
            '[[instances]]\nid = "two"\nrole = "R"\nmetadata = "x:1"\n',
            "x:1 is the address of two",
        ),
        ('[[instances]]\nid = "i"\ninstance_profile = "P"\nmetadata = "x:1"', "'i' is no session name"),
        ('[[instances]]\nid = "one"\nrole = "R"\nmetadata = "x:1"\nduration = 899', "must be 900 to 43200 seconds"),
        ('[[instances]]\nid = "one"\nrole = "R"\nmetadata = "x:1"\nhop_limit = 65', "must be 1 to 64"),
    ],
)
def test_what_cannot_be_is_told(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(InvalidInstances) as caught:
        read(tmp_path, text)
    assert problem in str(caught.value)
    assert str(tmp_path / "instances.toml") in str(caught.value)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 100_000])
def test_a_file_of_anything_is_told(tmp_path: Path, content: bytes) -> None:
    for name in ("x.json", "x.toml"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InvalidInstances, match="cannot be used"):
            read_fleet(tmp_path / name)
    with pytest.raises(InvalidInstances, match=r"no-file cannot be read: No such file or directory\."):
        read_fleet(tmp_path / "no-file")


def test_an_instance_with_a_profile_is_named_in_its_session_as_on_ec2() -> None:
    assert Instance(id="i-1", instance_profile="web").request == RoleRequest(
        instance_profile="web", session_name="i-1", service="ec2.amazonaws.com"
    )
    assert Instance(id="one", role="Reader").request == Instance(id="two", role="Reader").request


def test_a_changed_file_disturbs_only_those_it_changes(tmp_path: Path) -> None:
    stays = Instance(id="stays", role="Reader", metadata="127.0.0.1:0")
    goes = Instance(id="goes", role="Writer", metadata="127.0.0.1:0")
    comes = Instance(id="comes", role="Reader", token_file=tmp_path / "new" / "token")
    changed = Instance(id="goes", role="Reader", metadata="127.0.0.1:0", metadata_v1=True)

    async def run() -> None:
        async with Agent(Fleet(listen="127.0.0.1:0", instances=(stays, goes)), Issuer(Clock())) as agent:
            before = {each.id: each.environment for each in agent.served()}
            await agent.take(Fleet(instances=(stays, changed, comes)))
            after = {each.id: each.environment for each in agent.served()}
            assert after["stays"] == before["stays"]
            assert after["goes"] != before["goes"]
            assert set(after["comes"]) == {
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            }
            assert comes.find_token()
            await agent.take(Fleet(instances=(stays,)))
            assert [each.id for each in agent.served()] == ["stays"]
            assert agent.find("comes") is None

    asyncio.run(run())
