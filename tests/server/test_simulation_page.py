"""The commands of docs/simulation.md, word for word but for the account's number."""

import re
from pathlib import Path
from typing import Any

from tests.server.process import ACCOUNT_ID, ROOT_KEY_ID, ROOT_SECRET, ServerProcess
from tests.server.shell import Shell

PAGE = Path(__file__).parents[2] / "docs" / "simulation.md"
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)


def test_the_page_can_be_typed(server: ServerProcess, tmp_path: Path) -> None:
    assert ACCOUNT_ID == "111122223333"
    shell = Shell(
        tmp_path,
        AWS_ENDPOINT_URL=server.endpoint,
        AWS_DEFAULT_REGION="us-east-1",
        AWS_ACCESS_KEY_ID=ROOT_KEY_ID,
        AWS_SECRET_ACCESS_KEY=ROOT_SECRET,
    )
    alice, custom, keys, credentials, advisor, words = BLOCKS
    make_alice, put_policy, simulate = re.split(r"^(?=aws )", alice, flags=re.MULTILINE)[1:]
    shell.succeed(make_alice)
    shell.succeed(put_policy)
    decisions: list[Any] = [
        [each["EvalResourceDecision"] for each in result["ResourceSpecificResults"]]
        for result in shell.succeed(simulate)["EvaluationResults"]
    ]
    assert decisions == [["allowed", "implicitDeny"], ["allowed", "implicitDeny"]]
    [result] = shell.succeed(custom)["EvaluationResults"]
    assert (result["EvalDecision"], result["PermissionsBoundaryDecisionDetail"]) == (
        "implicitDeny",
        {"AllowedByPermissionsBoundary": False},
    )
    assert shell.succeed(keys)["ContextKeyNames"] == ["aws:username", "aws:SecureTransport"]
    report = shell.run(credentials).stdout
    assert '"State": "STARTED"' in report
    assert "user,arn,user_creation_time" in report
    assert "\nalice,arn:aws:iam::111122223333:user/alice," in report
    told = shell.run(advisor).stdout
    assert '"ServiceNamespace": "s3"' in told
    assert '"PolicyName": "home"' in told
    assert shell.succeed(words)["SummaryContent"] == (
        "1. Permite: todas las acciones de todos los servicios. Recursos: todos los recursos."
    )
