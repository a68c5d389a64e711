"""Ten thousand live sessions of one role, or any number: nothing of them is kept, and each is one."""

import gc
import sys

from iamd.authentication.session_token import open_session_token, session_caller
from iamd.sts.assume_role import assume_role
from tests.iam.world import ACCOUNT_ID
from tests.sts.cloud import Cloud, trust

SESSIONS = 10_000
SAMPLE = 100  # of them, kept to be opened


def test_live_sessions_take_no_memory(cloud: Cloud) -> None:
    world = cloud.worlds[ACCOUNT_ID]
    role = cloud.role("Busy", trust(f"arn:aws:iam::{ACCOUNT_ID}:user/alice"))
    alice = cloud.user("alice")
    kept = []

    def issue(number: int) -> None:
        call = world.call("AssumeRole", alice)
        output, changes = assume_role(world.account, {"RoleArn": role, "RoleSessionName": f"session-{number}"}, call)
        assert changes == []
        if number % (SESSIONS // SAMPLE) == 0:
            kept.append(output)

    for number in range(1000):  # what is made once is made
        issue(number)
    gc.collect()
    before = sys.getallocatedblocks()
    for number in range(1000, SESSIONS):
        issue(number)
    gc.collect()
    assert sys.getallocatedblocks() - before < SESSIONS // 4  # those kept for the sample have some, the others not one
    names = set()
    for output in kept:
        credentials = output["Credentials"]
        opened = open_session_token(
            credentials["SessionToken"], credentials["AccessKeyId"], world.sealer, world.time + 3599
        )
        names.add(session_caller(opened, credentials["AccessKeyId"], world.account).arn)
    assert len(names) == SAMPLE
