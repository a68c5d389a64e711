"""Test results as JUnit XML, which CI systems show.

https://github.com/testmoapp/junitxml
"""

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from iamd.cli.policy_tests import Outcome

_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(outcomes: Sequence[Outcome]) -> bytes:
    """A suite for each file, a test case for each case."""
    root = Element("testsuites", _totals("iamd test", outcomes))
    for file in dict.fromkeys(outcome.file for outcome in outcomes):
        of_file = [outcome for outcome in outcomes if outcome.file == file]
        suite = SubElement(root, "testsuite", _totals(file, of_file))
        for outcome in of_file:
            case = SubElement(
                suite,
                "testcase",
                classname=_clean(file),
                name=_clean(outcome.name),
                file=_clean(file),
                line=str(outcome.line),
                time=f"{outcome.seconds:.6f}",
            )
            if outcome.error is not None:
                SubElement(case, "error", message=_clean(outcome.error)).text = _clean(outcome.error)
            elif not outcome.passed:
                text = "\n".join([*outcome.problems, "", outcome.explanation or ""])
                SubElement(case, "failure", message=_clean("; ".join(outcome.problems))).text = _clean(text)
    xml: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return xml


def _totals(name: str, outcomes: Sequence[Outcome]) -> dict[str, str]:
    errors = sum(outcome.error is not None for outcome in outcomes)
    failed = sum(not outcome.passed for outcome in outcomes)
    return {
        "name": _clean(name),
        "tests": str(len(outcomes)),
        "failures": str(failed - errors),
        "errors": str(errors),
        "time": f"{sum(outcome.seconds for outcome in outcomes):.6f}",
    }


def _clean(text: str) -> str:
    """Text without the characters that XML cannot carry."""
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
