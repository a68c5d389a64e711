"""``iamd workload serve`` in a process of its own, and real SDKs as its instances, also when their sessions expire."""

import asyncio
import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.credentials import ContainerProvider
from botocore.exceptions import ClientError

from iamd.account.ids import TEMPORARY_ACCESS_KEY, new_access_key_id
from iamd.authentication.session_token import SessionCredential, seal_session_token
from iamd.call import Letters
from iamd.store.sealing import open_key_ring
from iamd.store.sqlite import SQLiteStore
from iamd.workload.credentials import RoleCredentials, RoleRequest
from iamd.workload.instances import Fleet, Instance
from tests.clients.install import JAVASCRIPT, node
from tests.server.process import ACCOUNT_ID, environment
from tests.workload.agents import serving
from tests.workload.conftest import Operator, session_arn

TIMEOUT = 60.0  # seconds
PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
BOTO3 = [sys.executable, str(Path(__file__).parent / "sdk.py")]
CLI = ["aws", "sts", "get-caller-identity", "--query", "Arn", "--output", "text"]


class Workload:
    """``iamd workload serve`` on a file of instances."""

    def __init__(self, operator: Operator, home: Path, instances: list[dict[str, Any]]) -> None:
        self.operator = operator
        self.home = home
        self.file = home / "instances.json"
        self.write(instances)
        self.log_path = home / "workload.log"
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "iamd", "workload", "serve", str(self.file)],
                env=environment(home, **operator.environment),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.instances = self.read(len(instances))

    def write(self, instances: list[dict[str, Any]]) -> None:
        self.file.write_text(json.dumps({"listen": "127.0.0.1:0", "instances": instances}))

    def read(self, count: int) -> dict[str, dict[str, str]]:
        """The variables of each instance, as the process prints them."""
        assert self.process.stdout is not None
        lines = [json.loads(self.process.stdout.readline() or "null") for _ in range(count)]
        assert all(lines), self.log_path.read_text()
        return {line["id"]: line["environment"] for line in lines}

    def environment(self, id: str) -> dict[str, str]:
        return instance_environment(self.home, self.operator, self.instances[id])

    def __enter__(self) -> "Workload":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=TIMEOUT)
        assert self.process.returncode == 0, self.log_path.read_text()


def instance_environment(home: Path, operator: Operator, variables: dict[str, str]) -> dict[str, str]:
    """What an instance's processes know: where the server is, and where their credentials."""
    where = {"AWS_ENDPOINT_URL": operator.server.endpoint, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
    return environment(home, **where, **variables, PATH=PATH)


def sdks() -> dict[str, list[str]]:
    return {"boto3": BOTO3, "javascript": [str(node()), str(JAVASCRIPT / "workload.mjs")]}


class Sdk:
    """A long-running process of an SDK, which says who it is when asked."""

    def __init__(self, command: Sequence[str], env: dict[str, str]) -> None:
        self._process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._read() == {"ready": True}

    def who(self) -> dict[str, str]:
        assert self._process.stdin is not None
        self._process.stdin.write("who\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate(timeout=TIMEOUT)
        assert self._process.returncode == 0


@contextlib.contextmanager
def running(commands: dict[str, list[str]], environments: dict[str, dict[str, str]]) -> Iterator[dict[str, Sdk]]:
    with contextlib.ExitStack() as stack:
        started = {name: Sdk(command, environments[name]) for name, command in commands.items()}
        for sdk in started.values():
            stack.callback(sdk.close)
        yield started


def assumptions(operator: Operator) -> int:
    """How many times the server was asked to assume a role."""
    _, metrics = operator.server.ask("/_iamd/metrics")
    return sum(int(float(found)) for found in re.findall(r'_requests_total\{[^}]*"AssumeRole"[^}]*\} (\S+)', metrics))


def test_two_hundred_instances_of_one_role_at_once(operator: Operator, home: Path) -> None:
    ids = [f"instance-{number}" for number in range(200)]
    instances = [{"id": id, "role": "Reader", "token_file": str(home / "tokens" / id)} for id in ids]
    before = assumptions(operator)
    with Workload(operator, home, instances) as workload, ThreadPoolExecutor(200) as pool:

        def load(id: str) -> Any:
            credentials = ContainerProvider(workload.instances[id]).load()
            assert credentials is not None
            return credentials.get_frozen_credentials()

        found = set(pool.map(load, ids))
        assert len(found) == 1
        [credentials] = found
        answer = operator.server.client(
            "sts", credentials.access_key, credentials.secret_key, aws_session_token=credentials.token
        ).get_caller_identity()
        assert answer["Arn"] == session_arn("Reader")
        assert set(pool.map(load, ids)) == found
        assert "a fault of iamd" not in workload.log_path.read_text()
        assert credentials.secret_key not in workload.log_path.read_text()
        assert credentials.token not in workload.log_path.read_text()
        assert credentials.access_key in workload.log_path.read_text()
    assert assumptions(operator) == before + 1


def test_sdks_and_cli_find_credentials_at_both_endpoints(operator: Operator, home: Path) -> None:
    instances: list[dict[str, Any]] = [
        {"id": "container", "role": "Reader", "token_file": str(home / "token")},
        {"id": "machine", "role": "Writer", "metadata": "127.0.0.1:0"},
    ]
    with Workload(operator, home, instances) as workload:
        for id, role in (("container", "Reader"), ("machine", "Writer")):
            env = workload.environment(id)
            with running(sdks(), dict.fromkeys(sdks(), env)) as started:
                assert {sdk.who().get("arn") for sdk in started.values()} == {session_arn(role)}
            done = subprocess.run(CLI, env=env, capture_output=True, text=True, timeout=TIMEOUT, check=True)
            assert done.stdout == session_arn(role) + "\n"


def test_a_changed_file_is_read_again_on_sighup(operator: Operator, home: Path) -> None:
    one = {"id": "one", "role": "Reader", "token_file": str(home / "one")}
    two = {"id": "two", "role": "Writer", "token_file": str(home / "two")}
    with Workload(operator, home, [one]) as workload:
        workload.write([{"id": "broken"}])
        workload.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + TIMEOUT
        while "The instances stay as they were" not in workload.log_path.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        workload.write([one, two])
        workload.process.send_signal(signal.SIGHUP)
        assert list(workload.read(2)) == ["one", "two"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("instances = []\nlisten = '0.0.0.0:0'", "0.0.0.0:0 can be reached from other machines"),
        ("listen = 7", "cannot be used: Expected `str`, got `int`"),
        ("instances = []\nprofile = 'none'\nlisten = '127.0.0.1:0'", "The config profile (none) could not be found"),
    ],
)
def test_what_cannot_be_served_is_told(home: Path, text: str, problem: str) -> None:
    (home / "x.toml").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "iamd", "workload", "serve", str(home / "x.toml")],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert problem in done.stderr


