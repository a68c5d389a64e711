"""Random histories of users, groups and keys: each call does what a small model says, and the account stays whole."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from iamd.account.records import Settings, decode_record, encode_record
from iamd.account.state import Account
from iamd.errors import ServiceError
from iamd.iam.access_keys import create_access_key, delete_access_key, list_access_keys, update_access_key
from iamd.iam.groups import (
    add_user_to_group,
    create_group,
    delete_group,
    get_group,
    list_groups,
    list_groups_for_user,
    remove_user_from_group,
    update_group,
)
from iamd.iam.users import create_user, delete_user, list_users, update_user
from tests.iam.world import ACCOUNT_ID, CREATED, World

NAMES = st.sampled_from(["a", "A", "b", "B", "c"])
PATHS = st.sampled_from(["/", "/x/"])
USERS, GROUPS, GROUPS_PER_USER, KEYS = 2, 2, 1, 2  # quotas small enough to be met often


@dataclass
class ModelUser:
    name: str
    groups: set[str] = field(default_factory=set)  # lower-case names
    keys: list[str] = field(default_factory=list)


class Histories(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        quotas = {"Users": USERS, "Groups": GROUPS, "GroupsPerUser": GROUPS_PER_USER}
        self.world.put(Settings(account_id=ACCOUNT_ID, created=CREATED, quotas=quotas))
        self.users: dict[str, ModelUser] = {}  # by lower-case name
        self.groups: dict[str, str] = {}  # lower-case name → name
        self.ids: list[str] = []  # all ever given

    def run(self, expected: str, operation: Any, **input: str) -> dict[str, Any]:
        """Run and check the outcome: the error code expected, or none."""
        outcome, output = "", {}
        try:
            output = self.world.run(operation, **input)
        except ServiceError as error:
            outcome = error.code
        assert outcome == expected
        return output

    def has_user(self, name: str) -> bool:
        return name.lower() in self.users and self.users[name.lower()].name == name

    def has_group(self, name: str) -> bool:
        return self.groups.get(name.lower()) == name

    # Users

    @rule(name=NAMES, path=PATHS)
    def create_user(self, name: str, path: str) -> None:
        exists = name.lower() in self.users
        full = len(self.users) == USERS
        output = self.run(
            "EntityAlreadyExists" if exists else "LimitExceeded" if full else "", create_user, UserName=name, Path=path
        )
        if output:
            self.users[name.lower()] = ModelUser(name)
            self.ids.append(output["User"]["UserId"])

    @rule(name=NAMES, new=NAMES, path=PATHS)
    def update_user(self, name: str, new: str, path: str) -> None:
        expected = ""
        if not self.has_user(name):
            expected = "NoSuchEntity"
        elif new.lower() != name.lower() and new.lower() in self.users:
            expected = "EntityAlreadyExists"
        self.run(expected, update_user, UserName=name, NewUserName=new, NewPath=path)
        if not expected:
            user = self.users.pop(name.lower())
            user.name = new
            self.users[new.lower()] = user

    @rule(name=NAMES)
    def delete_user(self, name: str) -> None:
        expected = "" if self.has_user(name) else "NoSuchEntity"
        if not expected and (self.users[name.lower()].groups or self.users[name.lower()].keys):
            expected = "DeleteConflict"
        self.run(expected, delete_user, UserName=name)
        if not expected:
            del self.users[name.lower()]

    # Groups

    @rule(name=NAMES)
    def create_group(self, name: str) -> None:
        exists = name.lower() in self.groups
        full = len(self.groups) == GROUPS
        output = self.run(
            "EntityAlreadyExists" if exists else "LimitExceeded" if full else "", create_group, GroupName=name
        )
        if output:
            self.groups[name.lower()] = name
            self.ids.append(output["Group"]["GroupId"])

    @rule(name=NAMES, new=NAMES)
    def update_group(self, name: str, new: str) -> None:
        expected = ""
        if not self.has_group(name):
            expected = "NoSuchEntity"
        elif new.lower() != name.lower() and new.lower() in self.groups:
            expected = "EntityAlreadyExists"
        self.run(expected, update_group, GroupName=name, NewGroupName=new)
        if not expected:
            del self.groups[name.lower()]
            self.groups[new.lower()] = new
            for user in self.users.values():
                if name.lower() in user.groups:
                    user.groups = user.groups - {name.lower()} | {new.lower()}

    @rule(name=NAMES)
    def delete_group(self, name: str) -> None:
        expected = "" if self.has_group(name) else "NoSuchEntity"
        if not expected and any(name.lower() in user.groups for user in self.users.values()):
            expected = "DeleteConflict"
        self.run(expected, delete_group, GroupName=name)
        if not expected:
            del self.groups[name.lower()]

    @rule(name=NAMES, group=NAMES)
    def add_user_to_group(self, name: str, group: str) -> None:
        expected = "" if self.has_user(name) and self.has_group(group) else "NoSuchEntity"
        if not expected:
            groups = self.users[name.lower()].groups
            if group.lower() not in groups and len(groups) == GROUPS_PER_USER:
                expected = "LimitExceeded"
        self.run(expected, add_user_to_group, UserName=name, GroupName=group)
        if not expected:
            self.users[name.lower()].groups.add(group.lower())

    @rule(name=NAMES, group=NAMES)
    def remove_user_from_group(self, name: str, group: str) -> None:
        expected = "" if self.has_user(name) and self.has_group(group) else "NoSuchEntity"
        self.run(expected, remove_user_from_group, UserName=name, GroupName=group)
        if not expected:
            self.users[name.lower()].groups.discard(group.lower())

    # Keys

    @rule(name=NAMES)
    def create_access_key(self, name: str) -> None:
        expected = "" if self.has_user(name) else "NoSuchEntity"
        if not expected and len(self.users[name.lower()].keys) == KEYS:
            expected = "LimitExceeded"
        output = self.run(expected, create_access_key, UserName=name)
        if output:
            self.users[name.lower()].keys.append(output["AccessKey"]["AccessKeyId"])
            self.ids.append(output["AccessKey"]["AccessKeyId"])

    @rule(name=NAMES, which=st.integers(0, 7), status=st.sampled_from(["Active", "Inactive", "delete"]))
    def update_or_delete_access_key(self, name: str, which: int, status: str) -> None:
        if not self.ids:
            return
        key_id = self.ids[-1 - which % len(self.ids)]  # of another user, of no key at all, or gone
        owned = self.has_user(name) and key_id in self.users[name.lower()].keys
        expected = "" if owned else "NoSuchEntity"
        if status != "delete":
            self.run(expected, update_access_key, UserName=name, AccessKeyId=key_id, Status=status)
        else:
            self.run(expected, delete_access_key, UserName=name, AccessKeyId=key_id)
            if owned:
                self.users[name.lower()].keys.remove(key_id)

    # What holds at any time

    @invariant()
    def listings_agree_with_the_model(self) -> None:
        run = self.world.run
        names = [user["UserName"] for user in run(list_users)["Users"]]
        assert names == [self.users[key].name for key in sorted(self.users)]
        assert [group["GroupName"] for group in run(list_groups)["Groups"]] == [
            self.groups[key] for key in sorted(self.groups)
        ]
        for user in self.users.values():
            groups = run(list_groups_for_user, UserName=user.name)["Groups"]
            assert [group["GroupName"].lower() for group in groups] == sorted(user.groups)
            keys = run(list_access_keys, UserName=user.name)["AccessKeyMetadata"]
            assert [key["AccessKeyId"] for key in keys] == user.keys
        for key, name in self.groups.items():
            members = [user["UserName"] for user in run(get_group, GroupName=name)["Users"]]
            assert members == [self.users[user].name for user in sorted(self.users) if key in self.users[user].groups]

    @invariant()
    def ids_are_never_given_twice(self) -> None:
        assert len(set(self.ids)) == len(self.ids)

    @invariant()
    def the_account_is_what_its_stored_records_make_it(self) -> None:
        self.world.verify_indexes()
        records = [record for table in self.world.records().values() for record in table.values()]
        stored = [decode_record(record.kind, encode_record(record)) for record in records]
        assert stored == records
        reloaded = Account(ACCOUNT_ID, self.world.directory, reversed(stored))
        for user in self.world.account.users:
            assert reloaded.access_keys_of(user.id) == self.world.account.access_keys_of(user.id)
            assert reloaded.groups_of(user) == self.world.account.groups_of(user)


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
