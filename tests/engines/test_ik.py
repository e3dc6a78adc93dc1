"""What the engine makes of the library's few functions: with an abacus for a model, so in milliseconds."""

import json
from math import exp
from pathlib import Path
from threading import current_thread
from zlib import crc32

import numpy as np
import pytest

from antiphon.contracts import (
    NEVER,
    EngineBroken,
    Finish,
    Message,
    PrerequisiteMissing,
    Prompt,
    Sampling,
    TextDelta,
    Tool,
    ToolCall,
    Weigh,
    Weighed,
)
from antiphon.engines import ik_native
from antiphon.engines.ik import Ik
from antiphon.engines.ik_model import BRANCHES, Step
from antiphon.engines.ik_score import Place, score
from antiphon.engines.local_model import LocalSettings
from antiphon.engines.local_score import groups

END = 256
TEMPLATE = "{% for m in messages %}[{{ m.role }}:{{ m.content }}]{% endfor %}[assistant:"


class Abacus:
    """A model whose tokens are bytes. It checks that every token comes right after what it was read after,
    and what it thinks follows depends on all of that and on nothing else."""

    batch_tokens = 8
    vocabulary_tokens = 257
    template = TEMPLATE
    ends = frozenset({END})

    def __init__(self) -> None:
        self.cells: dict[int, list[tuple[int, set[int], int]]] = {}
        self.evaluations: list[int] = []

    def tokenize(self, text: str, *, markup: bool) -> list[int]:
        return list(text.encode())

    def token_bytes(self, token: int) -> bytes:
        return bytes([token]) if token < END else b"<end>"

    def vocabulary(self) -> list[bytes]:
        return [self.token_bytes(token) for token in range(self.vocabulary_tokens)]

    def is_control(self, token: int) -> bool:
        return token == END

    def first_and_last(self) -> tuple[str, str]:
        return "", "<end>"

    def cut(self, cache: int, length: int) -> None:
        self._drop(cache, 0, length)

    def copy(self, cache: int, into: int, length: int) -> bool:
        held = self.cells.setdefault(cache, [])
        self.cells[into] = [
            (at, {0}, token) for at, sequences, token in held if 0 in sequences and at < length
        ]
        return True

    def branch(self, cache: int, branches: int, length: int) -> None:
        for at, sequences, _ in self.cells.setdefault(cache, []):
            if 0 in sequences and at < length:
                sequences |= set(range(1, branches + 1))

    def prune(self, cache: int, branches: int) -> None:
        for branch in range(1, branches + 1):
            self._drop(cache, branch, 0)

    def evaluate(self, cache: int, steps: list[Step]) -> list[np.ndarray]:
        assert 0 < len(steps) <= self.batch_tokens
        self.evaluations.append(len(steps))
        cells, rows = self.cells.setdefault(cache, []), []
        for step in steps:
            texts = {tuple(self.text(cache, sequence)) for sequence in step.sequences}
            (before,) = texts
            assert len(before) == step.at
            assert max(step.sequences) <= BRANCHES
            cells.append((step.at, set(step.sequences), step.token))
            if step.wanted:
                rows.append(logits([*before, step.token]))
        return rows

    def close(self) -> None:
        pass

    def text(self, cache: int, sequence: int = 0) -> list[int]:
        found = sorted((at, token) for at, seqs, token in self.cells.get(cache, ()) if sequence in seqs)
        assert [at for at, _ in found] == list(range(len(found)))
        return [token for _, token in found]

    def _drop(self, cache: int, sequence: int, length: int) -> None:
        for at, sequences, _ in self.cells.setdefault(cache, []):
            if at >= length:
                sequences.discard(sequence)
        self.cells[cache] = [cell for cell in self.cells[cache] if cell[1]]


def logits(tokens: list[int]) -> np.ndarray:
    drawn = np.random.default_rng(crc32(bytes(t % 256 for t in tokens))).normal(size=257).astype(np.float32)
    drawn[128:END] = -50.0  # no halves of letters
    drawn[END] -= 3.0
    return drawn * 2


def chance(tokens: list[int], option: bytes) -> float:
    total = 0.0
    for token in option:
        row = logits(tokens).astype(float)
        total += row[token] - np.log(np.exp(row).sum())
        tokens = [*tokens, token]
    return total


