"""Webhooks: chosen events, signed, each at least once, whatever goes away meanwhile."""

import asyncio
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import pytest

from iamd.server.event_log import Event
from iamd.server.webhook import InvalidWebhooks, Webhook, read_webhooks, recorded_actions
from iamd.server.webhook_delivery import CLAIM, Delivery, NotTaken, send, signature
from iamd.store.interface import Transaction
from iamd.store.sqlite import SQLiteStore
from tests.cli.command import succeeded
from tests.server.process import ACCOUNT_ID, ServerProcess
from tests.server.receiver import Receiver

SECRET = "a-shared-secret-of-tests"
TIMEOUT = 60.0  # seconds
NOW = 1_700_000_000.0


def webhook(url: str, *actions: str, **more: Any) -> Webhook:
    return Webhook(name="security", url=url, secret=SECRET, actions=actions or ("iam:*",), **more)


# With a server --------------------------------------------------------------------------------------------------------


def write(home: Path, *webhooks: Webhook) -> Path:
    file = home / "webhooks.json"
    described = [
        {
            "name": each.name,
            "url": each.url,
            "secret": each.secret,
            "actions": each.actions,
            "resources": each.resources,
        }
        for each in webhooks
    ]
    file.write_text(json.dumps({"webhooks": described}))
    file.chmod(0o600)
    return file


def test_chosen_events_are_sent_and_signed(tmp_path: Path) -> None:
    with Receiver() as receiver:
        file = write(tmp_path, webhook(receiver.url, "iam:CreateUser", "iam:ListUsers"))
        with ServerProcess(tmp_path, "--webhooks", str(file)) as server:
            iam = server.client()
            iam.create_group(GroupName="staff")
            iam.create_user(UserName="alice")
            iam.list_users()  # chosen, so it is recorded though it changes nothing
            iam.list_groups()
            receiver.wait_for(2)
            server.stop()
        assert receiver.names() == ["CreateUser", "ListUsers"]
        for each in receiver.received:
            timestamp = each.headers["X-Iamd-Timestamp"]
            expected = hmac.new(SECRET.encode(), timestamp.encode() + b"." + each.body, hashlib.sha256).hexdigest()
            assert each.headers["X-Iamd-Signature"] == f"v1={expected}"
            assert each.headers["X-Iamd-Event-Id"] == each.event["eventID"]
            assert each.headers["Content-Type"] == "application/json"
        assert SECRET not in server.log()
        assert succeeded(tmp_path, "check", "--data-dir", str(server.data_dir)).endswith(" is in order.\n")


def test_what_was_not_taken_comes_after_a_restart_and_what_was_does_not(tmp_path: Path) -> None:
    with Receiver() as receiver:
        file = write(tmp_path, webhook(receiver.url, "iam:CreateUser"))
        with ServerProcess(tmp_path, "--webhooks", str(file), "--workers", "2") as server:
            server.client().create_user(UserName="alice")
            receiver.wait_for(1)
            receiver.status = 500
            server.client().create_user(UserName="bob")
            deadline = time.monotonic() + TIMEOUT
            while "was not taken: it answered 500." not in server.log():
                assert time.monotonic() < deadline
                time.sleep(0.01)
            server.stop()
        before = len(receiver.received)
        receiver.status = 200
        with ServerProcess(tmp_path, "--webhooks", str(file)) as server:
            receiver.wait_for(before + 1)
            server.client().create_user(UserName="carol")
            receiver.wait_for(before + 2)
        users = [each.event["requestParameters"]["userName"] for each in receiver.received]
        assert users[0] == "alice"
        assert set(users[1:before]) == {"bob"}
        assert users[before:] == ["bob", "carol"]
        ids = [each.event["eventID"] for each in receiver.received[1 : before + 1]]
        assert len(set(ids)) == 1