# Across an expiry -----------------------------------------------------------------------------------------------------


class ShortLived:
    """Issues what the server's own key ring seals: at first, for each who asks, sessions of ten seconds.

    STS gives none of less than 15 minutes.
    """

    FIRST = 10  # seconds

    def __init__(self, operator: Operator) -> None:
        data_dir = operator.server.data_dir
        self._role_id = operator.iam.get_role(RoleName="Reader")["Role"]["RoleId"]
        self._ring = asyncio.run(_key_ring(data_dir))
        self.issued: Counter[str] = Counter()
        self.first: dict[str, RoleCredentials] = {}

    def __call__(self, request: RoleRequest) -> RoleCredentials:
        name = request.session_name
        self.issued[name] += 1
        now = int(time.time())
        expires = now + (self.FIRST if self.issued[name] == 1 else 3600)
        access_key_id = new_access_key_id(TEMPORARY_ACCESS_KEY, ACCOUNT_ID, Letters())
        secret = secrets.token_hex(20)
        credential = SessionCredential(
            kind="role",
            account_id=ACCOUNT_ID,
            entity_id=self._role_id,
            name=name,
            secret_access_key=secret,
            issued=now,
            expires=expires,
        )
        credentials = RoleCredentials(
            access_key_id=access_key_id,
            secret_access_key=secret,
            session_token=seal_session_token(credential, access_key_id, self._ring),
            issued=now,
            expires=expires,
            role_arn=f"arn:aws:iam::{ACCOUNT_ID}:role/Reader",
        )
        self.first.setdefault(name, credentials)
        return credentials


async def _key_ring(data_dir: Path) -> Any:
    store = SQLiteStore(data_dir / "iamd.db")
    await store.open()
    try:
        return await open_key_ring(store, f"file:{data_dir / 'master.key'}")
    finally:
        await store.close()


def wait_for_expiry(operator: Operator, credentials: RoleCredentials) -> None:
    """Until the server refuses the session because its time is over."""
    sts = operator.server.client(
        "sts", credentials.access_key_id, credentials.secret_access_key, aws_session_token=credentials.session_token
    )
    deadline = time.monotonic() + TIMEOUT
    while (refusal := _refusal(sts.get_caller_identity)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert refusal == "ExpiredToken"


def _refusal(call: Callable[[], Any]) -> str | None:
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None


def test_sdks_go_on_across_the_expiry_of_their_sessions(operator: Operator, home: Path) -> None:
    issue = ShortLived(operator)
    commands = sdks()
    # Not boto3 at the metadata service: it takes sessions that end so soon there for good 15 minutes longer, since EC2
    # serves such when it has trouble of its own.
    metadata = Instance(
        id="javascript-machine", role="Reader", session_name="javascript-machine", metadata="127.0.0.1:0"
    )
    instances = [
        metadata,
        *(Instance(id=id, role="Reader", session_name=id, token_file=home / id) for id in (*commands, "cli")),
    ]
    with serving(Fleet(listen="127.0.0.1:0", instances=tuple(instances)), issue, time.time) as agent:
        environments = {
            each.id: instance_environment(home, operator, dict(each.environment)) for each in agent.served()
        }
        started = {name: commands[name.partition("-")[0]] for name in (metadata.id, *commands)}
        arns = {name: session_arn("Reader", name) for name in started}
        with running(started, environments) as running_sdks:

            def cli() -> str:
                return subprocess.run(
                    CLI, env=environments["cli"], capture_output=True, text=True, timeout=TIMEOUT, check=True
                ).stdout

            before = {id: sdk.who() for id, sdk in running_sdks.items()}
            assert {id: answer.get("arn") for id, answer in before.items()} == arns
            assert cli() == session_arn("Reader", "cli") + "\n"
            for first in issue.first.values():
                wait_for_expiry(operator, first)
            after = {id: sdk.who() for id, sdk in running_sdks.items()}
            assert {id: answer.get("arn") for id, answer in after.items()} == arns
            assert all(after[id]["key"] != issue.first[id].access_key_id for id in started)
            assert cli() == session_arn("Reader", "cli") + "\n"
    assert issue.issued == dict.fromkeys([*started, "cli"], 2)
