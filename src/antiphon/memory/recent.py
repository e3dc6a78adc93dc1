"""The honest baseline: what was said last, as much of it as fits."""

from collections.abc import Callable, Sequence
from typing import Annotated, ClassVar, Self

import msgspec

from antiphon.contracts import EngineCard, EngineSetup, Recall, RecallQuery, Utterance
from antiphon.contracts.settings import decode


class RecentSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `memory.recent`."""

    utterances: Annotated[int, msgspec.Meta(ge=1)] = 20
    """The most that are recalled, however large the budget."""


class RecentTurns:
    """The last utterances of the conversation, as "speaker: text" lines, oldest first.

    From the newest backwards, the first utterance that no longer fits ends the recall: there are no
    gaps. The question is not looked at, and nothing survives the process.
    """

    card: ClassVar[EngineCard] = EngineCard(
        name="recent",
        part="memory",
        summary="Remembers the last turns of the conversation and nothing else; what others must beat.",
        licence="Apache-2.0",
    )
    settings_kind: ClassVar[type[RecentSettings]] = RecentSettings

    def __init__(self, utterances: int = 20) -> None:
        self._most = utterances
        self._known: dict[str, Utterance] = {}  # dicts keep the order in which things were learned

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """An empty memory."""
        return cls(decode(setup.settings, RecentSettings, "memory.recent").utterances)

    def ingest(self, utterances: Sequence[Utterance]) -> None:
        """Learn, in the order they were said; a known id is left as it is."""
        for utterance in utterances:
            self._known.setdefault(utterance.id, utterance)

    def recall(self, query: RecallQuery, count_tokens: Callable[[str], int]) -> Recall:
        """The newest utterances of `query.conversation` that fit together into the budget."""
        spoken = [each for each in self._known.values() if each.conversation == query.conversation]
        best = Recall("", count_tokens(""))
        for count in range(1, min(self._most, len(spoken)) + 1):
            lines = spoken[-count:]
            context = "\n".join(f"{each.speaker}: {each.text}" for each in lines)
            # The whole is counted each time: tokens of joined lines need not add up.
            tokens = count_tokens(context)
            if tokens > query.budget_tokens:
                break
            best = Recall(context, tokens, tuple(each.id for each in lines))
        return best

    def forget(self, ids: Sequence[str]) -> int:
        """Drop what is known of `ids`; returns how many were."""
        return sum(self._known.pop(each, None) is not None for each in ids)

    def close(self) -> None:
        """Nothing to let go of."""
