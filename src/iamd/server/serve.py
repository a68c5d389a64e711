"""``iamd serve``: from settings to a server that answers, in one process or several."""

import asyncio
import errno
import gc
import logging
import os
import resource
import socket
import ssl
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial
from typing import Any, NamedTuple, TypeVar

import msgspec
import uvloop

from iamd.account.directory import Directory
from iamd.call import now
from iamd.errors import ServiceUnavailable
from iamd.iam.aws_managed import InvalidPolicyFile, load_aws_managed_policies
from iamd.iam.role_templates import InvalidTemplateFile, load_role_templates
from iamd.server.apart import run_apart
from iamd.server.app import App
from iamd.server.first_start import create_accounts, find_accounts_without_administrator
from iamd.server.greeting import Greeting, make_greeting
from iamd.server.housekeeping import Housekeeper
from iamd.server.logs import configure_logs
from iamd.server.metrics import Board
from iamd.server.node import Node
from iamd.server.operations import SERVICES, operation_functions
from iamd.server.organizations import found_organizations
from iamd.server.places import store_path
from iamd.server.seeds import Seed, find_seeds
from iamd.server.settings import Settings, SettingsError
from iamd.server.webhook import recorded_actions
from iamd.server.worker import Server
from iamd.server.workers import CANNOT_START, Supervisor
from iamd.store.interface import Unavailable
from iamd.store.master_keys import MasterKeyError
from iamd.store.opening import make_store

T = TypeVar("T")

_MANY_ACCOUNTS = 10  # more are not looked at for administrators, which would load them all
_CANNOT_START = (SettingsError, Unavailable, ServiceUnavailable, MasterKeyError, InvalidPolicyFile, InvalidTemplateFile)

_logger = logging.getLogger("iamd.server")


class _Plan(NamedTuple):
    """What is made of the settings before anything is served; forked workers share it."""

    settings: Settings
    listener: socket.socket
    tls: ssl.SSLContext | None
    seeds: Sequence[Seed]
    new_directory: Callable[[], Directory]  # that knows what is not stored
    board: Board


