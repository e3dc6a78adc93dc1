"""What one token costs on this machine at this hour, in milliseconds: learned from what is being read anyway.

A table measured once would be wrong on a busy machine, and a session's instructions are read before anything
else is asked, so the price is known in time.
"""

FEWEST_TOKENS = 4
"""Fewer are read at a fixed cost that says little about more."""
FADING = 0.8
"""How much of what was seen before still counts beside the newest reading."""


class TokenPrice:
    """A running ratio of time to tokens. One thread writes; anybody may read."""

    def __init__(self) -> None:
        self._seen = (0.0, 0.0)

    def saw(self, tokens: int, took_ms: float) -> None:
        """So many tokens were read in this time."""
        if tokens >= FEWEST_TOKENS:
            before_tokens, before_ms = self._seen
            self._seen = FADING * before_tokens + tokens, FADING * before_ms + took_ms

    @property
    def token_ms(self) -> float | None:
        """Of one token; None while nothing was read."""
        tokens, took_ms = self._seen
        return took_ms / tokens if tokens else None

    def tokens_for(self, budget_ms: float) -> int | None:
        """How many tokens can be read in this time; None while the price is unknown."""
        each = self.token_ms
        return None if each is None else int(budget_ms / each)
