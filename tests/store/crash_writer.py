"""A process that writes until it is killed: ``python -m tests.store.crash_writer <database> <seed>``.

For each commit that is acknowledged, and only then, it prints ``<name> <revision>``. A commit puts ``left/<name>`` and
``right/<name>`` with the same value, and may delete both of an earlier name.
"""

import asyncio
import os
import random
import sys

from iamd.store.interface import Transaction
from iamd.store.sqlite import SQLiteStore

WRITERS = 8


async def main(path: str, seed: str) -> None:
    store = SQLiteStore(path)
    await store.open()
    chance = random.Random(seed)

    async def write(writer: int) -> None:
        number = 0
        while True:
            name = f"{seed}-{writer}-{number}"
            value = chance.randbytes(chance.choice((10, 1000, 30_000)))
            earlier = f"{seed}-{writer}-{number - 5}" if number % 2 else None
            revision = await store.commit(
                Transaction(
                    expect={f"left/{name}": 0},
                    put={f"left/{name}": value, f"right/{name}": value},
                    delete=frozenset({f"left/{earlier}", f"right/{earlier}"} if earlier else ()),
                )
            )
            os.write(1, f"{name} {revision}\n".encode())
            number += 1

    await asyncio.gather(*(write(writer) for writer in range(WRITERS)))


asyncio.run(main(*sys.argv[1:]))
