"""What the restaurant's host can have done: the book, here a list in memory."""

from typing import NamedTuple


class Booking(NamedTuple):
    """A table that is held."""

    guests: float
    day: str
    hour: str
    caller: str


BOOK: list[Booking] = []


def book_table(guests: float, day: str, hour: str, caller: str) -> str:
    """Write a booking down; the same booking again keeps its number."""
    booking = Booking(guests, day, hour, caller)
    if booking not in BOOK:
        BOOK.append(booking)
    return f"booking number {BOOK.index(booking) + 1}"
