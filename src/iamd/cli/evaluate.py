"""``iamd evaluate``: decide cases, one a line."""

import sys
from collections.abc import Callable, Iterator
from typing import BinaryIO

import click

_CHUNK = 256 * 1024


@click.command(short_help="Decide cases, one a line, without a server.")
@click.argument("file", type=click.File("rb"), default="-")
def evaluate(file: BinaryIO) -> None:
    """Decide the cases in FILE, or on standard input: AWS's decision under the policies of each case.

    A line is a case in JSON: a request and the policies in force. For each, a line is written with the decision, the
    statements that made it, the type of policy that denies, and the condition keys that the policies ask for and the
    request lacks. No server takes part. A line that is no case is answered with an error, and the exit status is 1.

    \b
    Examples:
      iamd evaluate cases.jsonl > decisions.jsonl
      generate-cases | iamd evaluate | jq -r .decision
    """
    from iamd.policy.results import Answerer

    answerer = Answerer()
    output = sys.stdout.buffer
    number = 0
    all_answered = True
    for lines in _chunks_of_lines(file):
        answers = []
        for line in lines:
            number += 1
            if line.strip():
                answer, answered = answerer.answer(line, number)
                answers.append(answer)
                all_answered = all_answered and answered
        if answers:
            output.write(b"\n".join([*answers, b""]))
            output.flush()
    sys.exit(0 if all_answered else 1)


def _chunks_of_lines(file: BinaryIO) -> Iterator[list[bytes]]:
    """The lines, as many at a time as there are: whoever writes a line and waits for its answer gets it.

    INVARIANT: no more than the longest case is kept of a line that has no end; it is cut, and so no case.
    """
    from iamd.policy.case import MAX_LENGTH

    rest = b""
    while chunk := _read_some(file):
        *lines, rest = (rest + chunk).split(b"\n")
        yield lines
        if len(rest) > MAX_LENGTH:
            yield [rest]
            rest = _skip_line(file)
    if rest:
        yield [rest]


def _skip_line(file: BinaryIO) -> bytes:
    """Reads on to the end of the line, and gives what was read behind it."""
    while chunk := _read_some(file):
        _, newline, rest = chunk.partition(b"\n")
        if newline:
            return rest
    return b""


def _read_some(file: BinaryIO) -> bytes:
    """What there is to read, at least a byte but at the end."""
    read: Callable[[int], bytes] = getattr(file, "read1", file.read)
    return read(_CHUNK)