def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; the exit status. Raises SettingsError, with the next step, if it cannot start."""
    os.umask(0o077)  # the store is its owner's alone
    _occupy_standard_streams()
    configure_logs(settings.log_level, settings.log_format)
    try:
        plan = _plan(settings)
        if settings.workers == 1:
            return _run(_serve_alone(plan))
        greeting = _prepare_apart(plan) if settings.store is not None else _run(_prepare(plan))
        supervisor = Supervisor(settings.workers, partial(_run_worker, plan), plan.listener.close)
        return supervisor.run(lambda: _print(greeting))
    except _CANNOT_START as error:
        raise SettingsError(str(error)) from error


def _plan(settings: Settings) -> _Plan:
    settings.verify()
    seeds = find_seeds(settings)
    tls = settings.tls_context()
    policies = load_aws_managed_policies(settings.aws_managed_policies)
    templates = load_role_templates(settings.role_templates)
    listener = settings.listen()
    new_directory = partial(
        Directory,
        policies,
        role_templates=templates,
        approves_quota_increases=settings.quota_increases == "automatic",
        public_url=settings.public_url or settings.endpoint_url(listener),
        recorded_actions=recorded_actions(settings.webhooks),
    )
    if not settings.dev:
        settings.make_data_dir()
    _allow_open_files(settings.limits.max_connections + 256)
    for service in SERVICES:
        operation_functions(service)  # now rather than at the first request, and once for all workers
    gc.freeze()
    return _Plan(settings, listener, tls, seeds, new_directory, Board(settings.workers))


async def _serve_alone(plan: _Plan) -> int:
    node = await Node.open(plan.settings, plan.new_directory)
    try:
        greeting = await _greet(plan, node)
        await _serve(plan, node, worker=0, on_start=lambda: _print(greeting))
    finally:
        await node.close()
    return 0


async def _prepare(plan: _Plan) -> Greeting:
    """The first start, before there are workers; the greeting."""
    node = await Node.open(plan.settings, plan.new_directory)
    try:
        return await _greet(plan, node)
    finally:
        await node.close()


def _prepare_apart(plan: _Plan) -> Greeting:
    """``_prepare`` in a process of its own: gRPC has threads, and a process that had threads had better not fork."""

    def prepare() -> bytes:
        try:
            return msgspec.json.encode(_run(_prepare(plan)))
        except _CANNOT_START as error:
            return msgspec.json.encode(str(error))

    answer = msgspec.json.decode(run_apart(prepare), type=Greeting | str)
    if isinstance(answer, str):
        raise SettingsError(answer)
    return answer


def _run_worker(plan: _Plan, worker: int, lifeline: int) -> int:
    async def work() -> int:
        node = await Node.open(plan.settings, plan.new_directory, worker)
        try:
            await _serve(plan, node, worker, lifeline=lifeline)
        finally:
            await node.close()
        return 0

    configure_logs(plan.settings.log_level, plan.settings.log_format, worker)
    try:
        return _run(work())
    except _CANNOT_START as error:
        _logger.error("Worker %d cannot start: %s", worker, error)
        return CANNOT_START


async def _greet(plan: _Plan, node: Node) -> Greeting:
    """Create the accounts asked for; the greeting says how to reach and use them."""
    endpoint_url = plan.settings.endpoint_url(plan.listener)
    home = plan.settings.home
    if node.health().status == "stale":  # what is asked for is created by a later start
        return make_greeting(endpoint_url, home, [], [])
    new_accounts = await create_accounts(node.replica, node.sealer, plan.seeds, now())
    await found_organizations(node.replica, plan.seeds)
    account_ids = sorted(node.replica.directory.account_ids)
    if len(account_ids) > _MANY_ACCOUNTS:
        account_ids = []
    without_administrator = await find_accounts_without_administrator(node.replica, account_ids)
    if plan.settings.dev:
        await node.remember()
        without_administrator = []
    return make_greeting(endpoint_url, home, new_accounts, without_administrator)


def _print(greeting: Greeting) -> None:
    """Raises SettingsError if a new secret cannot be shown, since it is shown only now."""
    try:
        if sys.stdout is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        sys.stdout.write(greeting.text)
        sys.stdout.flush()
    except OSError as error:
        sys.stdout = None  # or Python tries once more at exit
        if greeting.shows_secret:
            raise SettingsError(
                f"The new root user's access key cannot be shown: standard output fails ({error.strerror}). Remove the "
                "data directory and start again, or choose the key with IAMD_ROOT_ACCESS_KEY_ID and "
                "IAMD_ROOT_SECRET_ACCESS_KEY."
            ) from error


async def _serve(
    plan: _Plan,
    node: Node,
    worker: int,
    *,
    lifeline: int | None = None,
    on_start: Callable[[], None] | None = None,
) -> None:
    settings = plan.settings
    log = configure_logs(settings.log_level, settings.log_format, worker if settings.workers > 1 else None)
    app = App(node, log, plan.board, worker, dev=settings.dev, region=settings.region)
    server = Server(app, settings.limits, plan.tls, on_start)
    if lifeline is not None:
        asyncio.get_running_loop().add_reader(lifeline, server.stop)
    if worker or settings.dev:
        await server.serve([plan.listener])
        return
    housekeeper = Housekeeper(node.replica, settings.keep_history, settings.keep_events)
    housekeeper.start()
    try:
        async with _delivering(settings):
            await server.serve([plan.listener])
    finally:
        await housekeeper.stop()


def _delivering(settings: Settings) -> AbstractAsyncContextManager[None]:
    """Delivers events to webhooks meanwhile, if there are any."""
    if not settings.webhooks:
        return nullcontext()
    from iamd.server.webhook_delivery import delivering

    return delivering(settings.webhooks, make_store(settings.store, store_path(settings.data_dir)))


def _run(main: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


def _occupy_standard_streams() -> None:
    """Open what was closed, or the next file or connection would get its number, and then what is meant for it."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def _allow_open_files(wanted: int) -> None:
    """Raise the soft limit on open files as far as is needed and allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
