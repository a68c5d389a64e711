"""A process with a replica, told what to do line by line: ``python -m tests.replica.process <database>``.

``create NAME`` and ``fill PREFIX COUNT`` create users, ``names`` lists them, ``loaded`` says whether the fast path has
the account; each answers one line of JSON.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from iamd.errors import LimitExceeded
from iamd.replica.replica import Replica
from tests.replica.world import ACCOUNT, create_user, names, replica_in


async def obey(replica: Replica, command: str, *arguments: str) -> Any:
    if command == "create":
        return await replica.write(ACCOUNT, create_user(arguments[0]))
    if command == "fill":
        prefix, count = arguments
        return sum(await asyncio.gather(*(create(replica, f"{prefix}{number}") for number in range(int(count)))))
    if command == "loaded":
        return replica.find_account(ACCOUNT) is not None
    return names(replica.find_account(ACCOUNT) or await replica.account(ACCOUNT))


async def create(replica: Replica, name: str) -> bool:
    try:
        await replica.write(ACCOUNT, create_user(name))
    except LimitExceeded:
        return False
    return True


async def main(path: str) -> None:
    loop = asyncio.get_running_loop()
    async with replica_in(Path(path)) as replica:
        print("ready", flush=True)
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            print(json.dumps(await obey(replica, *line.split())), flush=True)


asyncio.run(main(sys.argv[1]))
