"""Which function answers which operation: found by boto3's name for it in the package of the service.

A package has botocore's name for its service, without hyphens; that of iamd's own API is ``operator``.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from typing import TypeAlias

from iamd.account.operation import Answer, Input
from iamd.account.state import Account
from iamd.call import Call
from iamd.wire.models import OperationModel, operation_names, python_name

OperationFunction: TypeAlias = Callable[[Account, Input, Call], Answer]

SERVICES = ("iam", "sts", "service-quotas", "iamd")
_PACKAGES = {"iamd": "operator"}
_READS = ("Get", "List", "Simulate", "Decode", "AssumeRole")


@cache
def operation_functions(service: str) -> Mapping[str, OperationFunction]:
    """The operations of a service that are written, by AWS name: ``CreateUser`` → ``iamd.iam.users.create_user``."""
    package = importlib.import_module(f"iamd.{_PACKAGES.get(service, service.replace('-', ''))}")
    modules = [
        importlib.import_module(f"{package.__name__}.{module.name}")
        for module in pkgutil.iter_modules(package.__path__)
    ]
    found: dict[str, OperationFunction] = {}
    for name in operation_names(service):
        for module in modules:
            function = vars(module).get(python_name(name))
            if function is not None and function.__module__ == module.__name__:
                found[name] = function
    return found


def find_operation_function(operation: OperationModel) -> OperationFunction | None:
    """The function that answers the operation, or None while it is not written."""
    return operation_functions(operation.service.name).get(operation.name)


def reads_only(operation: OperationModel) -> bool:
    """True for operations that never change a record, and so need not queue behind those that do."""
    return operation.name.startswith(_READS)
