"""Which function answers which operation: found by boto3's name for it in the package with botocore's service name."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeAlias

from iamd.account.changes import Change
from iamd.account.state import Account
from iamd.call import Call
from iamd.wire.models import operation_names, python_name

Input: TypeAlias = Mapping[str, Any]
Output: TypeAlias = dict[str, Any]
Operation: TypeAlias = Callable[[Account, Input, Call], tuple[Output, list[Change]]]

SERVICES = ("iam", "sts")


@cache
def operations(service: str) -> Mapping[str, Operation]:
    """The operations of a service that are written, by AWS name: ``CreateUser`` → ``iamd.iam.users.create_user``."""
    package = importlib.import_module(f"iamd.{service}")
    modules = [
        importlib.import_module(f"iamd.{service}.{module.name}") for module in pkgutil.iter_modules(package.__path__)
    ]
    found = {}
    for name in operation_names(service):
        for module in modules:
            function = vars(module).get(python_name(name))
            if function is not None and function.__module__ == module.__name__:
                found[name] = function
    return found
