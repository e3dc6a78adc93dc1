"""Guards on slots: a small language, read into a tree and evaluated against what is known.

    guests > 8 and day                 a bare slot means: it is known
    drink == wine or drink in [beer, cider]
    not (time < 18:00) and done        `done`: the scene's checklist is complete

An unknown slot makes every comparison false.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import TypeAlias

import msgspec

Value: TypeAlias = str | float
"""A number is a float, a time "HH:MM", a date ISO 8601, a choice its option's name, all else its words."""

COMPARISONS = ("==", "!=", "<=", ">=", "<", ">")
LENGTH_MAX = 300
NESTED_MAX = 20


class Known(msgspec.Struct, frozen=True, tag=True):
    """The slot is known; "done": the checklist is complete."""

    slot: str


class Compare(msgspec.Struct, frozen=True, tag=True):
    """The slot is known, and compares so with any of these values."""

    slot: str
    how: str
    values: tuple[Value, ...]


class Not(msgspec.Struct, frozen=True, tag=True):
    """The opposite."""

    of: "Guard"


class All(msgspec.Struct, frozen=True, tag=True):
    """Both and every one."""

    of: "tuple[Guard, ...]"


class Any(msgspec.Struct, frozen=True, tag=True):
    """At least one."""

    of: "tuple[Guard, ...]"


Guard: TypeAlias = Known | Compare | Not | All | Any

DONE = "done"


class GuardUnreadable(Exception):
    """The text is no guard; the message says why."""


def holds(guard: Guard, known: Mapping[str, Value], *, done: bool) -> bool:
    """Whether `guard` is true of the slots that are `known`."""
    match guard:
        case Known(slot):
            return done if slot == DONE else slot in known
        case Compare(slot, how, values):
            return slot in known and any(_compare(known[slot], how, value) for value in values)
        case Not(of):
            return not holds(of, known, done=done)
        case All(of):
            return all(holds(each, known, done=done) for each in of)
        case Any(of):
            return any(holds(each, known, done=done) for each in of)


def atoms(guard: Guard) -> Iterator[Known | Compare]:
    """What is asked of single slots in it."""
    match guard:
        case Known() | Compare():
            yield guard
        case Not(of):
            yield from atoms(of)
        case All(of) | Any(of):
            for each in of:
                yield from atoms(each)


@lru_cache(maxsize=4096)
def read_guard(text: str) -> Guard:
    """The guard that `text` writes.

    Raises:
        GuardUnreadable: it writes none.
    """
    if len(text) > LENGTH_MAX:
        raise GuardUnreadable(f"it is longer than {LENGTH_MAX} characters")
    tokens = _tokens(text)
    if tokens.count("(") + tokens.count("not") > NESTED_MAX:
        raise GuardUnreadable(f"it has more than {NESTED_MAX} brackets and negations")
    guard, rest = _either(tokens)
    if rest:
        raise GuardUnreadable(f"{rest[0]!r} was not expected there")
    return guard


def _compare(known: Value, how: str, value: Value) -> bool:
    if isinstance(known, str) and isinstance(value, str):
        left, right = known.casefold(), value.casefold()
        order = (left > right) - (left < right)
    elif isinstance(known, float) and isinstance(value, float):
        order = (known > value) - (known < value)
    else:
        return how == "!="
    match how:
        case "==":
            return order == 0
        case "!=":
            return order != 0
        case "<":
            return order < 0
        case "<=":
            return order <= 0
        case ">":
            return order > 0
        case _:
            return order >= 0


_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"[^"]*"|'[^']*')|(?P<mark>==|!=|<=|>=|[<>()\[\],])"""
    r"""|(?P<word>\d{4}-\d\d-\d\d|\d{1,2}:\d\d|-?\d+(?:\.\d+)?|[A-Za-z_]\w*))"""
)
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise GuardUnreadable(f"{text[at:].strip()[:12]!r} was not understood")
        found.append(match[0].strip())
        at = match.end()
    return found


def _either(tokens: list[str]) -> tuple[Guard, list[str]]:
    guard, tokens = _both(tokens)
    parts = [guard]
    while tokens[:1] == ["or"]:
        guard, tokens = _both(tokens[1:])
        parts.append(guard)
    return (Any(tuple(parts)) if len(parts) > 1 else parts[0]), tokens


def _both(tokens: list[str]) -> tuple[Guard, list[str]]:
    guard, tokens = _one(tokens)
    parts = [guard]
    while tokens[:1] == ["and"]:
        guard, tokens = _one(tokens[1:])
        parts.append(guard)
    return (All(tuple(parts)) if len(parts) > 1 else parts[0]), tokens


def _one(tokens: list[str]) -> tuple[Guard, list[str]]:
    match tokens:
        case ["not", *rest]:
            guard, rest = _one(rest)
            return Not(guard), rest
        case ["(", *rest]:
            guard, rest = _either(rest)
            if rest[:1] != [")"]:
                raise GuardUnreadable("a `)` is missing")
            return guard, rest[1:]
        case [slot, "in", "[", *rest] if _is_name(slot):
            values, rest = _list(rest)
            return Compare(slot, "==", values), rest
        case [slot, how, value, *rest] if _is_name(slot) and how in COMPARISONS:
            return Compare(slot, how, (_literal(value),)), rest
        case [slot, *rest] if _is_name(slot):
            return Known(slot), rest
        case [other, *_]:
            raise GuardUnreadable(f"{other!r} is no slot")
        case _:
            raise GuardUnreadable("it ends too soon")


def _list(tokens: list[str]) -> tuple[tuple[Value, ...], list[str]]:
    values: list[Value] = []
    while tokens and tokens[0] != "]":
        values.append(_literal(tokens[0]))
        tokens = tokens[2:] if tokens[1:2] == [","] else tokens[1:]
    if not tokens or not values:
        raise GuardUnreadable("a list is written [one, other]")
    return tuple(values), tokens[1:]


def _is_name(token: str) -> bool:
    return (token[0].isalpha() or token[0] == "_") and token not in ("and", "or", "not", "in")


def _literal(token: str) -> Value:
    if token[0] in "\"'":
        return token[1:-1]
    if time := _TIME.fullmatch(token):
        return f"{int(time[1]):02}:{time[2]}"
    if "-" in token[1:]:
        try:
            return date.fromisoformat(token).isoformat()
        except ValueError:
            raise GuardUnreadable(f"{token!r} is no date") from None
    if token[0].isdigit() or token[0] == "-":
        try:
            return float(token)
        except ValueError:
            raise GuardUnreadable(f"{token!r} is no number") from None
    if _is_name(token):
        return token
    raise GuardUnreadable(f"{token!r} is no value")
