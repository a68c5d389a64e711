"""Random values of the shapes of AWS's models, such as satisfy every constraint of theirs."""

import re
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from iamd.wire.models import ServiceModel, Shape
from iamd.wire.patterns import compile_pattern

# What XML can carry, of many kinds: markup, line ends, other scripts, characters beyond the basic plane.
CHARACTERS = "".join(map(chr, range(0x20, 0x7F))) + "\t\n\r\x85\xa0éÿβЖ中\u2028ﬁ٣\U0001f511"

TIMES = st.integers(min_value=0, max_value=4102444800)  # until 2100


def values(service: ServiceModel, name: str) -> SearchStrategy[Any]:
    """Values of a shape. Structures are never empty: the Query protocol cannot say that one is there and empty."""
    shape = service.shapes[name]
    match shape.type:
        case "structure":
            members = {member: values(service, reference.shape) for member, reference in shape.members.items()}
            required = {member: members[member] for member in shape.required}
            optional = {member: members[member] for member in members if member not in required}
            mappings = st.fixed_dictionaries(required, optional=optional)
            return mappings.filter(bool) if members else mappings
        case "list":
            assert shape.member
            least = shape.min or 0
            return st.lists(values(service, shape.member.shape), min_size=least, max_size=max(least, 3))
        case "map":
            assert shape.key
            assert shape.value
            return st.dictionaries(
                values(service, shape.key.shape), values(service, shape.value.shape), min_size=1, max_size=3
            )
        case "integer" | "long":
            return st.integers(
                min_value=shape.min if shape.min is not None else -(2**31),
                max_value=shape.max if shape.max is not None else 2**31 - 1,
            )
        case "double":
            return st.floats(min_value=shape.min, max_value=shape.max, allow_nan=False, allow_infinity=False)
        case "boolean":
            return st.booleans()
        case "timestamp":
            return TIMES
        case "blob":
            return st.binary(max_size=20)
        case _:
            return text(shape)


def text(shape: Shape) -> SearchStrategy[str]:
    least = shape.min or 0
    most = shape.max if shape.max is not None else least + 40
    if shape.enum:
        return st.sampled_from(shape.enum)
    if shape.pattern is None:
        return _of(CHARACTERS, least, most)
    matches = compile_pattern(shape.pattern)
    if parts := re.fullmatch(r"(?:\^\()?\[[^\[\]]*\]([+*])(?:\)\$)?", shape.pattern):
        alphabet = "".join(character for character in CHARACTERS if matches(character))
        return _of(alphabet, max(least, 1 if parts[1] == "+" else 0), most)
    return st.from_regex(shape.pattern, fullmatch=True).filter(
        lambda value: least <= len(value) <= most and bool(matches(value))
    )


def _of(alphabet: str, least: int, most: int) -> SearchStrategy[str]:
    if least <= 40:
        return st.text(alphabet, min_size=least, max_size=min(most, least + 10))
    # Long texts are a few characters over and over, to be quick.
    return st.text(alphabet, min_size=1, max_size=5).map(lambda part: (part * least)[:least])
