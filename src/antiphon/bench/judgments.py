"""Human judgments of dialogues, and what the embedded judges draw of them.

The data are not part of the project: `--data DIR` names a folder with `conture_turn.jsonl` (ConTurE,
CC-BY-4.0) and `eva_conciseness.jsonl`, `eva_faithfulness.jsonl`, `eva_conversation_progression.jsonl`
(ServiceNow EVA, MIT) in one shape, a JSON object a line: `id`, `unit`, `context`, `response`, `labels`,
`scale`, `meta.cluster` (without one it is a cluster by itself). Draws are dear; they are kept in
`--draws DIR` and made once.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any, cast
from zlib import crc32

import msgspec

from antiphon.contracts import Draw, EngineSetup, LanguageModel, PrerequisiteMissing, Subject
from antiphon.contracts.discovery import find
from antiphon.evals.criteria import criterion_named
from antiphon.evals.draws import append
from antiphon.evals.judge import CONTEXT_TOKENS, ModelJudge, manner_for
from antiphon.evals.manners import Manner, plain_manner
from antiphon.runtime.config import default_language_model
from antiphon.store import Store

MODELS = {
    "0.5b": "qwen2.5-coder-0.5b-instruct-q4_k_m",
    "1.5b": "qwen2.5-coder-1.5b-instruct-q4_k_m",
}


class Corpus(msgspec.Struct, frozen=True, kw_only=True):
    """One set of labels."""

    name: str
    criterion: str
    dimension: str
    good_from: float
    """The lowest label that counts as good."""


CORPORA = (
    Corpus(name="conture_turn", criterion="fitting", dimension="overall", good_from=1),
    Corpus(name="eva_conciseness", criterion="concise", dimension="conciseness", good_from=3),
    Corpus(name="eva_faithfulness", criterion="faithful", dimension="faithfulness", good_from=3),
    Corpus(
        name="eva_conversation_progression",
        criterion="progress",
        dimension="conversation_progression",
        good_from=3,
    ),
)
_KINDS = {"turn": "turn", "dialog": "conversation"}


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One labelled turn, or one whole conversation."""

    id: str
    cluster: str
    good: float
    subject: Subject


def read_items(folder: Path, corpus: Corpus) -> list[Item]:
    """The labelled items, in an order of chance that is always the same: a part of them is a random part.

    Raises:
        PrerequisiteMissing: the file is not there.
    """
    path = folder / f"{corpus.name}.jsonl"
    if not path.is_file():
        raise PrerequisiteMissing(f"there is no {path}", remedy="antiphon bench judges --data DIR")
    rows: list[dict[str, Any]] = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
    Random(7).shuffle(rows)  # noqa: S311 - no secret
    return [
        Item(
            id=row["id"],
            cluster=str(row["meta"].get("cluster", row["id"])),
            good=float(row["labels"][corpus.dimension][0] >= corpus.good_from),
            subject=Subject(
                id=row["id"],
                kind=_KINDS[row["unit"]],
                content={"context": row["context"], "response": row["response"]},
            ),
        )
        for row in rows
    ]


def seed_of(item: Item, pass_: int) -> int:
    """Pass 0 asks in the plain manner; each later one draws another."""
    return 0 if pass_ == 0 else pass_ * 1_000_003 + crc32(item.id.encode()) % 1_000_000


def read_kept(folder: Path, corpus: Corpus, model: str) -> Mapping[tuple[str, int], Draw]:
    """What has been drawn before, by subject and seed."""
    path = _file(folder, corpus, model)
    if not path.is_file():
        return {}
    draws = [msgspec.json.decode(line, type=Draw) for line in path.read_bytes().splitlines()]
    return {(draw.subject, draw.seed): draw for draw in draws}


def draw_more(
    folder: Path, corpus: Corpus, model: str, items: Sequence[Item], *, passes: int, seconds: float
) -> Iterator[Draw]:
    """Draw what is missing, item by item, until `seconds` are over."""
    have = read_kept(folder, corpus, model)
    todo = {
        item.id: [pass_ for pass_ in range(passes) if (item.id, seed_of(item, pass_)) not in have]
        for item in items
    }
    if not any(todo.values()) or seconds <= 0:
        return
    folder.mkdir(parents=True, exist_ok=True)
    judge = open_judge(corpus, model)
    until = monotonic() + seconds
    try:
        for item, pass_ in ((each, pass_) for each in items for pass_ in todo[each.id]):
            if monotonic() > until:
                return
            draw = judge.ask(item.subject, manner_of(corpus, model, item, pass_), seed_of(item, pass_))
            append(_file(folder, corpus, model), [draw])
            yield draw
    finally:
        judge.close()


def manner_of(corpus: Corpus, model: str, item: Item, pass_: int) -> Manner:
    """How pass number `pass_` asks about `item`."""
    if pass_ == 0:
        return plain_manner(model)
    return manner_for(item.subject, criterion_named(corpus.criterion), (model,), seed_of(item, pass_))


def open_judge(corpus: Corpus, model: str) -> ModelJudge:
    """The embedded judge of the corpus' criterion, by one model."""
    settings = {"model": MODELS[model], "batch_tokens": 128, "slots": 1, "context_tokens": CONTEXT_TOKENS}
    kind = find("language_model", default_language_model())
    opened = cast(LanguageModel, kind.open(EngineSetup(weights=Store().folder, settings=settings)))
    return ModelJudge(criterion_named(corpus.criterion), {model: opened})


def _file(folder: Path, corpus: Corpus, model: str) -> Path:
    return folder / f"{corpus.name}-{model}.jsonl"
