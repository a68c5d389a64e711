"""What every operation takes and gives."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from iamd.account.changes import Change

Input: TypeAlias = Mapping[str, Any]  # members of the model's input shape, those sent
Output: TypeAlias = dict[str, Any]  # members of the model's output shape; times are epoch seconds
Answer: TypeAlias = tuple[Output, list[Change]]  # and what is to be written