@pytest.fixture
def abacus() -> Abacus:
    return Abacus()


@pytest.fixture
def ik(abacus: Abacus) -> Ik:
    return Ik(abacus, LocalSettings(context_tokens=512, slots=2, batch_tokens=8))


def says(text: str, *, still: bool = False) -> Prompt:
    return Prompt((Message("user", text),), open=still)


def answer(ik: Ik, prompt: Prompt, sampling: Sampling, key: str = "") -> tuple[str, Finish]:
    *pieces, finish = ik.generate(prompt, sampling, cache_key=key)
    assert isinstance(finish, Finish)
    return "".join(piece.text for piece in pieces if isinstance(piece, TextDelta)), finish


def greedy(prompt: str, count: int) -> str:
    tokens = list(prompt.encode())
    for _ in range(count):
        if (token := int(logits(tokens).argmax())) == END:
            break
        tokens.append(token)
    return bytes(tokens).decode()[len(prompt) :]


def test_an_answer_is_what_the_model_thinks_whatever_was_cached(ik: Ik) -> None:
    wanted = greedy("[user:Hello you][assistant:", 6)
    plain = Sampling(max_tokens=6, temperature=0.0)
    for _ in range(2):
        said, finish = answer(ik, says("Hello you"), plain, "a")
        assert said == wanted
        assert finish.usage.completion_tokens <= 6
    assert finish.usage.cached_tokens == finish.usage.prompt_tokens - 1
    assert answer(ik, says("Hello"), plain, "a")[0] == greedy("[user:Hello][assistant:", 6)


def test_what_was_said_is_cached_for_what_follows(ik: Ik, abacus: Abacus) -> None:
    said, finish = answer(ik, says("Hello you"), Sampling(max_tokens=6, temperature=0.0), "a")
    assert bytes(abacus.text(0)).decode() == f"[user:Hello you][assistant:{said[:-1]}"
    going_on = Prompt((*says("Hello you").messages, Message("assistant", said)))
    _, finish = answer(ik, going_on, Sampling(max_tokens=1), "a")
    assert finish.usage.prompt_tokens - finish.usage.cached_tokens == 1


def test_an_open_prompt_grows_and_is_scored_without_being_read_again(ik: Ik, abacus: Abacus) -> None:
    ik.prefill(says("Where is the", still=True), cache_key="a")
    abacus.evaluations.clear()
    scores = ik.score(says("Where is the inn", still=True), [".", "?", "!"], cache_key="a")
    assert abacus.evaluations == [4]
    text = list(b"[user:Where is the inn")
    assert scores == pytest.approx([chance(text, mark) for mark in (b".", b"?", b"!")], abs=1e-4)
    _, finish = answer(ik, says("Where is the inn"), Sampling(max_tokens=1), "a")
    assert finish.usage.prompt_tokens - finish.usage.cached_tokens == len("][assistant:")


def in_pieces_of(abacus: Abacus, tokens: int) -> Ik:
    abacus.batch_tokens = tokens
    return Ik(abacus, LocalSettings(context_tokens=512, batch_tokens=tokens))


def weighing(still: str, *options: str) -> Sampling:
    return Sampling(max_tokens=1, temperature=0.0, weigh=Weigh(says(still, still=True), options))


def test_words_are_weighed_on_the_way_to_the_first_token(abacus: Abacus) -> None:
    ik = in_pieces_of(abacus, 32)
    ik.prefill(says("Where is the", still=True), cache_key="a")
    abacus.evaluations.clear()
    first, *rest = ik.generate(
        says("Where is the inn."), weighing("Where is the inn", ".", "?"), cache_key="a"
    )
    text = list(b"[user:Where is the inn")
    assert isinstance(first, Weighed)
    assert first.scores == pytest.approx([chance(text, mark) for mark in (b".", b"?")], abs=1e-4)
    assert abacus.evaluations == [len(" inn.][assistant:")]
    said = "".join(piece.text for piece in rest if isinstance(piece, TextDelta))
    assert said == greedy("[user:Where is the inn.][assistant:", 1)


