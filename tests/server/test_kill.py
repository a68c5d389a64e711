"""Nothing that was acknowledged is lost, and nothing is there by half, when the server is killed amid writes."""

import random
import threading
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.server.process import ServerProcess

ROUNDS = 10
WRITERS = 6


class Writer(threading.Thread):
    """Creates users until the server is gone; remembers what was acknowledged and what was only asked for."""

    def __init__(self, server: ServerProcess, name: str, progress: threading.Semaphore) -> None:
        super().__init__()
        self.iam = server.client()
        self.prefix = name
        self.progress = progress
        self.acknowledged: list[tuple[str, str | None]] = []  # (user, its access key)
        self.asked: set[str] = set()

    def run(self) -> None:
        number = 0
        try:
            while True:
                name = f"{self.prefix}-{number}"
                self.asked.add(name)
                tags = [{"Key": f"tag-{each}", "Value": name} for each in range(10)]
                self.iam.create_user(UserName=name, Tags=tags)
                self.acknowledged.append((name, None))
                key = self.iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
                self.acknowledged[-1] = (name, key)
                self.progress.release()
                number += 1
        except (BotoCoreError, ClientError):
            return  # killed


def state(iam: Any) -> dict[str, list[str]]:
    """The access keys of every user, after a look at each user's tags: all or none of a write is there."""
    found = {}
    for page in iam.get_paginator("list_users").paginate():
        for user in page["Users"]:
            name = user["UserName"]
            tags = {tag["Key"]: tag["Value"] for tag in iam.list_user_tags(UserName=name)["Tags"]}
            assert tags == {f"tag-{each}": name for each in range(10)}
            keys = iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
            found[name] = [key["AccessKeyId"] for key in keys]
    return found


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_was_acknowledged_survives_kill_after_kill(tmp_path: Path, workers: str) -> None:
    randomness = random.Random(int(workers))
    acknowledged: dict[str, str | None] = {}
    asked: set[str] = set()
    for round_number in range(ROUNDS // 2):
        with ServerProcess(tmp_path, "--workers", workers, "--log-level", "error") as server:
            progress = threading.Semaphore(0)
            writers = [Writer(server, f"r{round_number}w{number}", progress) for number in range(WRITERS)]
            for writer in writers:
                writer.start()
            for _ in range(randomness.randrange(1, 25)):
                assert progress.acquire(timeout=30)
            server.kill()
            for writer in writers:
                writer.join()
                acknowledged |= dict(writer.acknowledged)
                asked |= writer.asked
    with ServerProcess(tmp_path) as server:
        found = state(server.client())
        server.stop()
    assert set(acknowledged) <= set(found) <= asked
    assert {name for name, key in acknowledged.items() if key is not None and found[name] != [key]} == set()
