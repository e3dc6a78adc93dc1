"""What the clinic's front desk can have done: the calendar, here a list in memory."""

from typing import NamedTuple


class Appointment(NamedTuple):
    """A time that is taken."""

    caller: str
    day: str
    hour: str


CALENDAR: list[Appointment] = []


def book_appointment(caller: str, day: str, hour: str) -> str:
    """Enter an appointment, unless somebody else has that time; the same one again keeps its number."""
    wanted = Appointment(caller, day, hour)
    taken = next((each for each in CALENDAR if (each.day, each.hour) == (day, hour)), None)
    if taken not in (None, wanted):
        return f"{hour} on {day} is taken"
    if taken is None:
        CALENDAR.append(wanted)
    return f"appointment number {CALENDAR.index(wanted) + 1}"
