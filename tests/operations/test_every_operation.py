"""Every operation of the installed models, through boto3 against a real server: it succeeds, it refuses with each error
that it can raise, strangers are denied, and what it made is there after a restart.
"""

import json
from pathlib import Path

import pytest

from iamd.server.operations import operation_functions
from iamd.wire.models import load_service, operation_names
from tests.iam.test_role_templates import version
from tests.operations.pending import PENDING
from tests.operations.quotas import QUOTAS
from tests.operations.story import Story, start
from tests.operations.table import DELETES, READS, ROWS, WRITES
from tests.operations.unreached import NEVER, NEVER_IN_SERVICE_QUOTAS, UNREACHED

# What is left when all that can go has gone.
LISTS = tuple(row for row in READS if row.operation.startswith("List") and not row.input and row.service == "iam")


def rows_of(service: str) -> set[str]:
    return {row.operation for row in ROWS if row.service == service}


@pytest.mark.parametrize("service", sorted(PENDING))
def test_every_operation_of_the_models_is_written_or_pending(service: str) -> None:
    unknown = set(operation_names(service)) - set(operation_functions(service)) - PENDING[service]
    assert unknown == set(), "write these, or name them in tests/operations/pending.py"


@pytest.mark.parametrize("service", ["iam", "service-quotas"])
def test_every_operation_that_is_written_has_its_row(service: str) -> None:
    assert set(operation_functions(service)) - rows_of(service) - PENDING[service] == set()
    assert rows_of(service) & PENDING[service] == set(), "what has a row is pending no more"


@pytest.mark.parametrize("operation", sorted({row.operation for row in ROWS}))
def test_every_error_that_an_operation_can_raise_has_its_row(operation: str) -> None:
    rows = [row for row in ROWS if row.operation == operation]
    model = load_service(rows[0].service).operations[operation]
    declared = {error.code for error in model.errors}
    declared -= NEVER if rows[0].service == "iam" else NEVER_IN_SERVICE_QUOTAS
    unreached = {code for code, operations in UNREACHED.items() if operation in operations}
    assert unreached <= declared, "these are not even declared"
    shown = {code for row in rows for code in (*row.refusals, *row.after)}
    if any(quota.operation == operation for quota in QUOTAS):
        shown.add("LimitExceeded")
    assert declared - unreached == shown & declared
    assert not shown & unreached


def test_the_whole_table_as_one_story(tmp_path: Path) -> None:
    templates = tmp_path / "templates.json"
    broken = {"Version": "2012-10-17", "Statement": []}
    templates.write_text(
        json.dumps([version(), version(2, Enabled=False), version(3, AssumeRolePolicyDocumentTemplate=broken)])
    )
    arguments = ("--role-templates", str(templates), "--public-url", "https://iamd.example.com")
    with start(tmp_path, *arguments) as server:
        story = Story(server)
        server.client("iam", *story.callers["root"]).create_user(UserName="stranger")
        story.enter("stranger", "stranger")
        story.play(WRITES, stranger="stranger")
        before = story.play(READS, stranger="stranger")
        server.stop()
    with start(tmp_path, *arguments) as server:
        story.restart(server)
        again = story.play(READS)
        for name in ("alice", "robert"):
            story.enter(name, name)
        for row in DELETES:  # these before there is a password policy that lets users change their passwords
            if row.caller != "root":
                story.refuse(row, "AccessDenied", row.input, "stranger")
        story.play(DELETES, stranger="stranger")
        after = story.play(LISTS)
        server.stop()
    with start(tmp_path, *arguments) as server:
        story.restart(server)
        assert story.play(LISTS) == after
    assert story.problems == []
    assert {READS[number].operation for number in before if before[number] != again[number]} == set()
