"""What every operation takes and gives."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from iamd.account.changes import Change

Input: TypeAlias = Mapping[str, Any]  # members of the model's input shape, those sent
Answer: TypeAlias = tuple[dict[str, Any], list[Change]]  # members of the output shape, and what is to be written
