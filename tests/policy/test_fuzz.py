"""A short run of what ``fuzz_documents.py`` does for as long as it is let."""

from random import Random

from tests.policy.fuzz_documents import check_bytes, make_bytes


def test_hostile_documents_are_refused_or_decided() -> None:
    random = Random(0)
    for _ in range(500):
        check_bytes(make_bytes(random))
