"""Does a value suit its slot?"""

import re
from datetime import date

from antiphon.samp.cast import Slot

WORDS_MAX = 2000
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def misfit(slot: Slot, value: object) -> str:
    """What is wrong with `value` for `slot`, as the end of a sentence; empty when it suits."""
    if slot.type == "number":
        if isinstance(value, bool) or not isinstance(value, float | int):
            return "must be a number"
        low, high = slot.least, slot.most
        if (low is not None and value < low) or (high is not None and value > high):
            return f"must lie between {low} and {high}"
        return ""
    if not isinstance(value, str) or not value.strip() or len(value) > WORDS_MAX:
        return "must be words"
    match slot.type:
        case "time":
            return "" if _TIME.fullmatch(value) else "must be a time as 18:30"
        case "date":
            return "" if _is_date(value) else "must be a date as 2026-12-24"
        case "choice":
            return "" if value in slot.options else f"must be one of {', '.join(slot.options)}"
        case "name" | "free":
            return ""


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