def test_a_new_webhook_begins_with_what_comes(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        server.client().create_user(UserName="alice")
        server.stop()
    with Receiver() as receiver:
        file = write(tmp_path, webhook(receiver.url))
        with ServerProcess(tmp_path, "--webhooks", str(file)) as server:
            server.client().create_user(UserName="bob")
            receiver.wait_for(1)
        assert [each.event["requestParameters"]["userName"] for each in receiver.received] == ["bob"]


# One delivery on a store ----------------------------------------------------------------------------------------------


class Scene:
    """A store with events, and deliveries from it."""

    def __init__(self, store: SQLiteStore, receiver: Receiver) -> None:
        self.store = store
        self.receiver = receiver
        self.now = NOW
        self.count = 0

    async def delivery(self, *actions: str, **more: Any) -> Delivery:
        delivery = Delivery(webhook(self.receiver.url, *actions, **more), self.store, lambda: self.now)
        await delivery.open()
        return delivery

    async def event(self, name: str, *more_names: str) -> None:
        """A commit with events."""
        put = {}
        for each in (name, *more_names):
            self.count += 1
            id = f"{int(self.now * 1000) + self.count:013}-{self.count:06}-00000000"
            record = {"eventSource": "iam.amazonaws.com", "eventName": each, "eventID": str(self.count)}
            put[f"event/{ACCOUNT_ID}/{id}"] = json.dumps(record).encode()
        await self.store.commit(Transaction(expect={}, put=put))


def play(scene: Any, tmp_path: Path) -> None:
    async def run() -> None:
        store = SQLiteStore(tmp_path / "iamd.db")
        await store.open()
        try:
            await scene(Scene(store, receiver))
        finally:
            await store.close()

    with Receiver() as receiver:
        asyncio.run(run())


def test_each_chosen_event_is_delivered_once_in_order(tmp_path: Path) -> None:
    async def scene(given: Scene) -> None:
        delivery = await given.delivery("iam:A*")
        await given.event("A1", "B", "A2")
        await given.event("B")
        await given.event("A3")
        await delivery.deliver_all()
        await delivery.deliver_all()
        await (await given.delivery("iam:A*")).deliver_all()
        assert given.receiver.names() == ["A1", "A2", "A3"]

    play(scene, tmp_path)


def test_an_event_that_is_not_taken_holds_up_those_behind_it_and_no_others_are_sent_again(tmp_path: Path) -> None:
    async def scene(given: Scene) -> None:
        delivery = await given.delivery()
        await given.event("A")
        await delivery.deliver_all()
        given.receiver.status = 302  # nowhere is gone on to
        await given.event("B")
        await given.event("C")
        for _ in range(2):
            with pytest.raises(NotTaken, match=r"event 2 was not taken: it answered 302\."):
                await delivery.deliver_all()
        given.receiver.status = 200
        await delivery.deliver_all()
        assert given.receiver.names() == ["A", "B", "B", "B", "C"]

    play(scene, tmp_path)


def test_of_two_processes_one_delivers_and_the_other_takes_over_when_that_one_is_gone(tmp_path: Path) -> None:
    async def scene(given: Scene) -> None:
        one, two = await given.delivery(), await given.delivery()
        await given.event("A")
        assert await one._claim()  # and dies before it has delivered
        await two.deliver_all()
        assert given.receiver.names() == []
        given.now += CLAIM
        await two.deliver_all()
        await one.deliver_all()
        await given.event("B")
        await one.deliver_all()
        await two.deliver_all()
        assert given.receiver.names() == ["A", "B"]

    play(scene, tmp_path)


def test_where_the_log_was_compacted_events_are_found_by_their_time(tmp_path: Path) -> None:
    async def scene(given: Scene) -> None:
        delivery = await given.delivery()
        await given.event("A")
        await delivery.deliver_all()
        given.now += 3600
        await given.event("B")
        await given.event("C")
        await given.store.compact((await given.store.head())[1])
        await (await given.delivery()).deliver_all()
        await given.event("D")
        await (await given.delivery()).deliver_all()
        # What is a minute or less older than the cursor comes a second time: clocks of processes differ.
        assert given.receiver.names() == ["A", "A", "B", "C", "D"]

    play(scene, tmp_path)


def test_the_cursor_follows_a_log_without_chosen_events_only_now_and_then(tmp_path: Path) -> None:
    async def scene(given: Scene) -> None:
        delivery = await given.delivery("sts:*")
        await given.event("A")
        _, before = await given.store.head()
        await delivery.deliver_all()
        assert (await given.store.head())[1] == before

    play(scene, tmp_path)


def test_a_receiver_that_is_away_is_told() -> None:
    with Receiver() as receiver:
        url = receiver.url
    problem = send(webhook(url), Event(ACCOUNT_ID, "1", b"{}", {}), 0)
    assert problem == "ConnectionRefusedError: [Errno 111] Connection refused"


def test_the_signature_is_over_time_and_body() -> None:
    expected = "v1=" + hmac.new(b"key", b"17.{}", hashlib.sha256).hexdigest()
    assert signature("key", 17, b"{}") == expected


# The file -------------------------------------------------------------------------------------------------------------

GOOD = {"name": "a", "url": "https://alerts.example.com/x", "secret": SECRET, "actions": ["iam:*"]}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"name": "A b"}, "'A b' is no name"),
        ({"url": "http://alerts.example.com/"}, "needs an https URL; http is for loopback alone"),
        ({"url": "file:///etc/passwd"}, "needs an https URL"),
        ({"url": "https:///x"}, "needs an https URL"),
        ({"secret": "short"}, "The secret of the webhook a needs 16 characters."),
        ({"actions": []}, "The webhook a has no actions."),
        ({"action": []}, "Object contains unknown field `action`"),
    ],
)
def test_what_is_no_webhook(tmp_path: Path, change: dict[str, Any], problem: str) -> None:
    file = tmp_path / "webhooks.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps({"webhooks": [GOOD]}))
    assert [each.name for each in read_webhooks(file)] == ["a"]
    file.write_text(json.dumps({"webhooks": [GOOD | change]}))
    with pytest.raises(InvalidWebhooks) as caught:
        read_webhooks(file)
    assert problem in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "webhooks.toml"
    file.write_text('[[webhooks]]\nname = "a"\nurl = "https://x"\nsecret = "0123456789abcdef"\nactions = ["*"]\n')
    file.chmod(0o640)
    with pytest.raises(InvalidWebhooks, match="holds secrets, and others may read it: chmod 600"):
        read_webhooks(file)
    file.chmod(0o600)
    assert read_webhooks(file)[0].actions == ("*",)
    assert repr(read_webhooks(file)) == "(Webhook('a'),)"


def test_two_webhooks_have_two_names(tmp_path: Path) -> None:
    file = tmp_path / "webhooks.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps({"webhooks": [GOOD, GOOD]}))
    with pytest.raises(InvalidWebhooks, match="two webhooks have one name"):
        read_webhooks(file)


def test_what_is_recorded_is_what_webhooks_choose() -> None:
    chosen = recorded_actions(
        [
            webhook("https://x", "sts:AssumeRole", resources=("*:role/emergency/*",)),
            webhook("https://x", "getCallerIdentity"),
        ]
    )
    assert chosen == {"sts:AssumeRole": ("*:role/emergency/*",), "sts:GetCallerIdentity": ("*",)}
