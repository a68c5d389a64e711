"""Hostile policy documents and cases: nothing but a refusal in AWS's words may come of them, and soon.

``python tests/policy/fuzz_documents.py --seconds 60`` mutates documents at random; where atheris is installed, guided
by what the mutations reach in the code. What the engine accepts it must decide as the reference does, and explain.
"""

import argparse
import importlib
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    try:
        import atheris
    except ImportError:
        atheris = None
    else:
        with atheris.instrument_imports(include=["iamd"]):
            importlib.import_module("iamd.policy.results")

from iamd.errors import MalformedPolicyDocument
from iamd.policy import (
    authorization_message,
    authorize,
    check_identity_policy,
    check_resource_control_policy,
    check_resource_policy,
    check_service_control_policy,
    check_session_policy,
    check_trust_policy,
    explain,
    parse_policy,
    policy_size,
)
from iamd.policy.results import Answerer
from tests.policy import engine, reference
from tests.policy.generators import make_policy, make_request
from tests.policy.reference import Documents

CHECKS = [
    lambda text: check_identity_policy(text, managed=True),
    lambda text: check_identity_policy(text, managed=False),
    check_session_policy,
    check_trust_policy,
    check_resource_policy,
    check_service_control_policy,
    check_resource_control_policy,
]
LANGUAGE = r"""
"Version" "2012-10-17" "2008-10-17" "Id" "Statement" "Sid" "Effect" "Allow" "Deny" "Principal" "NotPrincipal" "AWS"
"Service" "Federated" "CanonicalUser" "Action" "NotAction" "Resource" "NotResource" "Condition" "StringEquals"
"ForAllValues:StringLike" "NumericLessThan" "DateGreaterThanIfExists" "IpAddress" "BinaryEquals" "ArnLike" "Bool"
"Null" "*" "?" "s3:*" "arn:aws:s3:::b/*" "${aws:username}" ${aws:username,'x'} ${*} ${ } \u0000 \ud800 \" \ é 1e999
-0 true null { } [ ] : , " \ 203.0.113.0/24 2001:db8::/32 2026-01-01T00:00:00Z
"""
WORDS = LANGUAGE.split()
SLOW = 1.0  # seconds of CPU that no document may take


def check_document(text: str, random: Random) -> None:
    """Everything that is done with a document, whoever wrote it."""
    accepted = [check for check in CHECKS if accepts(check, text)]
    policy_size(text)
    if not accepts(parse_policy, text):
        assert not accepted, "what may be saved cannot be read"
        return
    policy = parse_policy(text)
    for statement in policy.statements:
        assert statement.span.start.line <= statement.span.end.line
    for documents in (Documents(identity=(text,)), Documents(resource=text), Documents(session=(text,))):
        request = make_request(random)
        decision = authorize(request, engine.parse(documents))
        str(explain(decision))
        json.loads(authorization_message(decision))
        if accepted:
            assert engine.as_verdict(decision) == reference.decide(request, documents), (request, text)


def accepts(check: Callable[[str], object], text: str) -> bool:
    """Whether the document is taken; it is refused in AWS's words only."""
    try:
        check(text)
    except MalformedPolicyDocument:
        return False
    return True


def check_line(line: bytes) -> None:
    """A line that need not be a case is answered with one."""
    answer, _ = Answerer().answer(line, 1)
    assert b"\n" not in answer
    assert json.loads(answer).keys() in ({"id", "error"}, RESULT)


RESULT = {"id", "decision", "matched_statements", "blocked_by", "missing_context_keys"}


def check_bytes(data: bytes) -> None:
    """The data as text, as what leads to a mutated document, as a line of cases and in a case."""
    random = Random(data)
    text = data.decode("utf-8", "replace")
    mutated = mutate(make_policy(random, names_principals=random.random() < 0.5), random)
    for document in (text, mutated):
        check_document(document, random)
    check_line(data.replace(b"\n", b" "))
    check_line(case(mutated, random))


def check_in_time(data: bytes) -> None:
    """Like ``check_bytes``, and tells of what takes long, and again when nothing of it is remembered."""
    if seconds_of(data) > SLOW:
        for name, module in list(sys.modules.items()):
            if name.startswith("iamd."):
                for value in vars(module).values():
                    if hasattr(value, "cache_clear"):
                        value.cache_clear()
        assert seconds_of(data) < SLOW, f"too slow: {data!r}"


def seconds_of(data: bytes) -> float:
    """The CPU time that a check takes; a machine that pauses in between may count for more."""
    began = time.process_time()
    check_bytes(data)
    return time.process_time() - began


def case(text: str, random: Random) -> bytes:
    """A case with a mutated document, itself perhaps mutated."""
    members = {
        "id": random.random(),
        "request": {"principal": "arn:aws:iam::111122223333:user/Ana", "action": "s3:GetObject", "context": {"a": [1]}},
        random.choice(["identity_policies", "session_policies", "permissions_boundary"]): [text],
        "scps": [[text]] * random.randint(0, 2),
    }
    line = json.dumps(members)
    return (line if random.random() < 0.5 else mutate(line, random)).replace("\n", " ").encode("utf-8", "replace")


def mutate(text: str, random: Random) -> str:
    """The text with a few pieces taken out, doubled, moved, or exchanged for words of the language."""
    for _ in range(random.randint(0, 4)):
        start = random.randint(0, len(text))
        end = min(len(text), start + random.choice([0, 1, 1, 2, 8, 40]))
        piece = random.choice(["", text[start:end] * 2, random.choice(WORDS), random.choice(WORDS) * 30])
        if random.random() < 0.1:
            piece = random.choice(['{"a":', "[", " ", "${", "${ ", "*?", "a*"]) * random.choice([5, 20, 5000])
        text = text[:start] + piece + text[end:]
    return text


def make_bytes(random: Random) -> bytes:
    """Words of the language, or anything."""
    words = random.choices(WORDS, k=random.randint(0, 40)) if random.random() < 0.3 else []
    return " ".join(words).encode() or random.randbytes(random.randint(0, 60))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if atheris is None:
        random, done = Random(arguments.seed), 0
        end = time.monotonic() + arguments.seconds
        while time.monotonic() < end:
            check_in_time(make_bytes(random))
            done += 1
        print(f"{done:,} documents at random, nothing found; with atheris installed they would be guided")
        return
    with tempfile.TemporaryDirectory() as directory:
        corpus = Path(directory) / "corpus"
        corpus.mkdir()
        for number in range(200):
            policy = make_policy(Random(number), names_principals=number % 2 == 0)
            (corpus / str(number)).write_text(policy)
        words = Path(directory) / "words"
        quoted = (word.encode("unicode_escape").decode().replace("\\", "\\\\").replace('"', '\\"') for word in WORDS)
        words.write_text("".join(f'"{word}"\n' for word in quoted))
        options = [f"-max_total_time={arguments.seconds}", f"-seed={arguments.seed}", f"-dict={words}", "-timeout=10"]
        atheris.Setup([sys.argv[0], *options, "-max_len=8192", "-print_final_stats=1", str(corpus)], check_in_time)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
