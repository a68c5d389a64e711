"""Whoever holds a presigned GetCallerIdentity may send it, once or often, and learns who signed it."""

import base64
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.clients.install import JAVASCRIPT, go_program, node
from tests.clients.life import iam_arn, printed, root_environment
from tests.server.process import ACCOUNT_ID, ServerProcess

ROOT = {"Account": ACCOUNT_ID, "Arn": iam_arn("root"), "UserId": ACCOUNT_ID}
PRESIGNERS: Mapping[str, Callable[[ServerProcess], str]] = {
    # A URL is asked with GET; of its own accord botocore presigns the method of the model, which is POST.
    "boto3": lambda server: server.client("sts").generate_presigned_url("get_caller_identity", HttpMethod="GET"),
    "Go": lambda server: printed([go_program(), "presigned"], root_environment(server)),
    "npm aws4": lambda server: printed([node(), JAVASCRIPT / "presigned.mjs"], root_environment(server)),
}


def sent(url: str, **headers: str) -> str:
    """The body of the answer; a refusal raises."""
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as response:  # noqa: S310 - loopback
        return response.read().decode()


@pytest.mark.parametrize("presigner", PRESIGNERS)
def test_it_tells_who_signed_it_in_xml_and_in_json(presigner: str, server: ServerProcess) -> None:
    url = PRESIGNERS[presigner](server)
    assert f"<Arn>{ROOT['Arn']}</Arn>" in sent(url)
    answer = json.loads(sent(url, Accept="application/json"))["GetCallerIdentityResponse"]
    assert answer["GetCallerIdentityResult"] == ROOT


def test_a_token_of_an_eks_cluster_is_redeemed(server: ServerProcess) -> None:
    command = [Path(sys.executable).parent / "aws", "eks", "get-token", "--cluster-name", "my-cluster"]
    token = printed(command, root_environment(server))["status"]["token"]
    encoded = token.removeprefix("k8s-aws-v1.")
    url = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    assert url.startswith(f"{server.endpoint}/?Action=GetCallerIdentity&")
    answer = sent(url, Accept="application/json", **{"x-k8s-aws-id": "my-cluster"})
    assert json.loads(answer)["GetCallerIdentityResponse"]["GetCallerIdentityResult"] == ROOT
    with pytest.raises(urllib.error.HTTPError, match="HTTP Error 403: Forbidden") as refused:
        sent(url, **{"x-k8s-aws-id": "another"})
    refused.value.close()
