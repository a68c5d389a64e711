"""How many cases ``iamd evaluate`` answers a second: ``python -m bench.evaluate [--quick]``.

The command is run as people run it, on one core, from a file to a file. The cases share their policies, as those of an
account do; the first line of the table is what a start without cases takes.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any

QUICK = "--quick" in sys.argv
CASES = 10_000 if QUICK else 100_000
STATEMENTS = (4, 20, 100)  # of the identity-based policies of a case; there are SCPs of three levels besides
SETS = 50
USERS = 500
ACTIONS = ("s3:GetObject", "s3:PutObject", "sqs:SendMessage", "iam:GetUser", "ec2:RunInstances", "kms:Decrypt")
PATTERNS = ("s3:Get*", "sqs:*", "iam:List*", "ec2:Describe*", "dynamodb:*", "s3:*Object")
RESOURCES = ("*", "arn:aws:s3:::home/${aws:username}/*", "arn:aws:s3:::shared/*", "arn:aws:sqs:*:*:queue")
ALLOW_ALL = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}


def make_policy(random: Random, statements: int) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [make_statement(random, number) for number in range(statements)]}


def make_statement(random: Random, number: int) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Sid": f"S{number}",
        "Effect": "Deny" if random.random() < 0.05 else "Allow",
        "Action": [random.choice(ACTIONS + PATTERNS) for _ in range(3)],
        "Resource": random.choice(RESOURCES),
    }
    if random.random() < 0.4:
        statement["Condition"] = {
            "StringEquals": {"aws:PrincipalTag/team": ["red", "blue"]},
            "IpAddress": {"aws:SourceIp": "203.0.113.0/24"},
        }
    return statement


def write_cases(file: Path, statements: int, count: int) -> None:
    random = Random(statements)
    sets = []
    for _ in range(SETS):
        policies = [make_policy(random, statements // 4) for _ in range(4)]
        levels = [[ALLOW_ALL], [ALLOW_ALL, make_policy(random, 2)], [ALLOW_ALL]]
        sets.append({"identity_policies": policies, "scps": levels})
    with file.open("w") as opened:
        for number in range(count):
            request = {
                "principal": f"arn:aws:iam::111122223333:user/user-{random.randrange(USERS)}",
                "action": random.choice(ACTIONS),
                "resource": random.choice(("arn:aws:s3:::shared/key", "arn:aws:sqs:us-east-1:111122223333:queue", "*")),
                "context": {"aws:PrincipalTag/team": random.choice(("red", "green")), "aws:SourceIp": "203.0.113.9"},
            }
            opened.write(json.dumps({"id": number, "request": request, **random.choice(sets)}) + "\n")


def run(cases: Path, answers: Path) -> tuple[float, float]:
    """Seconds of the clock and of CPU."""
    before = getrusage(RUSAGE_CHILDREN)
    began = time.perf_counter()
    with answers.open("wb") as output:
        subprocess.run([sys.executable, "-m", "iamd", "evaluate", str(cases)], stdout=output, check=True)
    after = getrusage(RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, cpu


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        cases, answers = Path(directory) / "cases.jsonl", Path(directory) / "answers.jsonl"
        cases.write_text("")
        _, start = run(cases, answers)
        print(f"{'start':>12}  {start:6.2f} s CPU")
        print(f"{'statements':>12}  {'KB a case':>10}  {'cases/s':>10}  {'µs CPU a case':>14}")
        for statements in STATEMENTS:
            write_cases(cases, statements, CASES)
            seconds, cpu = run(cases, answers)
            assert answers.read_bytes().count(b"\n") == CASES
            size = cases.stat().st_size / CASES / 1000
            print(f"{statements:12}  {size:10.1f}  {CASES / seconds:10,.0f}  {(cpu - start) / CASES * 1e6:14.1f}")


if __name__ == "__main__":
    main()
