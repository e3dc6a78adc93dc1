"""Does a tree have the shape of a type? All that does not fit, each with its line and the nearest name."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, Literal, cast, get_args, get_origin

import msgspec
from msgspec import UNSET

from antiphon.contracts.yaml_text import Path, Problem, Tree


def misfits(tree: Tree, kind: Any) -> Iterator[Problem]:
    """A problem for each thing that keeps the tree's value from being a `kind`."""
    return _in(tree, tree.value, kind, ())


def fitted(value: object, kind: Any) -> object:
    """`value` without what does not fit a `kind`, and with something in each place that may not be empty.

    So the rest of a file can be looked at whose shape is not right yet. UNSET where nothing is left.
    """
    bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
        return _fitted_struct(cast(Mapping[str, object], value) if isinstance(value, Mapping) else {}, bare)
    if get_origin(bare) is dict and isinstance(value, Mapping):
        table = cast(Mapping[str, object], value)
        of = get_args(bare)[1]
        made = {key: fitted(inner, of) for key, inner in table.items()}
        return {key: inner for key, inner in made.items() if inner is not UNSET}
    if get_origin(bare) is tuple and isinstance(value, list):
        of = get_args(bare)[0]
        return [_filled(inner, of) for inner in cast(Sequence[object], value)]
    return value if _is(value, kind) else UNSET


def _fitted_struct(table: Mapping[str, object], kind: type[msgspec.Struct]) -> object:
    made: dict[str, object] = {}
    for field in msgspec.structs.fields(kind):
        name = field.encode_name
        inner = fitted(table[name], field.type) if name in table else UNSET
        made[name] = _filled(inner, field.type) if field.required else inner
        if field.required and made[name] is UNSET:
            return UNSET
    return {name: inner for name, inner in made.items() if inner is not UNSET}


def _filled(value: object, kind: Any) -> object:
    """`value` as it fits, or what stands in for it."""
    found = fitted(value, kind)
    if found is not UNSET:
        return found
    choices = get_args(kind) if get_origin(kind) is Literal else ("unknown", 0)
    return next((choice for choice in choices if _is(choice, kind)), UNSET)


def _is(value: object, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _in(tree: Tree, value: object, kind: Any, path: Path) -> Iterator[Problem]:
    bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if isinstance(bare, type) and issubclass(bare, msgspec.Struct) and isinstance(value, Mapping):
        yield from _in_struct(tree, cast(Mapping[str, object], value), bare, path)
    elif get_origin(bare) is dict and isinstance(value, Mapping):
        table = cast(Mapping[str, object], value)
        names, of = get_args(bare)
        for key, inner in table.items():
            yield from _in(tree, key, names, (*path, key))
            yield from _in(tree, inner, of, (*path, key))
        yield from _leaf(tree, dict.fromkeys(table), _with(kind, dict[str, object]), path)
    elif get_origin(bare) is tuple and isinstance(value, list):
        items = cast(Sequence[object], value)
        for index, inner in enumerate(items):
            yield from _in(tree, inner, get_args(bare)[0], (*path, index))
        yield from _leaf(tree, items, _with(kind, tuple[object, ...]), path)
    else:
        yield from _leaf(tree, value, kind, path)


def _in_struct(
    tree: Tree, table: Mapping[str, object], kind: type[msgspec.Struct], path: Path
) -> Iterator[Problem]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for key, value in table.items():
        if key in fields:
            yield from _in(tree, value, fields[key].type, (*path, key))
        else:
            yield tree.problem((*path, key), "there is no such field", nearest(key, fields))
    for name, field in fields.items():
        if field.required and name not in table:
            yield tree.problem(path, f"`{name}` is missing", f"add `{name}:`")


def _leaf(tree: Tree, value: object, kind: Any, path: Path) -> Iterator[Problem]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        text = str(error).split(" - at ")[0].replace("`", "")
        if "matching regex" in text and isinstance(value, str):
            remedy = "write a name in small letters, digits and underscores"
        elif isinstance(value, (int, float, bool)) and "str" in text:
            remedy = "put it in quotes"
        elif "enum value" in text and isinstance(value, str):
            remedy = nearest(value, get_args(kind))
        elif "of length >= 1" in text:
            remedy = "write one at least"
        elif ("<=" in text or ">=" in text) and isinstance(value, (int, float)):
            remedy = "write a number within that bound"
        elif "Expected bool" in text:
            remedy = "write `true` or `false`"
        elif "Expected array" in text:
            remedy = "write a list, such as `[one, two]`, or `[]` for none"
        elif "Expected object" in text:
            remedy = "write fields, each with its name and a colon, below it or within `{}`"
        elif "Expected float" in text or "Expected int" in text:
            remedy = "write a number"
        else:
            remedy = "see the schema for what is expected"
        yield tree.problem(path, text[0].lower() + text[1:], remedy)


def _with(kind: Any, bare: Any) -> Any:
    """`kind`'s bounds on how many there are, whatever they are."""
    return Annotated[bare, *get_args(kind)[1:]] if get_origin(kind) is Annotated else bare


def nearest(name: str, known: Collection[str]) -> str:
    """A remedy for a `name` that is not among the `known`."""
    close = get_close_matches(name, known, n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"known are {', '.join(sorted(known))}" if known else "none is defined yet"
