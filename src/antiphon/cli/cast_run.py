"""`antiphon cast run`: talk with a cast in the terminal, or let a scripted caller do it."""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from time import perf_counter
from typing import Any, cast

import msgspec
from rich.console import Console
from rich.markup import escape

from antiphon.contracts import Embedder, Engine, EngineSetup, LanguageModel, Part, Sampling, TextDelta
from antiphon.contracts.discovery import find
from antiphon.runtime import Config
from antiphon.runtime.cast_asking import answered
from antiphon.samp import Cast, CastSession, Decider, Line, Script
from antiphon.samp.guards import Value
from antiphon.samp.prompt import Budget, Compiled, compile_prompt
from antiphon.samp.script import expected
from antiphon.samp.state import State, checklist_done, is_done, said_aloud, values
from antiphon.samp.verbatim import verbatim
from antiphon.store import Store

_EMBEDDER = "minilm"


class PlayedTurn(msgspec.Struct, frozen=True, kw_only=True):
    """What a turn came to, for `--json`."""

    says: str
    scene: str
    persona: str
    slots: dict[str, str | float]
    answer: str
    heard: str
    prompt_tokens: int
    fresh_tokens: int
    first_token_ms: float
    wrong: tuple[str, ...] = ()
    """What the script expected and was not so."""


class Stage:
    """A cast, a caller's side of it, and the models that play."""

    def __init__(self, found: Cast, config: Config, console: Console, *, show_prompts: bool) -> None:
        self._cast, self._config, self._console, self._show = found, config, console, show_prompts
        _log("opening the models")
        with console.status("opening the models"):
            self._model = cast(LanguageModel, _open("language_model", config))
            self._embedder = cast(Embedder, _open("embedder", config))
            self.session = CastSession(found, Decider(found, self._embedder))
        self._before: Compiled | None = None
        self._token_ms = 0.0
        self.turns: list[PlayedTurn] = []

    def close(self) -> None:
        """Let go of the models."""
        self._model.close()
        self._embedder.close()

    @property
    def over(self) -> bool:
        """Whether the caller took leave, or an ending scene has no open task."""
        state = self.session.state
        scene = state.place.scene
        ends = self._cast.scenes[scene].ends and not state.question
        return state.ended or (ends and checklist_done(self._cast, scene, values(state), state.ticked))

    def answer(
        self, today: date, before: State | None = None, said: str = ""
    ) -> tuple[str, Compiled | None, float]:
        """What the agent says next, its prompt, and how long the first token took.

        `said`: the caller's words; `before`: the state in which they were said.
        """
        state = self.session.state
        recall = self._config.exact_recall
        exact = verbatim(self._cast, before or state, state, said, today=today, recall=recall)
        if exact.whole:
            self._print_words(iter((exact.text,)))
            return exact.text, None, 0.0
        limit = min(self._config.prompt_tokens, self._model.context_tokens - self._config.answer_tokens)
        budget = Budget(tokens=limit, token_ms=self._token_ms)
        compiled = compile_prompt(
            self._cast, self.session.state, count=self._model.count_tokens, budget=budget, before=self._before
        )
        self._before = compiled
        began, first_ms = perf_counter(), 0.0

        def words() -> Iterator[str]:
            nonlocal first_ms
            sampling = Sampling(
                max_tokens=self._config.answer_tokens, temperature=self._config.session.temperature
            )
            yield from (f"{exact.text} ",) if exact.text else ()
            for piece in answered(
                self._model,
                compiled.prompt,
                sampling,
                self._cast,
                state,
                cache_key="cast",
                before=exact.text,
            ):
                if isinstance(piece, TextDelta):
                    first_ms = first_ms or (perf_counter() - began) * 1000
                    yield piece.text

        said = self._print_words(words())
        self._token_ms = first_ms / max(compiled.fresh_tokens, 1)
        if self._show:
            self._print_account(compiled)
        return said, compiled, first_ms

    def turn(self, text: str, *, today: date, heard_words: int | None, wanted: Line | None) -> PlayedTurn:
        """The caller says `text`, once so much of the answer before was heard; then the agent answers."""
        before = self.session.state
        self.session.caller_said(text, today=today)
        state = self.session.state
        wrong = () if wanted is None else tuple(_wrong(self.session, wanted))
        self._print_state(wrong, scripted=wanted is not None)
        said, compiled, first_ms = self.answer(today, before, text)
        heard = said if heard_words is None else " ".join(said.split()[:heard_words])
        if heard != said:
            self._console.print(f"  [dim]cut off after: {escape(heard)}[/]")
        self.session.agent_heard(heard)
        played = PlayedTurn(
            says=text,
            scene=state.place.scene,
            persona=state.place.persona,
            slots=values(state),
            answer=said,
            heard=heard,
            prompt_tokens=compiled.tokens if compiled else 0,
            fresh_tokens=compiled.fresh_tokens if compiled else 0,
            first_token_ms=first_ms,
            wrong=wrong,
        )
        self.turns.append(played)
        return played

    def _print_words(self, words: Iterator[str]) -> str:
        persona = self._cast.personas[self.session.state.place.persona]
        self._console.print(f"[bold]{escape(persona.name)}[/] [dim]({persona.voice})[/] ", end="")
        said = ""
        for word in words:
            said += word
            self._console.print(word, end="", markup=False, highlight=False, soft_wrap=True)
        self._console.print()
        return said.strip()

    def _print_state(self, wrong: tuple[str, ...], *, scripted: bool) -> None:
        state = self.session.state
        scene = self._cast.scenes[state.place.scene]
        known = values(state)
        boxes = [
            f"{'☑' if is_done(task, state.place.scene, known, state.ticked) else '☐'} "
            + _with_value(task.ask or task.do, known)
            for task in scene.checklist
        ]
        elsewhere = [slot for slot in known if not any(task.ask == slot for task in scene.checklist)]
        boxes += [f"· {_with_value(slot, known)}" for slot in elsewhere]
        done = (
            " ✓"
            if scene.checklist and checklist_done(self._cast, state.place.scene, known, state.ticked)
            else ""
        )
        self._console.print(
            f"  [cyan]{state.place.scene}[/]{done}  {escape(' '.join(boxes))}",
            highlight=False,
            soft_wrap=True,
        )
        if scripted:
            mark = "[green]✓ as expected[/]" if not wrong else f"[red]✗ {escape('; '.join(wrong))}[/]"
            self._console.print(f"  {mark}", highlight=False, soft_wrap=True)

    def _print_account(self, compiled: Compiled) -> None:
        parts = ", ".join(f"{each.name} {each.tokens}" for each in compiled.sections)
        self._console.print(
            f"  [dim]{compiled.tokens} tokens, {compiled.fresh_tokens} of them new: {parts}[/]",
            soft_wrap=True,
        )


