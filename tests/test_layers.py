"""Which part may import which: a lower line of the table may import a higher one, never the reverse."""

import ast
from pathlib import Path

import pytest

import iamd

SOURCE = Path(iamd.__file__).parent

# Parts on one line may not import each other. What is planned and not there yet has its place already.
LAYERS = [
    ["__init__", "errors"],
    ["arn"],
    ["policy"],
    ["account"],
    ["call"],
    ["wire"],
    ["authentication"],
    ["authorization"],
    ["analysis"],
    ["iam", "sts", "organizations", "accessanalyzer", "servicequotas", "cloudtrail"],
    ["operator"],  # issues the sessions of STS
    ["store"],
    ["replica"],
    ["server"],
    ["gateway", "workload", "console"],
    ["cli"],
    ["__main__"],
]
RANK = {part: rank for rank, parts in enumerate(LAYERS) for part in parts}
MODULES = sorted(SOURCE.rglob("*.py"))
# What policy/ may use of Python itself: it is pure, so no clock, files, network, processes or randomness.
IMPURE = {"asyncio", "os", "pathlib", "random", "secrets", "socket", "subprocess", "tempfile", "threading", "time"}


def part_of(module: Path) -> str:
    return module.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(module: Path) -> list[str]:
    """The modules imported anywhere in a file, inside functions too."""
    names = []
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import hides which part it is from; name it in full"
            names += [
                f"{node.module}.{alias.name}" if node.module == "iamd" else str(node.module) for alias in node.names
            ]
    return names


def test_every_part_has_its_place_in_the_table() -> None:
    assert {part_of(module) for module in MODULES} <= set(RANK)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(SOURCE)))
def test_a_part_imports_only_what_stands_above_it(module: Path) -> None:
    part = part_of(module)
    for name in imports(module):
        if not name.startswith("iamd."):
            continue
        other = name.split(".")[1]
        other = other if other in RANK else "__init__"
        assert other == part or RANK[other] < RANK[part], (
            f"{module.relative_to(SOURCE)} imports {name}: {part} stands above {other} in tests/test_layers.py. "
            "Pass what it needs in as an argument, or move the code to the part that needs both."
        )


@pytest.mark.parametrize(
    "module", sorted((SOURCE / "policy").rglob("*.py")), ids=lambda module: str(module.relative_to(SOURCE))
)
def test_the_policy_engine_is_pure(module: Path) -> None:
    assert not {name.split(".")[0] for name in imports(module)} & IMPURE


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(SOURCE)))
def test_a_module_opens_with_one_sentence_saying_what_it_is_for(module: Path) -> None:
    docstring = ast.get_docstring(ast.parse(module.read_text()))
    assert docstring, f"{module.relative_to(SOURCE)} opens with no docstring"
    first = docstring.split("\n\n")[0]
    assert first.rstrip().endswith((".", ":")), f"{module.relative_to(SOURCE)}: {first!r} is no sentence"
