"""Whatever does not fit together in a store is found and named; what fits is left in peace."""

import asyncio
from typing import Any

import msgspec
import pytest

from iamd.account.delegation import DelegationRequest
from iamd.account.directory import Directory
from iamd.account.organization import Organization
from iamd.account.records import (
    AccessKey,
    Group,
    InstanceProfile,
    LastUsed,
    LoginProfile,
    ManagedPolicy,
    MFADevice,
    PolicyVersion,
    Record,
    Role,
    ServiceAccess,
    Settings,
    TokenKey,
    User,
    WebIdentityIssuer,
    encode_record,
)
from iamd.store import layout
from iamd.store.check import check
from iamd.store.interface import Transaction
from iamd.store.master_keys import new_master_keys
from iamd.store.sealing import open_key_ring
from iamd.store.sqlite import SQLiteStore

ACCOUNT = "111122223333"
OTHER = "444455556666"
HEAD = layout.encode_entry(layout.Head(transaction="1"))


def policy(account_id: str, **attributes: Any) -> ManagedPolicy:
    version = PolicyVersion(id="v1", document="{}", created=1)
    values = {"name": "ReadOnly", "id": f"ANPA{account_id}", "created": 1, "updated": 1, "versions": (version,)}
    return ManagedPolicy(account_id=account_id, **(values | attributes))


POLICY = policy(ACCOUNT)
AWS_POLICY = policy("aws")
GROUP = Group(account_id=ACCOUNT, name="Admins", id="AGPAADMINS", created=1, attached_policies=(POLICY.arn,))
USER = User(
    account_id=ACCOUNT,
    name="Alice",
    id="AIDAALICE",
    created=1,
    group_ids=(GROUP.id,),
    attached_policies=(AWS_POLICY.arn,),
    permissions_boundary=POLICY.arn,
)
ROLE = Role(account_id=ACCOUNT, name="role", id="AROAROLE", created=1, trust_policy="{}")
PROFILE = InstanceProfile(account_id=ACCOUNT, name="profile", id="AIPAPROFILE", created=1, role_id=ROLE.id)
SETTINGS = Settings(account_id=ACCOUNT, created=1, alias="example")
LAST_USED = LastUsed(id="AKIADELETED", time=1, service="iam", region="us-east-1")


TOKEN_KEY = TokenKey(id="key", algorithm="ES384", sealed="1.not-sealed", public={}, created=1)


def delegation_request(request_id: str, requestor_id: str) -> DelegationRequest:
    return DelegationRequest(
        id=request_id,
        requestor_id=requestor_id,
        workflow_id="workflow",
        description="",
        template_arn=POLICY.arn,
        policy="{}",
        notification_channel="arn:aws:sns:us-east-1:111122223333:t",
        session_duration=900,
        created=1,
        updated=1,
    )


def put_records(*records: Record, head: bool = True) -> dict[str, bytes]:
    put = {layout.head_key(ACCOUNT): HEAD} if head else {}
    return put | {layout.record_key(ACCOUNT, record): encode_record(record) for record in records}


async def make_store() -> tuple[SQLiteStore, Any]:
    store = SQLiteStore()
    await store.open()
    ring = await open_key_ring(store, new_master_keys())
    keys = [
        AccessKey(id=key_id, owner_id=owner, sealed_secret=ring.seal(b"secret", key_id), created=1)
        for key_id, owner in (("AKIAROOT", ACCOUNT), ("AKIAALICE", USER.id))
    ]
    reference = layout.encode_entry(layout.AccountReference(account_id=ACCOUNT))
    records = put_records(POLICY, GROUP, USER, ROLE, PROFILE, SETTINGS, LAST_USED, *keys)
    directory = {
        f"account/{ACCOUNT}": layout.encode_entry(layout.AccountEntry(id=ACCOUNT, created=1)),
        "alias/example": reference,
        "access-key/AKIAROOT": reference,
        "access-key/AKIAALICE": reference,
        f"event/{ACCOUNT}/1": b"{}",
    }
    await store.commit(Transaction(expect={}, put=records | directory))
    return store, ring


async def findings(put: dict[str, bytes], delete: tuple[str, ...] = ()) -> list[str]:
    """What is found after a commit that should never have been made."""
    store, ring = await make_store()
    await store.commit(Transaction(expect={}, put=put, delete=frozenset(delete)))
    found = await check(store, Directory({AWS_POLICY.arn: AWS_POLICY}), ring)
    await store.close()
    return [str(finding) for finding in found]


def test_a_store_in_order_has_no_findings() -> None:
    async def test() -> None:
        store, ring = await make_store()
        told: list[tuple[str, int]] = []
        directory = Directory({AWS_POLICY.arn: AWS_POLICY})
        assert await check(store, directory, ring, lambda *progress: told.append(progress)) == []
        assert await check(store) == []
        assert told == [("records", 16), ("commits", 2)]
        await store.compact(1)
        assert await check(store, directory, ring) == []
        await store.close()

    asyncio.run(test())


