"""Policy templates of delegation requests: policies with places such as ``@{bucketName}`` for what a customer chose.

https://docs.aws.amazon.com/IAM/latest/UserGuide/temporary-delegation-policy-templates.html
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from iamd.account.delegation import TemplateParameter
from iamd.errors import InvalidInput

MAX_POLICY: Final = 2_048  # characters, filled in
_PLACE: Final = re.compile(r"@\{([^{}@]{1,256})\}")


def read_parameters(sent: Sequence[Mapping[str, Any]]) -> tuple[TemplateParameter, ...]:
    """The parameters of a request. Raises InvalidInput for a name that stands twice, and for values of another type."""
    parameters = tuple(
        TemplateParameter(
            name=each.get("Name", ""), values=tuple(each.get("Values", ())), type=each.get("Type", "string")
        )
        for each in sent
    )
    if len({each.name for each in parameters}) != len(parameters):
        raise InvalidInput("The parameters of a policy template must have different names.")
    for each in parameters:
        if not each.values or (each.type == "string" and len(each.values) > 1):
            raise InvalidInput(f"The parameter {each.name} does not have the values of a {each.type}.")
    return parameters


def fill_in(template: str, parameters: Sequence[TemplateParameter]) -> str:
    """The template's policy. A list in a text makes as many texts.

    INVARIANT: values are put into texts of the parsed document, never into its own text, so that none can be more than
    a value. Raises InvalidInput for places and parameters that do not go together.
    """
    given = {each.name: each for each in parameters}
    used: set[str] = set()
    filled = _fill(json.loads(template), given, used)
    if used != given.keys():
        raise InvalidInput(f"The policy template has no parameter {min(given.keys() - used)}.")
    policy = json.dumps(filled, ensure_ascii=False)
    if len(policy) > MAX_POLICY:
        raise _too_long()
    return policy


def _fill(value: Any, given: Mapping[str, TemplateParameter], used: set[str]) -> Any:
    if isinstance(value, str):
        texts = _texts(value, given, used)
        return texts if len(texts) > 1 else texts[0]
    if isinstance(value, list):
        filled: list[Any] = []
        for each in value:
            filled += _texts(each, given, used) if isinstance(each, str) else [_fill(each, given, used)]
        return filled
    if isinstance(value, dict):
        return {key: _fill(each, given, used) for key, each in value.items()}
    return value


def _texts(text: str, given: Mapping[str, TemplateParameter], used: set[str]) -> list[str]:
    """The texts that one with places in it stands for: one for each value of a list.

    INVARIANT: what is too long, quotation marks included, is refused before it is made: places and values multiply.
    """
    texts, position = [""], 0
    for place in _PLACE.finditer(text):
        parameter = given.get(place[1])
        if parameter is None:
            raise InvalidInput(f"The policy template needs the parameter {place[1]}.")
        used.add(parameter.name)
        before, values = text[position : place.start()], parameter.values
        count = len(texts) * len(values)
        if count * (2 + len(before)) + len(values) * _total(texts) + len(texts) * _total(values) > MAX_POLICY:
            raise _too_long()
        texts = [each + before + value for each in texts for value in values]
        position = place.end()
    return [each + text[position:] for each in texts]


def _total(texts: Sequence[str]) -> int:
    return sum(map(len, texts))


def _too_long() -> InvalidInput:
    return InvalidInput(f"The policy must not be longer than {MAX_POLICY} characters.")
