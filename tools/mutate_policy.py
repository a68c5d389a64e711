"""Changes the policy engine in one place at a time and tells which changes no test of tests/policy notices.

``python tools/mutate_policy.py [MODULE…] [--every N]``: of all mutants of the modules (such as ``matching``; by default
all of policy/), take one in N. Exit status 1 if any survives.

A mutant is made in memory and lives in a forked process: nothing on disk is changed. First, each test is run once to
learn which lines it executes; a mutant then faces only the tests that execute its line: first those that noticed other
mutants of the module, then the quick ones. Where a function is changed, its code is put in the place of the old in a
process that has collected the tests already; where something is changed that runs at import, all is imported again.
"""

import argparse
import ast
import copy
import gc
import importlib.abc
import importlib.machinery
import json
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import CO_NEWLOCALS
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any, NamedTuple

import pytest
import yaml  # noqa: F401 - imported before the forks, so that no fork has to

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "iamd" / "policy"
# Tests in other processes see no mutant.
TESTS = ("tests/policy", "--ignore=tests/policy/test_documentation.py")
PYTEST = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "filterwarnings=ignore", "--hypothesis-seed=0"]
AT_IMPORT = "import"
CPU_SECONDS = 90  # of all tests together; a mutant that takes longer is noticed
PATIENCE = 3.0  # seconds more that a test gets, and times that it takes when it is traced


# Mutants --------------------------------------------------------------------------------------------------------------

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
INTERNAL_ERRORS = ("ValueError", "NotJson", "IllFormed")
NAMES = {"any": "all", "all": "any", "min": "max", "max": "min"}
METHODS = {
    "lower": "upper",
    "startswith": "endswith",
    "partition": "rpartition",
    "rpartition": "partition",
    "fullmatch": "match",
    "removeprefix": "removesuffix",
    "removesuffix": "removeprefix",
}


def alternatives(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in a node's place; the node itself is left as it is."""
    new = copy.deepcopy(node)
    match node, new:
        case ast.Compare(ops=[operator, *_]), ast.Compare():
            new.ops[0] = COMPARISONS[type(operator)]()
            yield new
        case ast.BoolOp(op=operator), ast.BoolOp():
            new.op = ast.And() if isinstance(operator, ast.Or) else ast.Or()
            yield new
        case ast.UnaryOp(op=ast.Not()), ast.UnaryOp():
            yield new.operand
        case ast.BinOp(op=operator), ast.BinOp() if type(operator) in ARITHMETIC:
            new.op = ARITHMETIC[type(operator)]()
            yield new
        case ast.Constant(value=bool() as value), ast.Constant():
            new.value = not value
            yield new
        case ast.Constant(value=int() as value), ast.Constant():
            new.value = value + 1
            yield new
        case ast.Constant(value=str() as value), ast.Constant():
            new.value = f"{value}XX"
            yield new
        case ((ast.If() | ast.While() | ast.IfExp()), (ast.If() | ast.While() | ast.IfExp())):
            new.test = negated(new.test)
            yield new
        case ast.comprehension(ifs=[_, *_]), ast.comprehension():
            new.ifs[0] = negated(new.ifs[0])
            yield new
        case ast.Return(value=ast.expr() as value), ast.Return() if not isinstance(value, ast.Constant):
            new.value = ast.Constant(None)
            yield new
        case ((ast.Continue() | ast.Break()), _):
            yield ast.Break() if isinstance(node, ast.Continue) else ast.Continue()
        case ((ast.Raise() | ast.AugAssign()), _):
            yield ast.Pass()
        case ast.Expr(value=ast.Call() | ast.YieldFrom() | ast.Yield()), _:
            yield ast.Pass()
        case ast.Name(id=name), ast.Name() if name in NAMES:
            new.id = NAMES[name]
            yield new
        case ast.Attribute(attr=name), ast.Attribute() if name in METHODS:
            new.attr = METHODS[name]
            yield new


def negated(test: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), test)


