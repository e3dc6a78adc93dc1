"""An engine's own table of the configuration file, turned into a frozen value or one complete complaint."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

import msgspec
from msgspec.structs import FieldInfo, fields

from antiphon.contracts.errors import ConfigInvalid

T = TypeVar("T", bound=msgspec.Struct)


def decode(settings: Mapping[str, Any], kind: type[T], where: str) -> T:
    """`settings` as a `kind`, whose fields carry the defaults and the bounds.

    Args:
        settings: plain values, as read from the configuration file.
        kind: a msgspec Struct; a field that it lacks is a mistake of the user's, not an extension.
        where: the table's name, to begin each sentence with, such as "transcriber.whisper".

    Raises:
        ConfigInvalid: with every problem found, one sentence each.
    """
    known = {field.encode_name: field for field in fields(kind)}
    problems = [_unknown(where, key, list(known)) for key in settings if key not in known]
    problems += [p for field in known.values() if (p := _field_problem(where, field, settings))]
    if problems:
        raise ConfigInvalid(tuple(problems))
    try:
        return msgspec.convert(dict(settings), kind)
    except msgspec.ValidationError as error:  # what only the fields together can break
        raise ConfigInvalid((f"{where}: {error}",)) from error


def _unknown(where: str, key: str, known: list[str]) -> str:
    if not known:
        return f"{where} has no settings, so {key!r} means nothing here"
    close = get_close_matches(key, known, n=1)
    advice = f"did you mean {close[0]!r}?" if close else f"it knows {', '.join(sorted(known))}"
    return f"{where} has no setting {key!r}; {advice}"


def _field_problem(where: str, field: FieldInfo, settings: Mapping[str, Any]) -> str | None:
    if field.encode_name not in settings:
        return f"{where} needs the setting {field.encode_name!r}" if field.required else None
    try:
        msgspec.convert(settings[field.encode_name], field.type)
    except msgspec.ValidationError as error:
        return f"{where}.{field.encode_name}: {error}"
    return None
