"""The contract as the etcd store keeps it, and what it promises beyond."""

import asyncio
import base64
import contextlib
import http.client
import ipaddress
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from iamd.store import etcd as engine
from iamd.store import etcd_feed
from iamd.store.etcd import EtcdStore
from iamd.store.etcd_settings import EtcdSettings, InvalidStore, parse_endpoints
from iamd.store.interface import Commit, Unavailable, Unknown
from tests.etcd import Cluster, cluster, free_ports, new_prefix, new_store, wait_until
from tests.faults.links import Links, links
from tests.replica.world import ACCOUNT, create_user, names, replica_of, settings
from tests.store.contract import SharedStoreContract, known, put, read_all, read_feed


class TestInEtcd(SharedStoreContract):
    at_once = False

    @pytest.fixture(autouse=True)
    def _cluster(self, etcd: Cluster) -> None:
        self.cluster = etcd
        self.prefixes: dict[Path, str] = {}

    def make(self, directory: Path) -> EtcdStore:
        prefix = self.prefixes.setdefault(directory, new_prefix())
        return EtcdStore(self.cluster.settings(prefix))


@contextlib.asynccontextmanager
async def opened(store: EtcdStore) -> AsyncIterator[EtcdStore]:
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def until(condition: Any) -> None:
    give_up = asyncio.get_running_loop().time() + 30
    while not condition():
        assert asyncio.get_running_loop().time() < give_up
        await asyncio.sleep(0.01)


# Who else uses the cluster --------------------------------------------------------------------------------------------


def test_stores_with_other_prefixes_see_nothing_of_each_other(etcd: Cluster) -> None:
    async def test() -> None:
        async with opened(new_store(etcd)) as one, opened(new_store(etcd)) as other:
            first = await one.commit(put({"a": b"1"}))
            await other.commit(put({"a": b"2"}))
            last = await one.commit(put({"b": b"3"}))
            assert [commit.revision for commit in await read_feed(one)] == [first, last]
            assert sorted(await read_all(other)) == ["a"]
            await other.compact(last)
            assert (await one.head())[1] == last
            assert one.poll(last) is False
            newest = await one.commit(put({"c": b"4"}))
            assert await one.changes(last) == [Commit(newest, {"c": b"4"}, frozenset())]

    asyncio.run(test())


# Following through disturbances ---------------------------------------------------------------------------------------


@pytest.fixture
def cut(etcd: Cluster) -> Iterator[tuple[Links, EtcdSettings]]:
    """A link to the member that can be cut, and settings that lead over it."""
    [member] = etcd.members
    with links([member.port] * 2, [member.peer_port] * 2) as between:
        way = EtcdSettings(endpoints=(f"127.0.0.1:{between.to_member[0][1].port}",), prefix=new_prefix())
        yield between, way
        between.isolated.clear()


def test_the_feed_goes_on_without_a_gap_after_the_member_was_out_of_reach(
    etcd: Cluster, cut: tuple[Links, EtcdSettings]
) -> None:
    between, way = cut

    async def test() -> None:
        async with opened(EtcdStore(way)) as far, opened(EtcdStore(etcd.settings(way.prefix))) as near:
            revisions = [await near.commit(put({"a": b"0"}))]
            assert await known(far, 0)
            between.isolated.add(1)
            revisions += [await near.commit(put({"a": b"%d" % number})) for number in range(50)]
            await until(lambda: far.contact().problem is not None)
            between.isolated.clear()
            await until(lambda: far.contact().problem is None)
            revisions.append(await near.commit(put({"a": b"last"})))
            assert await known(far, revisions[-2])
            assert [commit.revision for commit in await read_feed(far)] == revisions

    asyncio.run(test())


def test_who_was_away_while_history_was_compacted_reads_anew(etcd: Cluster, cut: tuple[Links, EtcdSettings]) -> None:
    between, way = cut

    async def test() -> None:
        async with (
            opened(EtcdStore(way)) as far,
            opened(EtcdStore(etcd.settings(way.prefix))) as near,
            replica_of(near) as here,
        ):
            await here.create_account(settings())
            async with replica_of(far) as there:
                assert names(await there.account(ACCOUNT)) == []
                between.isolated.add(1)
                await here.write(ACCOUNT, create_user("alice"))
                await near.compact(here.revision)
                await until(lambda: far.contact().problem is not None)
                assert names(await there.account(ACCOUNT)) == []
                between.isolated.clear()
                await until(lambda: there.revision == here.revision)
                assert (names(await there.account(ACCOUNT)), there.generation) == (["alice"], 1)

    asyncio.run(test())


def test_a_commit_whose_answer_is_lost_is_unknown_and_one_that_never_left_is_not_done(
    etcd: Cluster, cut: tuple[Links, EtcdSettings]
) -> None:
    between, way = cut

    async def test() -> None:
        async with opened(EtcdStore(way)) as far:
            await far.commit(put({"a": b"1"}))
            between.isolated.add(1)
            with pytest.raises(Unknown, match=r"^etcd did not say whether it wrote: "):
                await far.commit(put({"b": b"1"}), timeout=0.3)
        with pytest.raises(Unavailable, match=r"^The store is not open\.$"):
            await far.commit(put({"c": b"1"}), timeout=0.3)

    asyncio.run(test())