def places(tree: ast.Module) -> Iterator[tuple[ast.AST, Callable[[ast.AST], None]]]:
    """Every node that means something when the module runs, and a function that puts another in its place."""
    pending: list[ast.AST] = [tree]
    while pending:
        parent = pending.pop()
        for name, value in ast.iter_fields(parent):
            if name in ("annotation", "returns", "decorator_list", "type_comment") or is_declaration(parent):
                continue
            for index, child in enumerate(value if isinstance(value, list) else [value]):
                if not isinstance(child, ast.AST) or is_text(child):
                    continue

                def put(new: ast.AST, parent: Any = parent, name: str = name, index: Any = index) -> None:
                    field = getattr(parent, name)
                    if isinstance(field, list):
                        field[index] = new
                    else:
                        setattr(parent, name, new)

                yield child, put
                pending.append(child)


def is_declaration(node: ast.AST) -> bool:
    """``Name: TypeAlias = …``, imports and ``__all__``: no behaviour."""
    if isinstance(node, ast.AnnAssign):
        return ast.unparse(node.annotation) == "TypeAlias"
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0]) == "__all__"
    return isinstance(node, ast.Import | ast.ImportFrom)


def is_text(node: ast.AST) -> bool:
    """A docstring, a text behind a declaration, or an error that never leaves the engine."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in INTERNAL_ERRORS


class Mutant(NamedTuple):
    module: str
    line: int
    before: str
    after: str
    number: int  # among those of its module


def mutants(module: str) -> Iterator[tuple[Mutant, Callable[[], Any]]]:
    """Every mutant of a module, and a function that gives its code."""
    path = PACKAGE / f"{module}.py"
    tree = ast.parse(path.read_text())
    number = 0
    for node, put in list(places(tree)):
        line = getattr(node, "lineno", 0) or getattr(getattr(node, "target", None), "lineno", 0)
        for new in alternatives(node):
            ast.fix_missing_locations(ast.copy_location(new, node))
            before, after = (ast.unparse(each).splitlines()[0] for each in (node, new))

            def make(node: ast.AST = node, new: ast.AST = new, put: Callable[[ast.AST], None] = put) -> Any:
                put(new)
                try:
                    return compile(ast.fix_missing_locations(tree), path, "exec")
                finally:
                    put(node)

            yield Mutant(module, line, before, after, number), make
            number += 1


class Importer(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from given code."""

    def __init__(self, module: str, code: CodeType) -> None:
        self.name, self.code = f"iamd.policy.{module}", code

    def find_spec(self, name: str, path: object, target: object = None) -> importlib.machinery.ModuleSpec | None:
        if name != self.name:
            return None
        return importlib.machinery.ModuleSpec(name, self, origin=self.code.co_filename)

    def exec_module(self, module: Any) -> None:
        exec(self.code, module.__dict__)  # noqa: S102 - it is our own, but for one place


