"""A use is seen at once and saved later, together with others and without an audit event."""

import asyncio
from pathlib import Path

import pytest

from iamd.account.changes import Delete, Put
from iamd.account.records import AccessKey, LastUsed, Role
from iamd.account.state import Account
from iamd.call import Caller, Session
from iamd.replica import last_used
from iamd.replica.replica import Replica, Written
from iamd.store.backup import back_up, restore
from tests.replica.world import ACCOUNT, replica_in, replica_of, settings, with_account

KEY = "AKIAIOSFODNN7EXAMPLE"
ROLE = Role(account_id=ACCOUNT, name="role", id="AROAEXAMPLE", created=1, trust_policy="{}")


def use(time: int, used_id: str = KEY) -> LastUsed:
    return LastUsed(id=used_id, time=time, service="iam", region="us-east-1")


def add(*records: AccessKey | Role) -> Written:
    return Written(None, [Put(record) for record in records])


async def account_with_key(replica: Replica) -> Account:
    key = AccessKey(id=KEY, owner_id=ACCOUNT, sealed_secret="1.sealed", created=1)
    await replica.write(ACCOUNT, lambda account: add(key, ROLE))
    account = await replica.account(ACCOUNT)
    assert account is not None
    return account


@with_account
async def test_a_use_is_seen_at_once_and_saved_later(replica: Replica) -> None:
    account = await account_with_key(replica)
    assert account.find_last_used(KEY) is None
    before = replica.revision
    replica.last_used.note(account, KEY, 100, "iam", "us-east-1")
    assert account.find_last_used(KEY) == use(100)
    assert replica.revision == before
    await replica.last_used.save()
    assert account.find_last_used(KEY) == account.last_used.find(KEY) == use(100)
    assert account.unsaved_uses == {}
    [commit] = await replica.store.changes(before)
    assert sorted(commit.put) == ["a/111122223333", f"a/111122223333/last-used/{KEY}"]
    async with replica_of(replica.store) as other:
        loaded = await other.account(ACCOUNT)
        assert loaded is not None
        assert loaded.find_last_used(KEY) == use(100)


@with_account
async def test_only_the_last_use_is_saved_and_nothing_without_one(replica: Replica) -> None:
    account = await account_with_key(replica)
    before = replica.revision
    for time in range(100, 200):
        replica.last_used.note(account, KEY, time, "iam", "us-east-1")
    await replica.last_used.save()
    await replica.last_used.save()
    assert account.find_last_used(KEY) == use(199)
    assert len(await replica.store.changes(before)) == 1


@with_account
async def test_an_earlier_use_does_not_replace_a_later_one(replica: Replica) -> None:
    account = await account_with_key(replica)
    replica.last_used.note(account, KEY, 200, "iam", "us-east-1")
    await replica.last_used.save()
    replica.last_used.note(account, KEY, 100, "sts", "eu-west-1")
    assert account.find_last_used(KEY) == use(200)
    before = replica.revision
    await replica.last_used.save()
    assert account.find_last_used(KEY) == use(200)
    assert await replica.store.changes(before) == []


@with_account
async def test_the_use_of_what_was_deleted_is_forgotten(replica: Replica) -> None:
    account = await account_with_key(replica)
    replica.last_used.note(account, KEY, 100, "iam", "us-east-1")
    key = account.access_keys.find(KEY)
    assert key is not None
    await replica.write(ACCOUNT, lambda account: Written(None, [Delete(key)]))
    await replica.last_used.save()
    assert account.find_last_used(KEY) is None
    assert len(account.last_used) == 0


@with_account
async def test_keys_and_roles_are_noted_sessions_of_users_are_not(replica: Replica) -> None:
    account = await account_with_key(replica)
    session = Session(issued=1, expires=2, name="session")

    def note(kind: str, user_id: str, access_key_id: str | None, session: Session | None, time: int) -> None:
        arn = f"arn:aws:iam::{ACCOUNT}:{kind}"
        caller = Caller(
            kind=kind,
            account_id=ACCOUNT,
            arn=arn,
            principal_arn=arn,
            user_id=user_id,
            access_key_id=access_key_id,
            session=session,
        )
        replica.note_use(account, caller, time, "iam", "us-east-1")

    note("root", ACCOUNT, KEY, None, 100)
    note("role", f"{ROLE.id}:session", "ASIAEXAMPLE", session, 200)
    note("user", "AIDAEXAMPLE", "ASIAEXAMPLE", session, 300)
    note("anonymous", "anonymous", None, None, 400)
    assert account.unsaved_uses == {KEY: use(100), ROLE.id: use(200, ROLE.id)}


def test_uses_are_saved_when_the_process_ends(tmp_path: Path) -> None:
    async def test() -> None:
        async with replica_in(tmp_path / "iamd.db") as replica:
            await replica.create_account(settings())
            replica.last_used.note(await account_with_key(replica), KEY, 100, "iam", "us-east-1")
        async with replica_in(tmp_path / "iamd.db") as replica:
            account = await replica.account(ACCOUNT)
            assert account is not None
            assert account.find_last_used(KEY) == use(100)

    asyncio.run(test())


def test_uses_are_saved_from_time_to_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_used, "SAVE_EVERY", 0.001)

    @with_account
    async def test(replica: Replica) -> None:
        account = await account_with_key(replica)
        replica.last_used.note(account, KEY, 100, "iam", "us-east-1")
        while account.last_used.find(KEY) is None:
            await asyncio.sleep(0.001)

    test()


def test_unsaved_uses_survive_what_cannot_be_written_and_a_reload(tmp_path: Path) -> None:
    async def test() -> None:
        database = tmp_path / "iamd.db"
        async with replica_in(database) as replica:
            await replica.create_account(settings())
            account = await account_with_key(replica)
            await back_up(database, tmp_path / "backup.db")
            replica.last_used.note(account, KEY, 100, "iam", "us-east-1")
            await replica.store.close()
            await replica.last_used.save()
            await replica.store.open()
            await restore(tmp_path / "backup.db", database, force=True)
            reloaded = await replica.account(ACCOUNT)
            assert reloaded is not None
            assert reloaded is not account
            assert reloaded.find_last_used(KEY) == use(100)
            await replica.last_used.save()
            assert reloaded.last_used.find(KEY) == use(100)

    asyncio.run(test())
