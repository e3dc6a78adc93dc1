"""LoCoMo (Maharana et al. 2024): long conversations in sessions, and questions with the turns they rest on.

Only what was said is read. The file's observations and summaries are near the gold answers.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from antiphon.contracts import BadRequest, PrerequisiteMissing, Utterance

CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop", 5: "adversarial"}
_ID = re.compile(r"D(\d+):(\d+)")


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """A question."""

    text: str
    category: int
    evidence: frozenset[str]
    """Ids of turns; never empty."""
    answer: str


class Talk(msgspec.Struct, frozen=True, kw_only=True):
    """One pair's conversation over months."""

    name: str
    utterances: tuple[Utterance, ...]
    queries: tuple[Query, ...]


class _Turn(msgspec.Struct):
    speaker: str
    dia_id: str
    text: str
    blip_caption: str = ""


class _Asked(msgspec.Struct):
    question: str
    category: int
    evidence: list[str] = []
    answer: str | int | float = ""


class _Sample(msgspec.Struct):
    sample_id: str
    conversation: dict[str, Any]
    qa: list[_Asked]


def read_talks(path: Path, errata: Path | None = None) -> tuple[Talk, ...]:
    """Every conversation of the file at `path`; with the folder `errata`, its corrections of the evidence.

    Raises:
        PrerequisiteMissing: there is no such file.
        BadRequest: it is not LoCoMo's format.
    """
    try:
        samples = msgspec.json.decode(path.read_bytes(), type=list[_Sample])
        return tuple(_talk(sample, _corrections(errata, place)) for place, sample in enumerate(samples))
    except OSError as error:
        raise PrerequisiteMissing(
            f"{path} cannot be read: {error.strerror}",
            remedy="antiphon bench memory --data PATH, with LoCoMo's locomo10.json or a part of it",
        ) from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise BadRequest(f"{path} is not in LoCoMo's format: {error}", code="not_locomo") from error


def _talk(sample: _Sample, corrections: dict[str, list[str]]) -> Talk:
    utterances = tuple(_utterances(sample))
    known = {utterance.id for utterance in utterances}
    queries: list[Query] = []
    for asked in sample.qa:
        named = _ids(corrections.get(asked.question, asked.evidence), sample.sample_id)
        if evidence := named & known:
            queries.append(
                Query(
                    text=asked.question,
                    category=asked.category,
                    evidence=evidence,
                    answer=str(asked.answer),
                )
            )
    return Talk(name=sample.sample_id, utterances=utterances, queries=tuple(queries))


def _utterances(sample: _Sample) -> Sequence[Utterance]:
    said: list[Utterance] = []
    sessions = [key for key in sample.conversation if re.fullmatch(r"session_\d+", key)]
    for session in sorted(sessions, key=lambda key: int(key.rpartition("_")[2])):
        when = datetime.strptime(  # noqa: DTZ007 - the file's times have no zone
            sample.conversation[f"{session}_date_time"], "%I:%M %p on %d %B, %Y"
        ).isoformat()
        for turn in msgspec.convert(sample.conversation[session], list[_Turn]):
            shown = f" [photo: {turn.blip_caption}]" if turn.blip_caption else ""
            said.append(
                Utterance(
                    id=f"{sample.sample_id}/{turn.dia_id}",
                    speaker=turn.speaker,
                    text=turn.text + shown,
                    said_at=when,
                    conversation=f"{sample.sample_id}/{session}",
                )
            )
    return said


def _ids(evidence: Sequence[str], sample: str) -> frozenset[str]:
    # One string may hold several, and "D30:05" means D30:5.
    found = [match for text in evidence for match in _ID.findall(text)]
    return frozenset(f"{sample}/D{int(session)}:{int(turn)}" for session, turn in found)


class _Correction(msgspec.Struct):
    question: str
    correct_evidence: list[str] = []


def _corrections(folder: Path | None, place: int) -> dict[str, list[str]]:
    if folder is None:
        return {}
    listed = msgspec.json.decode((folder / f"errors_conv_{place}.json").read_bytes(), type=list[_Correction])
    return {each.question: each.correct_evidence for each in listed if each.correct_evidence}