def play(found: Cast, config: Config, script: Script | None, args: argparse.Namespace) -> int:
    """Run the conversation; 1 when a scripted caller was led elsewhere than expected."""
    console = Console(stderr=args.json, highlight=False)
    stage = Stage(found, config, console, show_prompts=args.prompts)
    try:
        if script is None:
            _typed(stage, console)
        else:
            _scripted(stage, script, console, logged=not args.json)
    finally:
        stage.close()
    wrong = [turn for turn in stage.turns if turn.wrong]
    if args.json:
        document = {"ok": not wrong, "cast": found.cast, "turns": stage.turns}
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document)) + b"\n")
    elif script is not None:
        console.print(f"{len(stage.turns) - len(wrong)} of {len(stage.turns)} turns as expected")
    return 1 if wrong else 0


def _with_value(name: str, known: Mapping[str, Value]) -> str:
    return f"{name} {said_aloud(known[name])}" if name in known else name


def _typed(stage: Stage, console: Console) -> None:
    console.print("[dim](Ctrl-D to leave)[/]")
    today = datetime.now(UTC).astimezone().date()
    stage.session.agent_heard(stage.answer(today)[0])
    while True:
        try:
            text = console.input("[bold]you[/] ").strip()
        except EOFError:
            console.print()
            return
        if text:
            stage.turn(text, today=today, heard_words=None, wanted=None)
            if stage.over:
                return


def _scripted(stage: Stage, script: Script, console: Console, *, logged: bool) -> None:
    console.print(f"[dim]{escape(script.caller)}[/]")
    today = date.fromisoformat(script.today)
    said = stage.answer(today)[0]
    stage.session.agent_heard(_cut(said, script.lines[0].after_words) if script.lines else said)
    lines = zip(script.lines, (*script.lines[1:], None), strict=True)
    for number, (line, following) in enumerate(lines, start=1):
        if logged:
            _log(f"turn {number} of {len(script.lines)}")
        console.print(f"[bold]caller[/] {escape(line.says)}", soft_wrap=True)
        heard_words = following.after_words if following else None
        stage.turn(line.says, today=today, heard_words=heard_words, wanted=line)


def _log(line: str) -> None:
    """Tell how far it is where standard error is a file or a pipe, and the talk may be in another one."""
    if not sys.stderr.isatty():
        print(line, file=sys.stderr, flush=True)


def _cut(said: str, words: int | None) -> str:
    return said if words is None else " ".join(said.split()[:words])


def _wrong(session: CastSession, line: Line) -> Iterator[str]:
    state = session.state
    if state.place.scene != line.scene:
        yield f"expected the scene {line.scene}, not {state.place.scene}"
    if state.place.persona != line.persona:
        yield f"expected {line.persona}, not {state.place.persona}"
    for slot, value in expected(line).items():
        known = state.slots.get(slot)
        if known is None or known.value != value:
            yield f"expected {slot} = {value}, not {known.value if known else 'unknown'}"


def _open(part: Part, config: Config) -> Engine:
    choice = config.engines.get(part)
    use, settings = (choice.use, choice.settings) if choice else (_EMBEDDER, dict[str, Any]())
    setup = EngineSetup(settings=settings, weights=Store().folder, threads=config.threads)
    opening: Callable[[EngineSetup], Engine] = find(part, use).open
    return opening(setup)