def test_words_that_are_cached_already_are_weighed_as_well(abacus: Abacus) -> None:
    ik = in_pieces_of(abacus, 32)
    ik.prefill(says("Where is the inn.", still=True), cache_key="a")
    first, *_ = ik.generate(says("Where is the inn."), weighing("Where is the inn", "."), cache_key="a")
    assert isinstance(first, Weighed)
    assert first.scores == pytest.approx([chance(list(b"[user:Where is the inn"), b".")], abs=1e-4)


@pytest.mark.parametrize(
    ("still", "option", "batch"),
    [
        pytest.param("Where was the inn", ".", 32, id="other words"),
        pytest.param("Where is the inn", "...", 32, id="an option of three tokens"),
        pytest.param("Where is the inn", ".", 8, id="more behind it than one piece"),
    ],
)
def test_what_cannot_be_weighed_for_nothing_is_not(
    abacus: Abacus, still: str, option: str, batch: int
) -> None:
    ik = in_pieces_of(abacus, batch)
    pieces = list(ik.generate(says("Where is the inn."), weighing(still, option), cache_key="a"))
    assert not any(isinstance(piece, Weighed) for piece in pieces)
    assert isinstance(pieces[-1], Finish)


def test_options_share_their_beginnings(abacus: Abacus) -> None:
    options = [b"yes", b"yet", b"no", b"n", b"yes", b"what a long option this is"]
    text = list(b"Will you?")
    found = score(abacus, Place(0, text, 0), [tuple(o) for o in options], NEVER)
    assert found == pytest.approx([chance(text, option) for option in options], abs=1e-4)
    assert sum(abacus.evaluations) == 9 + 2 + 1 + 25  # the text, "ye", "n", the long one but its last
    assert abacus.text(0) == text
    assert exp(found[0]) + exp(found[1]) + exp(found[3]) < 1


def test_more_options_than_branches_take_another_round(abacus: Abacus) -> None:
    options = [bytes([65 + n, 66]) for n in range(BRANCHES + 3)]
    text = list(b"Which?")
    found = score(abacus, Place(0, text, 0), [tuple(o) for o in options], NEVER)
    assert found == pytest.approx([chance(text, option) for option in options], abs=1e-4)
    assert abacus.text(0) == text


def test_groups_are_bounded_by_count_and_tokens() -> None:
    options = [(1,), (1, 2), (1, 2, 3, 4), (5,), (6,)]
    assert list(groups(options, count=2, tokens=3)) == [[(1,), (1, 2)], [(1, 2, 3, 4)], [(5,), (6,)]]


def test_one_thread_evaluates_for_all_models() -> None:
    names = {ik_native.steps().submit(lambda: current_thread().name).result() for _ in range(20)}
    assert len(names) == 1
    assert ik_native.steps() is ik_native.steps()


def test_a_cpu_it_is_not_made_for_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = tmp_path / "cpuinfo"
    cpu.write_text("processor\t: 0\nflags\t\t: fpu sse fma f16c\n", encoding="utf-8")
    monkeypatch.setattr(ik_native, "_CPU", cpu)
    ik_native._instructions_lacking.cache_clear()
    try:
        assert not ik_native.installed()
        with pytest.raises(PrerequisiteMissing, match="avx2"):
            ik_native.library.__wrapped__()
    finally:
        ik_native._instructions_lacking.cache_clear()


COLOUR = {
    "type": "object",
    "properties": {"colour": {"enum": ["red", "green"]}, "n": {"type": "integer", "maximum": 99}},
    "required": ["colour", "n"],
}
BELL = Tool("ring_bell", "Ring the bell", COLOUR)


def test_a_schema_is_kept_by_a_model_that_babbles(ik: Ik) -> None:
    for seed in range(5):
        sampling = Sampling(max_tokens=80, temperature=2.0, seed=seed, json_schema=COLOUR)
        said, finish = answer(ik, says("Which?"), sampling)
        assert json.loads(said)["colour"] in {"red", "green"}
        assert finish.reason == "stop"


@pytest.mark.parametrize("schema", [{"type": "no such type"}, {"$ref": "#/nowhere"}, {"pattern": "((("}])
def test_a_schema_nobody_understands_is_not_ignored(ik: Ik, schema: dict[str, str]) -> None:
    with pytest.raises(EngineBroken, match="JSON schema"):
        answer(ik, says("Which?"), Sampling(json_schema=schema))


