"""The issuers of web identity tokens over time: their keys are renewed by whoever asks for a token, once."""

import asyncio
import json

from iamd.account.changes import Put
from iamd.account.directory import Directory
from iamd.account.ids import new_account_uuid
from iamd.account.records import WebIdentityIssuer
from iamd.account.state import Account
from iamd.authentication.token_keys import LIFE, generate_keys, seal_keys
from iamd.replica.replica import Replica, Written
from iamd.server.issuers import find_published, renew_token_keys
from iamd.store.sqlite import SQLiteStore
from tests.iam.world import NOW, ProcessSealer
from tests.replica.world import ACCOUNT, settings

SEALER = ProcessSealer()
ISSUER = WebIdentityIssuer(
    id=new_account_uuid(ACCOUNT, lambda alphabet, count: alphabet[0] * count),
    keys=seal_keys(generate_keys(), SEALER, NOW),
)


async def replica_with_issuer() -> Replica:
    store = SQLiteStore(None)
    await store.open()
    replica = Replica(store, Directory())
    await replica.open()
    await replica.create_account(settings())
    await replica.write(ACCOUNT, lambda account: Written(None, [Put(ISSUER)], None))
    return replica


async def close(replica: Replica) -> None:
    await replica.close()
    await replica.store.close()


def key_ids(account: Account | None) -> list[str]:
    assert account is not None
    assert account.web_identity_issuer is not None
    return [key.id for key in account.web_identity_issuer.keys]


def test_keys_are_renewed_once_when_they_are_due() -> None:
    async def scenario() -> None:
        replica = await replica_with_issuer()
        account = await replica.account(ACCOUNT)
        assert account is not None
        await renew_token_keys(account, replica, SEALER, NOW + LIFE - 1)
        old = key_ids(account)
        assert len(old) == 2
        await asyncio.gather(*(renew_token_keys(account, replica, SEALER, NOW + LIFE) for _ in range(3)))
        new = key_ids(await replica.account(ACCOUNT))
        assert (new[:2], len(new)) == (old, 4)
        published = await find_published(f"issuers/{ISSUER.id}/.well-known/jwks.json".encode(), replica, NOW + LIFE)
        assert published is not None
        assert [key["kid"] for key in json.loads(published.body)["keys"]] == new
        await close(replica)

    asyncio.run(scenario())


def test_a_store_that_cannot_write_delays_the_renewal() -> None:
    async def scenario() -> None:
        replica = await replica_with_issuer()
        account = await replica.account(ACCOUNT)
        assert account is not None
        await replica.close()  # refuses writes from here on
        await renew_token_keys(account, replica, SEALER, NOW + LIFE)
        assert len(key_ids(account)) == 2
        await replica.store.close()

    asyncio.run(scenario())
