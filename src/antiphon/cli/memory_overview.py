"""What a memory holds, at a glance: who spoke, what has a name, which documents were added."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from antiphon.memory import Entity, Turn

_SHOWN = 12


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """Who and what there is, and how often."""

    utterances: int
    """All that can be recalled, the passages of documents included."""
    speakers: dict[str, int]
    """Utterances of each, the most first."""
    documents: dict[str, int]
    """Passages of each, by its path."""


def is_passage(turn: Turn) -> bool:
    """Whether `turn` is a passage of a document, which is then its conversation."""
    return bool(turn.conversation) and turn.id.startswith(f"{turn.conversation}#")


def overview(turns: Iterable[Turn]) -> Overview:
    """Count what `turns` are of."""
    count, speakers, documents = 0, Counter[str](), Counter[str]()
    for turn in turns:
        count += 1
        if is_passage(turn):
            documents[turn.conversation] += 1
        elif turn.speaker:
            speakers[turn.speaker] += 1
    return Overview(
        utterances=count, speakers=dict(speakers.most_common()), documents=dict(sorted(documents.items()))
    )


def overview_lines(found: Overview, entities: Sequence[Entity]) -> Iterator[str]:
    """A line each for people, for what else has a name, and for documents, where there are any."""
    known = {name.casefold() for name in found.speakers}
    named = {
        each.name: each.mentions
        for each in entities
        if known.isdisjoint(alias.casefold() for alias in (each.name, *each.aliases))
    }
    for title, counts in (("people", found.speakers), ("names", named), ("documents", found.documents)):
        if counts:
            yield f"{title}: {_listed(counts)}"


def _listed(counts: Mapping[str, int]) -> str:
    shown = [f"{name} ({count})" for name, count in list(counts.items())[:_SHOWN]]
    more = len(counts) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
