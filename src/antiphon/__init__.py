"""Antiphon: real-time spoken conversation, offline, on an ordinary two-core computer."""

__version__ = "0.1.0"