def inner_codes(code: CodeType) -> Iterator[CodeType]:
    """The code and that of everything defined in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from inner_codes(constant)


def find_replacements(old: CodeType, new: CodeType) -> dict[tuple[str, int], CodeType] | None:
    """The new code of functions, by name and first line; None if something has changed that runs at import."""
    olds, news = list(inner_codes(old)), list(inner_codes(new))
    at_import = {code.co_qualname for code in olds if not code.co_flags & CO_NEWLOCALS}  # the module and its classes
    if [shape(code) for code in olds if code.co_qualname in at_import] != [
        shape(code) for code in news if code.co_qualname in at_import
    ]:
        return None
    return {(code.co_qualname, code.co_firstlineno): code for code in news if code.co_qualname not in at_import}


def shape(code: CodeType) -> tuple[object, ...]:
    """What code does, without what is defined in it."""
    constants = tuple(repr(each) for each in code.co_consts if not isinstance(each, CodeType))
    return code.co_code, code.co_names, constants


# Tests ----------------------------------------------------------------------------------------------------------------


class Learner:
    """A pytest plugin that notes which lines of the package each test executes, and how long it takes."""

    def __init__(self) -> None:
        self.lines: dict[str, set[str]] = {}
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self) -> Any:
        with self._learning(AT_IMPORT):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        with self._learning(item.nodeid):
            return (yield)

    @contextmanager
    def _learning(self, name: str) -> Iterator[None]:
        seen = self.lines.setdefault(name, set())
        prefix = f"{PACKAGE}{os.sep}"

        def trace(frame: FrameType, event: str, argument: object) -> Any:
            filename = frame.f_code.co_filename
            if not filename.startswith(prefix):
                return None
            module = filename.removeprefix(prefix).removesuffix(".py")

            def trace_line(frame: FrameType, event: str, argument: object) -> Any:
                seen.add(f"{module}:{frame.f_lineno}")
                return trace_line

            seen.add(f"{module}:{frame.f_lineno}")
            return trace_line

        began = time.process_time()
        sys.settrace(trace)
        try:
            yield
        finally:
            sys.settrace(None)
            self.seconds[name] = time.process_time() - began


class Chosen:
    """A pytest plugin that runs the given tests in the given order, and writes down which failed."""

    def __init__(self, names: list[str], failed: Path) -> None:
        self.rank = {name: rank for rank, name in enumerate(names)}
        self.failed = failed

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((item for item in items if item.nodeid in self.rank), key=lambda item: self.rank[item.nodeid])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.write_text(report.nodeid)


def in_fork(run: Callable[[], int]) -> int:
    """The exit status of ``run`` in a process of its own, whose output goes nowhere; negative if it was ended."""
    pid = os.fork()
    if not pid:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, resource.RLIM_INFINITY))
        status = 70
        try:
            status = run()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def learn() -> tuple[dict[str, set[str]], dict[str, float]]:
    """The lines that each test executes, and its seconds."""
    with tempfile.NamedTemporaryFile("w+") as file:

        def run() -> int:
            resource.setrlimit(resource.RLIMIT_CPU, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            forget_modules()
            learner = Learner()
            status = pytest.main([*PYTEST, *TESTS], [learner])
            found = {name: sorted(lines) for name, lines in learner.lines.items()}
            Path(file.name).write_text(json.dumps([found, learner.seconds]))
            return int(status)

        if in_fork(run):
            sys.exit("The tests fail without any mutant.")
        lines, seconds = json.load(file)
    return {name: set(each) for name, each in lines.items()}, seconds


class Trials:
    """Runs tests against mutants, in processes forked off the one that has collected the tests."""

    def __init__(self, session: pytest.Session, seconds: dict[str, float]) -> None:
        self._seconds = seconds
        self._items = {item.nodeid: item for item in session.items}
        self._noticed: list[str] = []  # the tests that noticed a mutant of the module, the last first
        # Objects that are there already need not be looked through again.
        gc.collect()
        self._functions = [each for each in gc.get_objects() if is_of_package(each)]
        gc.freeze()

    def begin(self) -> None:
        """Another module's turn."""
        self._noticed = []

    def survives(self, mutant: Mutant, old: CodeType, new: CodeType, tests: list[str], at_import: bool) -> bool:
        """Whether no test notices the mutant. ``at_import``: its line is executed at import."""
        known = [name for name in self._noticed if name in set(tests)]
        ordered = [*known, *(name for name in tests if name not in set(known))]
        replacements = None if at_import else find_replacements(old, new)
        with tempfile.NamedTemporaryFile("w+") as failed:

            def run() -> int:
                if replacements is None or not self._replace(old, replacements):
                    return run_afresh(mutant, new, ordered, Path(failed.name))
                return self._run(ordered, Path(failed.name))

            status = in_fork(run)
            name = failed.read()
        if name:
            self._noticed = [name, *(each for each in self._noticed if each != name)]
        return status == 0

    def _replace(self, old: CodeType, replacements: dict[tuple[str, int], CodeType]) -> bool:
        """Puts the new code into the functions that there are; False if it does not fit them."""
        try:
            for function in self._functions:
                code = function.__code__
                if code.co_filename == old.co_filename:
                    function.__code__ = replacements.get((code.co_qualname, code.co_firstlineno), code)
        except ValueError:
            return False
        for name, module in list(sys.modules.items()):
            if name.startswith("iamd.policy"):
                for value in vars(module).values():
                    if hasattr(value, "cache_clear"):
                        value.cache_clear()
        return True

    def _run(self, tests: list[str], failed: Path) -> int:
        class Watch:
            @staticmethod
            def pytest_runtest_logreport(report: pytest.TestReport) -> None:
                if report.failed:
                    failed.write_text(report.nodeid)
                    os._exit(1)

        for number, name in enumerate(tests):
            item = self._items[name]
            if not number:
                item.config.pluginmanager.register(Watch())
            signal.setitimer(signal.ITIMER_PROF, PATIENCE * (1 + self._seconds[name]))
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        return 0