def test_a_forced_call_is_whole(ik: Ik) -> None:
    prompt = Prompt(says("Ring!").messages, (BELL,), "required")
    (call, finish) = ik.generate(prompt, Sampling(max_tokens=99, temperature=1.0, seed=1))
    assert isinstance(call, ToolCall)
    assert call.name == "ring_bell"
    assert json.loads(call.arguments)["colour"] in {"red", "green"}
    assert isinstance(finish, Finish)
    assert finish.reason == "tool_calls"


def test_where_it_may_not_call_it_cannot_begin_to(ik: Ik) -> None:
    prompt = Prompt(says("Ring!").messages, (BELL,), "none")
    for seed in range(5):
        said, _ = answer(ik, prompt, Sampling(max_tokens=40, temperature=2.0, seed=seed))
        assert not set("{}<>`[") & set(said)
        assert said[:1] not in {" ", "\n"}


def test_a_context_that_is_full_ends_the_answer(abacus: Abacus) -> None:
    ik = Ik(abacus, LocalSettings(context_tokens=256, slots=1, batch_tokens=8))
    long = says("x" * 230)
    finishes = [
        answer(ik, long, Sampling(max_tokens=200, temperature=2.0, seed=seed))[1] for seed in range(9)
    ]
    assert max(f.usage.prompt_tokens + f.usage.completion_tokens for f in finishes) == 257
    assert {f.reason for f in finishes if f.usage.completion_tokens == 257 - f.usage.prompt_tokens} == {
        "length"
    }


def test_a_cancelled_answer_leaves_what_it_read(ik: Ik, abacus: Abacus) -> None:
    pieces = ik.generate(says("Hello you"), Sampling(max_tokens=400, temperature=2.0, seed=2), cache_key="a")
    next(pieces)
    pieces.close()
    read = ik.prefill(says("Hello you"), cache_key="a")
    assert read.evaluated_tokens == 0
    assert bytes(abacus.text(0)).startswith(b"[user:Hello you][assistant:")


def test_what_it_has_said_before_takes_fewer_evaluations_and_stays_the_same(ik: Ik, abacus: Abacus) -> None:
    plain = Sampling(max_tokens=12, temperature=0.0)
    wanted = greedy("[user:Hello you][assistant:", 12)
    steps: list[int] = []
    for _ in range(5):
        abacus.evaluations.clear()
        assert answer(ik, says("Hello you"), plain, "a")[0] == wanted
        steps.append(len(abacus.evaluations))
    assert steps[0] > 12
    assert steps[-1] < 8
    # What differs behind a habitual beginning is said as it is, and nothing guessed stays in the cache.
    said, _ = answer(ik, says("Hello there"), plain, "a")
    assert said == greedy("[user:Hello there][assistant:", 12)
    assert bytes(abacus.text(0)).decode().startswith(f"[user:Hello there][assistant:{said[:-1]}")


@pytest.mark.parametrize("seed", range(8))
def test_guesses_change_no_draw(abacus: Abacus, seed: int) -> None:
    warm = Sampling(max_tokens=30, temperature=0.4, seed=seed)
    said: list[str] = []
    for habitual in (False, True):
        ik = Ik(abacus, LocalSettings(context_tokens=512, slots=2, batch_tokens=8))
        for other in range(12 if habitual else 0):
            answer(ik, says("Ring!"), Sampling(max_tokens=30, temperature=0.4, seed=100 + other), "a")
        said.append(answer(ik, says("Ring!"), warm, "a")[0])
    assert said[0] == said[1]


@pytest.mark.parametrize("copies", [True, False])
def test_a_new_conversation_copies_what_another_has_read_or_reads_it(
    abacus: Abacus, ik: Ik, copies: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not copies:
        monkeypatch.setattr(abacus, "copy", lambda cache, into, length: False)
    beginning = "Whoever calls is told of the sea first, "
    shortly = Sampling(max_tokens=8, temperature=0.0)
    first, _ = answer(ik, says(f"{beginning}then of the wind."), shortly, "first")
    abacus.evaluations.clear()
    read = ik.prefill(says(f"{beginning}then of the sand."), cache_key="second")
    assert (read.reused_tokens > len(beginning)) is copies
    assert sum(abacus.evaluations) == read.evaluated_tokens == read.prompt_tokens - read.reused_tokens
    assert answer(ik, says(f"{beginning}then of the wind."), shortly, "second")[0] == first
