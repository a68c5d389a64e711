"""A process without the right to write: ``python -m tests.store.read_only_opener <directory>``; prints the refusal."""

import asyncio
import os
import sys

from iamd.store.interface import Unavailable
from iamd.store.sqlite import SQLiteStore


async def main(directory: str) -> None:
    if os.geteuid() == 0:  # whom nothing is forbidden
        owner = os.stat(directory)
        os.setgroups([])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)
    try:
        await SQLiteStore(directory + "/iamd.db").open()
    except Unavailable as error:
        print(error)


asyncio.run(main(sys.argv[1]))