@pytest.mark.parametrize(
    ("put", "delete", "expected"),
    [
        pytest.param(
            put_records(msgspec.structs.replace(USER, group_ids=("AGPANONE", ROLE.id))),
            (),
            [
                "a/111122223333/user/alice is in the group AGPANONE, which does not exist.",
                "a/111122223333/user/alice is in the group AROAROLE, which does not exist.",
            ],
            id="group",
        ),
        pytest.param(
            put_records(),
            (layout.record_key(ACCOUNT, POLICY),),
            [
                f"a/111122223333/user/alice has the permissions boundary {POLICY.arn}, which does not exist.",
                f"a/111122223333/group/admins has the policy {POLICY.arn} attached, which does not exist.",
            ],
            id="policy",
        ),
        pytest.param(
            put_records(msgspec.structs.replace(ROLE, attached_policies=("arn:aws:iam::aws:policy/None",))),
            (),
            ["a/111122223333/role/role has the policy arn:aws:iam::aws:policy/None attached, which does not exist."],
            id="aws-managed-policy",
        ),
        pytest.param(
            put_records(policy(ACCOUNT, default_version_id="v2")),
            (),
            ["a/111122223333/policy/readonly has the default version v2, which does not exist."],
            id="policy-version",
        ),
        pytest.param(
            put_records(),
            (layout.record_key(ACCOUNT, ROLE),),
            ["a/111122223333/instance-profile/profile holds the role AROAROLE, which does not exist."],
            id="role",
        ),
        pytest.param(
            put_records(),
            (layout.record_key(ACCOUNT, USER),),
            ["a/111122223333/access-key/AKIAALICE belongs to the user AIDAALICE, who does not exist."],
            id="owner",
        ),
        pytest.param(
            put_records(
                AccessKey(id="AKIAROOT", owner_id=ACCOUNT, sealed_secret="1.QUFBQQ==", created=1),
            ),
            (),
            [
                "a/111122223333/access-key/AKIAROOT has a secret that cannot be opened: "
                "The sealed text, or what it belongs to, was changed."
            ],
            id="secret",
        ),
        pytest.param(
            put_records(
                LoginProfile(owner_id=USER.id, sealed_hash="1.QUFBQQ==", created=1, changed=1),
                MFADevice(account_id=ACCOUNT, name="phone", sealed_seed="1.QUFBQQ==", created=1, owner_id="AIDANONE"),
            ),
            (),
            [
                "a/111122223333/login-profile/AIDAALICE has a secret that cannot be opened: "
                "The sealed text, or what it belongs to, was changed.",
                "a/111122223333/mfa//phone belongs to the user AIDANONE, who does not exist.",
                "a/111122223333/mfa//phone has a secret that cannot be opened: "
                "The sealed text, or what it belongs to, was changed.",
            ],
            id="credentials",
        ),
        pytest.param(
            put_records(msgspec.structs.replace(GROUP, name="Others")),
            (),
            ["a/111122223333/group/others has the unique id of a/111122223333/group/admins, AGPAADMINS."],
            id="unique-id",
        ),
        pytest.param(
            put_records() | {"a/111122223333/user/bob": encode_record(USER)},
            (),
            [
                "a/111122223333/user/bob has a record that belongs under a/111122223333/user/alice.",
                "a/111122223333/user/bob has the unique id of a/111122223333/user/alice, AIDAALICE.",
            ],
            id="key",
        ),
        pytest.param(
            put_records() | {"a/111122223333/user/bob": b"{}"},
            (),
            ["a/111122223333/user/bob cannot be read: Object missing required field `account_id`."],
            id="not-a-record",
        ),
        pytest.param(
            put_records() | {"a/111122223333/wizard/bob": b"{}"},
            (),
            ["a/111122223333/wizard/bob is a record of no known kind."],
            id="unknown-kind",
        ),
        pytest.param(
            put_records(ROLE, head=False),
            (),
            [
                "a/111122223333/role/role was written by revision 3, its account's head by 2.",
                "a/111122223333 was not replaced by revision 3, which changed the account.",
            ],
            id="head-not-replaced",
        ),
        pytest.param(
            {"meta/x": b""},
            ("a/111122223333",),
            [
                "meta/x is a key of no known kind.",
                *(
                    f"{key} was written by revision 2, its account's head by 0."
                    for key in sorted(
                        ["a/111122223333/access-key/AKIAALICE", "a/111122223333/access-key/AKIAROOT"]
                        + [
                            layout.record_key(ACCOUNT, record)
                            for record in (POLICY, GROUP, USER, ROLE, PROFILE, SETTINGS, LAST_USED)
                        ]
                    )
                ),
                "a/111122223333 is missing.",
                "account/111122223333 names an account that has no head.",
                "a/111122223333 was not replaced by revision 3, which changed the account.",
            ],
            id="head-deleted",
        ),
        pytest.param(
            put_records(),
            ("a/111122223333/settings/account",),
            [
                "a/111122223333 has no settings.",
                "alias/example names account 111122223333, which does not have it.",
            ],
            id="settings",
        ),
        pytest.param(
            put_records(),
            ("alias/example", "access-key/AKIAROOT"),
            [
                "access-key/AKIAROOT is missing: account 111122223333 has it.",
                "alias/example is missing: account 111122223333 has it.",
            ],
            id="references",
        ),
        pytest.param(
            put_records() | {"alias/example": layout.encode_entry(layout.AccountReference(account_id=OTHER))},
            (),
            ["alias/example names account 444455556666, which does not have it."],
            id="alias-of-another",
        ),
        pytest.param(
            put_records(),
            ("account/111122223333",),
            [
                "a/111122223333 belongs to an account that is not in the directory.",
                "event/111122223333 has events of an account that is not in the directory.",
            ],
            id="directory",
        ),
        pytest.param(
            {
                **put_records(),
                "organization/o-example": layout.encode_entry(
                    Organization(id="o-example", management_account_id=ACCOUNT)
                ),
                "organization/o-other": layout.encode_entry(Organization(id="o-example", management_account_id=OTHER)),
                f"member/{ACCOUNT}": layout.encode_entry(layout.OrganizationReference(organization_id="o-example")),
                f"member/{OTHER}": layout.encode_entry(layout.OrganizationReference(organization_id="o-none")),
            },
            (),
            [
                "organization/o-other has another organization.",
                "organization/o-other is managed by 444455556666, which is no member.",
                "member/444455556666 names an account that is not in the directory.",
                "member/444455556666 names o-none, which does not exist.",
            ],
            id="organizations",
        ),
        pytest.param(
            {
                **put_records(WebIdentityIssuer(id="issuer", keys=(TOKEN_KEY,))),
                "delegation-request/d-one": layout.encode_entry(delegation_request("d-one", ACCOUNT)),
                "delegation-request/d-two": layout.encode_entry(delegation_request("d-three", OTHER)),
                "delegation-request/d-four": b"{}",
            },
            (),
            [
                "a/111122223333/web-identity-issuer/issuer has a secret that cannot be opened: The sealed text, or "
                "what it belongs to, was changed.",
                "delegation-request/d-four cannot be read: Object missing required field `id`.",
                "delegation-request/d-two has another delegation request.",
                "delegation-request/d-two is of 444455556666, which is not in the directory.",
            ],
            id="delegation requests",
        ),
        pytest.param(
            {
                **put_records(
                    *(
                        ServiceAccess(principal_id=principal_id, service="iam", time=1, region="us-east-1")
                        for principal_id in (ACCOUNT, USER.id, ROLE.id, GROUP.id)
                    )
                ),
                f"service-uses/{OTHER}": layout.encode_entry(layout.ServiceUses(services={"iam": (1, "us-east-1")})),
            },
            (),
            [
                "a/111122223333/service-access/AGPAADMINS/iam is of the principal AGPAADMINS, who does not exist.",
                "service-uses/444455556666 is of an account that is not in the directory.",
            ],
            id="uses",
        ),
        pytest.param(
            put_records() | {"account/444455556666": layout.encode_entry(layout.AccountEntry(id=ACCOUNT, created=1))},
            (),
            [
                "account/444455556666 has another account's entry.",
                "account/444455556666 names an account that has no head.",
            ],
            id="directory-entry",
        ),
        pytest.param(
            put_records() | {"event/111122223333/2": b"{"},
            (),
            ["event/111122223333/2 cannot be read: Input data was truncated."],
            id="event",
        ),
        pytest.param(
            {"meta/data-key/2": b"[]"},
            (),
            ["meta/data-key/2 cannot be read: Expected `object`, got `array`."],
            id="data-key",
        ),
    ],
)
def test_what_does_not_fit_is_found(put: dict[str, bytes], delete: tuple[str, ...], expected: list[str]) -> None:
    assert sorted(asyncio.run(findings(put, delete))) == sorted(expected)


def test_a_log_that_leads_elsewhere_is_found() -> None:
    async def test() -> None:
        store, ring = await make_store()
        await store.commit(Transaction(expect={}, put=put_records(ROLE)))
        database = store._write_database
        database.begin_write()
        execute = database.connection.execute
        execute("UPDATE item SET entry = (SELECT min(id) FROM entry WHERE key = item.key) WHERE key LIKE '%role/role'")
        execute("DELETE FROM item WHERE key LIKE 'event/%'")
        execute("INSERT INTO item VALUES ('event/111122223333/9', (SELECT max(id) FROM entry))")
        database.commit()
        assert [str(finding) for finding in await check(store, None, ring) if finding.key] == [
            "a/111122223333/role/role has a current value of revision 2, but the log leads to another, of revision 3.",
            "event/111122223333/1 has no current value, but the log leads to one.",
            "event/111122223333/9 has a current value, but the log leads to none.",
        ]
        await store.close()

    asyncio.run(test())