def is_of_package(value: object) -> bool:
    return isinstance(value, FunctionType) and value.__code__.co_filename.startswith(f"{PACKAGE}{os.sep}")


def forget_modules() -> None:
    """Has everything imported again."""
    for name in list(sys.modules):
        if name.partition(".")[0] in ("iamd", "tests"):
            del sys.modules[name]


def run_afresh(mutant: Mutant, code: CodeType, tests: list[str], failed: Path) -> int:
    """The exit status of pytest, run with everything imported again, the mutant in its place."""
    forget_modules()
    sys.meta_path.insert(0, Importer(mutant.module, code))
    files = sorted({name.partition("::")[0] for name in tests})
    return int(pytest.main([*PYTEST, *files], [Chosen(tests, failed)]))


class Run:
    """A pytest plugin that, instead of running the tests, runs them against every mutant."""

    def __init__(self, modules: list[str], every: int) -> None:
        self.modules, self.every = modules, every
        self.made = self.survived = 0

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        began = time.monotonic()
        session.config.pluginmanager.unregister(name="terminalreporter")
        capture = session.config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled():
            lines, seconds = learn()
            at_import = lines.pop(AT_IMPORT)
            quickest = sorted(lines, key=lambda name: seconds[name])
            print(f"{len(quickest)} tests, learnt in {time.monotonic() - began:.0f} s", flush=True)
            trials = Trials(session, seconds)
            for module in self.modules:
                self._run_module(module, trials, lines, quickest, at_import)
            took = time.monotonic() - began
            print(
                f"all: {self.made} mutants, {self.made - self.survived} noticed, {self.survived} survive, {took:.0f} s"
            )
        return True

    def _run_module(
        self, module: str, trials: Trials, lines: dict[str, set[str]], quickest: list[str], at_import: set[str]
    ) -> None:
        began = time.monotonic()
        counted = alive = 0
        path = PACKAGE / f"{module}.py"
        old = compile(path.read_text(), path, "exec")
        trials.begin()
        for mutant, make in mutants(module):
            if mutant.number % self.every:
                continue
            place = f"{module}:{mutant.line}"
            imported = place in at_import
            tests = quickest if imported else [name for name in quickest if place in lines[name]] or quickest
            counted += 1
            if trials.survives(mutant, old, make(), tests, imported):
                alive += 1
                print(f"survives: {place}: {mutant.before}  →  {mutant.after}", flush=True)
        self.made, self.survived = self.made + counted, self.survived + alive
        took = time.monotonic() - began
        print(f"{module}: {counted} mutants, {counted - alive} noticed, {alive} survive, {took:.0f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", default=sorted(path.stem for path in PACKAGE.glob("[!_]*.py")))
    parser.add_argument("--every", type=int, default=1, help="take one mutant in so many")
    options = parser.parse_args()
    os.chdir(ROOT)
    sys.path[:0] = [str(ROOT), str(ROOT / "src")]
    run = Run(options.modules, options.every)
    status = pytest.main([*PYTEST, *TESTS], [run])
    sys.exit(int(status) if status else run.survived > 0)


if __name__ == "__main__":
    main()