def test_what_nobody_takes_waits_in_etcd_and_not_in_memory(etcd: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(etcd_feed, "MAX_WAITING", 10)

    async def test() -> None:
        async with opened(new_store(etcd)) as store:
            revisions = [await store.commit(put({"a": b"%d" % number})) for number in range(200)]
            feed = store._feed
            await until(lambda: not feed._room.is_set())
            waiting = len(feed._commits)
            assert waiting < 200
            assert [commit.revision for commit in await read_feed(store)] == revisions
            store.let_go(revisions[-1])
            assert (len(feed._commits), feed._bytes) == (0, 0)

    asyncio.run(test())


def test_a_fault_of_the_feeds_own_stops_it_for_a_moment_only(
    etcd: Cluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    size = etcd_feed._size
    faults = [ZeroDivisionError()]

    def fail_once(commit: Commit) -> int:
        if faults:
            raise faults.pop()
        return size(commit)

    async def test() -> None:
        async with opened(new_store(etcd)) as store:
            revision = await store.commit(put({"a": b"1"}))
            await until(lambda: store._feed.position == revision)
            assert await store.changes(0) == [Commit(revision, {"a": b"1"}, frozenset())]
            assert store.contact().problem is None

    monkeypatch.setattr(etcd_feed, "_size", fail_once)
    asyncio.run(test())
    assert [record.message for record in caplog.records] == [
        "The watch of etcd ended by a fault of iamd, and begins anew."
    ]


def test_a_store_that_could_not_be_opened_opens_by_itself(tmp_path: Path) -> None:
    with cluster(on_disk=tmp_path / "etcd") as etcd:
        [member] = etcd.members
        member.kill()

        async def test() -> None:
            store = EtcdStore(etcd.settings("/iamd/"))
            for _ in range(2):
                with pytest.raises(Unavailable, match=r"^etcd cannot be reached: "):
                    await store.open()
            assert store.contact().age is None
            member.start()
            await until(lambda: store.contact().problem is None)
            revision = await store.commit(put({"a": b"1"}))
            assert await store.changes(0) == [Commit(revision, {"a": b"1"}, frozenset())]
            await store.close()

        asyncio.run(test())


def test_a_cluster_that_is_full_refuses_writes_in_words_and_is_read(tmp_path: Path) -> None:
    with cluster(1, "--quota-backend-bytes", "2000000") as etcd:

        async def test() -> None:
            async with opened(new_store(etcd)) as store:
                written, refusal = 0, ""
                while not refusal:
                    [outcome] = await asyncio.gather(
                        store.commit(put({f"k{written:03}": bytes(100_000)})), return_exceptions=True
                    )
                    written, refusal = (written + 1, "") if isinstance(outcome, int) else (written, str(outcome))
                    await asyncio.sleep(0.01)  # etcd looks at its size now and then
                assert refusal == (
                    "etcd is full and takes no writes: compact and defragment it, or raise its --quota-backend-bytes."
                )
                assert len(await read_all(store)) == written
                [finding] = await store.check()
                assert finding.startswith(f"etcd's member {etcd.members[0].endpoint} reports: ")
                assert "NOSPACE" in finding

        asyncio.run(test())


def test_members_that_are_gone_are_found_by_the_check(etcd: Cluster) -> None:
    async def test() -> None:
        here = etcd.settings(new_prefix())
        async with opened(EtcdStore(replace(here, endpoints=(*here.endpoints, "127.0.0.1:1")))) as store:
            assert await store.check() == [
                "etcd's member 127.0.0.1:1 does not answer: 127.0.0.1:1 takes no connection."
            ]

    asyncio.run(test())


# Users, passwords, certificates ---------------------------------------------------------------------------------------


def ask(port: int, path: str, **body: Any) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    with contextlib.closing(connection):
        connection.request("POST", path, json.dumps(body))
        response = connection.getresponse()
        assert response.status == 200, response.read()


def text(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def test_a_user_and_password_are_shown_and_shown_again_when_the_token_is_forgotten(tmp_path: Path) -> None:
    with cluster(on_disk=tmp_path / "etcd") as etcd:
        [member] = etcd.members
        ask(member.port, "/v3/auth/user/add", name="root", password="root-password")
        ask(member.port, "/v3/auth/user/grant", user="root", role="root")
        ask(member.port, "/v3/auth/user/add", name="iamd", password="iamd-password")
        ask(member.port, "/v3/auth/role/add", name="iamd")
        prefix = {"permType": "READWRITE", "key": text("/iamd/"), "range_end": text("/iamd0")}
        ask(member.port, "/v3/auth/role/grant", name="iamd", perm=prefix)
        ask(member.port, "/v3/auth/user/grant", user="iamd", role="iamd")
        ask(member.port, "/v3/auth/enable")
        here = replace(etcd.settings("/iamd/"), user="iamd", password="iamd-password")

        async def test() -> None:
            async with opened(EtcdStore(here)) as store, opened(EtcdStore(here)) as other:
                first = await store.commit(put({"a": b"1"}))
                assert await known(other, 0)
                assert await store.check() == []
                await asyncio.to_thread(member.kill)
                member.start()
                await until(lambda: other.contact().problem is not None)
                await asyncio.to_thread(wait_until, member.is_ready)
                await until(lambda: other.contact().problem is None)
                second = await store.commit(put({"b": b"1"}), timeout=20)
                assert await known(other, first)
                assert [commit.revision for commit in await read_feed(other)] == [first, second]
            for wrong, reason in (
                (replace(here, password="another"), "etcd refuses the user and password of the store."),
                (replace(here, prefix="/other/"), "etcd refuses this user: its role needs to read and write all keys"),
            ):
                refused = EtcdStore(wrong)
                with pytest.raises(Unavailable) as error:
                    await refused.open()
                await refused.close()
                assert str(error.value).startswith(reason)

        asyncio.run(test())


def certificate(directory: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate for loopback, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, SHA256())
    )
    paths = directory / f"{name}.pem", directory / f"{name}.key"
    paths[0].write_bytes(made.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths


def test_certificates_of_both_sides_are_asked_for_and_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server, client, stranger = (certificate(tmp_path, name) for name in ("server", "client", "stranger"))
    port, health = free_ports(2)
    made = Cluster(
        tmp_path,
        1,
        *("--listen-client-urls", f"https://127.0.0.1:{port}", "--advertise-client-urls", f"https://127.0.0.1:{port}"),
        *("--cert-file", str(server[0]), "--key-file", str(server[1]), "--listen-metrics-urls"),
        *(f"http://127.0.0.1:{health}", "--client-cert-auth", "--trusted-ca-file", str(client[0])),
        ports=[port],
    )
    made.members[0].health_port = health
    here = replace(made.settings("/iamd/"), ca=server[0], cert=client[0], key=client[1])

    async def test() -> None:
        async with opened(EtcdStore(here)) as store:
            revision = await store.commit(put({"a": b"1"}))
            assert await store.changes(0) == [Commit(revision, {"a": b"1"}, frozenset())]
        monkeypatch.setattr(engine, "OPEN_TIMEOUT", 0.7)
        for wrong in (
            replace(here, ca=stranger[0]),
            replace(here, cert=stranger[0], key=stranger[1]),
            replace(here, cert=None, key=None),
            replace(here, ca=None, cert=None, key=None),
        ):
            refused = EtcdStore(wrong)
            with pytest.raises(Unavailable, match=r"^etcd cannot be reached: "):
                await refused.open()
            await refused.close()
        missing = EtcdStore(replace(here, ca=tmp_path / "missing.pem"))
        with pytest.raises(Unavailable, match=rf"^{tmp_path}/missing.pem cannot be read: No such file or directory\.$"):
            await missing.open()

    try:
        made.start()
        asyncio.run(test())
    finally:
        made.stop()


# Settings -------------------------------------------------------------------------------------------------------------


def test_members_are_named_with_their_ports() -> None:
    assert parse_endpoints("etcd://h1:2379,h2:2380,[::1]:1,h-3.example.com/") == (
        "h1:2379",
        "h2:2380",
        "[::1]:1",
        "h-3.example.com:2379",
    )
    for url in ("etcd://", "etcd://h1,,h2", "etcd://h1/x", "etcd://user@h1", "http://h1", "etcd://h1:x"):
        with pytest.raises(InvalidStore):
            parse_endpoints(url)


def test_settings_do_not_show_the_password() -> None:
    settings = EtcdSettings(endpoints=("h1:1",), user="iamd", password="a-password")
    assert repr(settings) == "EtcdSettings(h1:1, prefix='/iamd/')"


@pytest.mark.parametrize("endpoint", ["127.0.0.1:1", "localhost:1", "[::1]:1"])
def test_loopback_needs_no_tls(endpoint: str) -> None:
    EtcdSettings(endpoints=(endpoint,)).verify()


@pytest.mark.parametrize("endpoint", ["192.0.2.1:1", "h1:1", "[2001:db8::1]:1"])
def test_beyond_loopback_tls_is_needed_unless_told_otherwise(endpoint: str) -> None:
    with pytest.raises(InvalidStore, match=r"^The store is on another machine, and without TLS anybody on the way "):
        EtcdSettings(endpoints=("127.0.0.1:1", endpoint)).verify()
    EtcdSettings(endpoints=(endpoint,), ca=Path("ca.pem")).verify()
    EtcdSettings(endpoints=(endpoint,), insecure=True).verify()
