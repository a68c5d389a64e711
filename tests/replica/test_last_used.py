"""A use is seen at once and saved later, together with others and without an audit event."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from iamd.account.changes import Delete, JoinOrganization, Put, PutOrganization
from iamd.account.organization import Organization
from iamd.account.records import AccessKey, LastUsed, Role, ServiceAccess
from iamd.account.state import Account
from iamd.call import Caller, Session
from iamd.replica import last_used
from iamd.replica.replica import MAX_REMEMBERED_USES, Replica, Written
from iamd.store.backup import back_up, restore
from tests.replica.world import ACCOUNT, replica_in, replica_of, settings, with_account

KEY = "AKIAIOSFODNN7EXAMPLE"
ROLE = Role(account_id=ACCOUNT, name="role", id="AROAEXAMPLE", created=1, trust_policy="{}")


def use(time: int, used_id: str = KEY) -> LastUsed:
    return LastUsed(id=used_id, time=time, service="iam", region="us-east-1")


def access(principal_id: str, **actions: int) -> ServiceAccess:
    """What a principal asked IAM for: actions by name, with their times."""
    return ServiceAccess(
        principal_id=principal_id,
        service="iam",
        time=max(actions.values()),
        region="us-east-1",
        actions={name: (time, "us-east-1") for name, time in actions.items()},
    )


def caller(kind: Any, user_id: str, access_key_id: str | None, session: Session | None = None) -> Caller:
    arn = f"arn:aws:iam::{ACCOUNT}:{kind}"
    return Caller(
        kind=kind,
        account_id=ACCOUNT,
        arn=arn,
        principal_arn=arn,
        user_id=user_id,
        access_key_id=access_key_id,
        session=session,
    )


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
async def test_of_uses_in_a_quarter_of_an_hour_the_first_is_recorded_and_saved_once(replica: Replica) -> None:
    account = await account_with_key(replica)
    before = replica.revision
    for time in range(100, 1001):
        replica.last_used.note(account, KEY, time, "iam", "us-east-1")
    await replica.last_used.save()
    await replica.last_used.save()
    assert account.find_last_used(KEY) == use(1000)
    assert len(await replica.store.changes(before)) == 1
    replica.last_used.note(account, KEY, 1899, "iam", "us-east-1")
    assert account.find_last_used(KEY) == use(1000)
    replica.last_used.note(account, KEY, 1001, "sts", "us-east-1")  # another service, which is told apart
    assert account.find_last_used(KEY) == LastUsed(id=KEY, time=1001, service="sts", region="us-east-1")


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

    for kind, user_id, access_key_id, of_session, time in (
        ("root", ACCOUNT, KEY, None, 100),
        ("role", f"{ROLE.id}:session", "ASIAROLE", session, 200),
        ("user", "AIDAEXAMPLE", "ASIAUSER", session, 300),
        ("anonymous", "anonymous", None, None, 400),
    ):
        replica.note_use(account, caller(kind, user_id, access_key_id, of_session), time, "iam", "GetUser", "us-east-1")
    assert account.unsaved_uses == {KEY: use(100), ROLE.id: use(200, ROLE.id)}
    assert account.unsaved_accesses == {
        f"{ACCOUNT}/iam": access(ACCOUNT, GetUser=100),
        f"{ROLE.id}/iam": access(ROLE.id, GetUser=200),
    }


@with_account
async def test_what_was_asked_for_is_recorded_by_principal_service_and_action(replica: Replica) -> None:
    account = await account_with_key(replica)
    before = replica.revision
    for time, action in ((100, "GetUser"), (130, "GetUser"), (150, "ListUsers"), (999, "ListUsers"), (1100, "GetUser")):
        replica.note_use(account, caller("root", ACCOUNT, KEY), time, "iam", action, "us-east-1")
    recorded = access(ACCOUNT, GetUser=1100, ListUsers=150)
    assert account.service_accesses_of([ACCOUNT])[ACCOUNT] == {"iam": recorded}
    await replica.last_used.save()
    assert account.unsaved_accesses == {}
    assert list(account.service_accesses) == [recorded]
    [commit] = await replica.store.changes(before)
    assert sorted(commit.put) == [
        "a/111122223333",
        f"a/111122223333/last-used/{KEY}",
        f"a/111122223333/service-access/{ACCOUNT}/iam",
    ]
    async with replica_of(replica.store) as other:
        loaded = await other.account(ACCOUNT)
        assert loaded is not None
        assert loaded.service_accesses_of([ACCOUNT])[ACCOUNT] == {"iam": recorded}


@with_account
async def test_two_processes_record_one_principal(replica: Replica) -> None:
    await account_with_key(replica)
    root = caller("root", ACCOUNT, KEY)
    async with replica_of(replica.store) as other:
        for each, action, time in ((replica, "GetUser", 100), (other, "ListUsers", 200), (other, "GetUser", 50)):
            account = await each.account(ACCOUNT)
            assert account is not None
            each.note_use(account, root, time, "iam", action, "us-east-1")
        await replica.last_used.save()
        await other.last_used.save()
        for each in (replica, other):
            account = await each.account(ACCOUNT)
            assert account is not None
            assert account.service_accesses_of([ACCOUNT])[ACCOUNT] == {
                "iam": access(ACCOUNT, GetUser=100, ListUsers=200)
            }


@with_account
async def test_what_a_deleted_principal_asked_for_is_forgotten(replica: Replica) -> None:
    account = await account_with_key(replica)
    role = caller("role", f"{ROLE.id}:session", "ASIAROLE")
    replica.note_use(account, role, 100, "iam", "GetUser", "us-east-1")
    await replica.write(ACCOUNT, lambda account: Written(None, [Delete(ROLE)]))
    await replica.last_used.save()
    assert len(account.service_accesses) == 0
    replica.note_use(account, role, 5000, "iam", "GetUser", "us-east-1")
    assert account.unsaved_accesses == {}


@with_account
async def test_old_actions_and_too_many_are_dropped(replica: Replica) -> None:
    account = await account_with_key(replica)
    root = caller("root", ACCOUNT, KEY)
    for number in range(last_used.MAX_ACTIONS + 10):
        replica.note_use(account, root, 100, "app", f"Do{number}", "us-east-1")
    assert len(account.service_accesses_of([ACCOUNT])[ACCOUNT]["app"].actions) == last_used.MAX_ACTIONS
    replica.note_use(account, root, 100 + last_used.PERIOD, "app", "Do1", "us-east-1")
    await replica.last_used.save()
    assert account.service_accesses_of([ACCOUNT])[ACCOUNT] == {
        "app": ServiceAccess(
            principal_id=ACCOUNT,
            service="app",
            time=100 + last_used.PERIOD,
            region="us-east-1",
            actions={"Do1": (100 + last_used.PERIOD, "us-east-1")},
        )
    }


@with_account
async def test_many_uses_are_saved_in_portions(replica: Replica) -> None:
    account = await account_with_key(replica)
    root, before = caller("root", ACCOUNT, KEY), replica.revision
    for number in range(2 * last_used.MAX_RECORDS):
        replica.note_use(account, root, 100, f"service-{number}", "Get", "us-east-1")
    await replica.last_used.save()
    assert len(account.service_accesses) == 2 * last_used.MAX_RECORDS
    assert [len(commit.put) for commit in await replica.store.changes(before)] == [101, 101, 2]


@with_account
async def test_what_is_remembered_as_recorded_is_bounded(replica: Replica) -> None:
    account = await account_with_key(replica)
    for number in range(MAX_REMEMBERED_USES + 1):
        session = caller("role", f"{ROLE.id}:session", f"ASIA{number}")
        replica.note_use(account, session, 100, "iam", "GetUser", "us-east-1")
    assert len(account.recorded_until) == 1


@with_account
async def test_an_organization_knows_when_its_members_last_asked_services(replica: Replica) -> None:
    account = await account_with_key(replica)
    root = caller("root", ACCOUNT, KEY)
    replica.note_use(account, root, 100, "sts", "GetCallerIdentity", "eu-west-1")
    await replica.last_used.save()
    assert replica.directory.service_uses == {}
    organization = Organization(id="o-exampleorgid", management_account_id=ACCOUNT)
    joining = [PutOrganization(organization), JoinOrganization(ACCOUNT, organization.id)]
    await replica.write(ACCOUNT, lambda account: Written(None, joining))
    replica.note_use(account, root, 2000, "iam", "GetUser", "us-east-1")
    await replica.last_used.save()
    services = {"iam": (2000, "us-east-1"), "sts": (100, "eu-west-1")}
    assert replica.directory.service_uses == {ACCOUNT: services}
    replica.note_use(account, root, 4000, "iam", "ListUsers", "us-east-1")
    await replica.last_used.save()
    services |= {"iam": (4000, "us-east-1")}
    async with replica_of(replica.store) as other:
        assert other.directory.service_uses == {ACCOUNT: services}


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
