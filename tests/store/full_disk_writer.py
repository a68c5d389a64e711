"""A process whose disk is full for a while: ``python -m tests.store.full_disk_writer <database>``; prints JSON."""

import asyncio
import json
import os
import resource
import sys

from iamd.store.interface import Transaction, Unavailable
from iamd.store.sqlite import SQLiteStore


async def main(path: str) -> None:
    store = SQLiteStore(path)
    await store.open()
    acknowledged, refusals = [], []

    async def write(name: str, size: int) -> None:
        try:
            await store.commit(Transaction(expect={name: 0}, put={name: bytes(size), f"{name}/too": b""}))
            acknowledged.append(name)
        except Unavailable as error:
            refusals.append(str(error))

    for number in range(20):
        await write(f"before-{number}", 1000)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (os.path.getsize(path + "-wal") + 50_000, hard))
    await asyncio.gather(*(write(f"full-{number}", 30_000) for number in range(40)))
    await write("full-again", 100_000)
    read = len((await store.get(*acknowledged))[1])
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    for number in range(20):
        await write(f"after-{number}", 30_000)
    findings = await store.check()
    await store.close()
    print(json.dumps([acknowledged, sorted(set(refusals)), read, findings]))


asyncio.run(main(sys.argv[1]))
