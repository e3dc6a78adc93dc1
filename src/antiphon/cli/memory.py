"""`antiphon memory`: the graph memory by itself, on a file of its own."""

import argparse
import sys
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from time import perf_counter
from typing import cast

import msgspec
from rich.console import Console
from rich.progress import Progress

from antiphon.cli.memory_lines import Query, Said, checked, queries, reading, strides, utterances
from antiphon.cli.memory_overview import is_passage, overview, overview_lines
from antiphon.cli.program import as_started
from antiphon.contracts import BadRequest, Embedder, EngineSetup, LanguageModel, PrerequisiteMissing
from antiphon.contracts.discovery import find
from antiphon.memory import Ask, Fact, Found, GraphMemory, passages
from antiphon.memory.documents import document_name
from antiphon.memory.record import Record
from antiphon.memory.refining import refined_by
from antiphon.runtime.memories import file_of
from antiphon.store import Store

_USUAL = "minilm"
_AS_IT_IS = ("show", "forget", "export")
"""What needs no vectors."""
_DOCUMENTS = ("*.md", "*.markdown", "*.txt", "*.pdf")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A line of what `recall --json` prints."""

    id: str
    turns: tuple[str, ...]
    facts: tuple[Fact, ...]
    tokens: int
    milliseconds: float
    """Of the recall, the question's vector included."""
    answerable: float
    context: str


def arguments(memory: argparse.ArgumentParser) -> None:
    """One command for each thing to do with a memory."""
    actions = memory.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(name: str, run: Callable[[argparse.Namespace], int], help_: str) -> argparse.ArgumentParser:
        parser = actions.add_parser(name, help=help_, description=help_[0].upper() + help_[1:] + ".")
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--db", type=Path, metavar="FILE", help="the memory's file")
        whose.add_argument(
            "--user",
            type=_file_of,
            dest="db",
            metavar="NAME",
            help="the memory of whoever speaks under this name",
        )
        parser.add_argument(
            "--embedder",
            metavar="NAME",
            help=f"whose vectors it holds, `none` for none; what the file names or {_USUAL} otherwise",
        )
        parser.set_defaults(run=run)
        return parser

    ingest = action("ingest", _ingest, "learn lines of JSON: id, speaker, time, text, conversation, persona")
    ingest.add_argument("file", type=Path, metavar="FILE.jsonl")
    ingest.add_argument(
        "--refine", metavar="MODEL", help="let this language model judge what may have changed; a second each"
    )
    add = action("add", _add, "learn documents: Markdown, text or PDF, a file or a folder of them")
    add.add_argument("path", type=Path, metavar="PATH")
    add.add_argument("--persona", default="", help="who may recall them; everyone otherwise")
    recall = action("recall", _recall, "recall the context of each query")
    recall.add_argument("--budget", type=int, required=True, metavar="TOKENS", help="the most for each")
    recall.add_argument(
        "--queries", type=Path, metavar="FILE.jsonl", help="lines of JSON: text, id, speaker..."
    )
    recall.add_argument("--query", metavar="TEXT", help="one query")
    recall.add_argument(
        "--model", metavar="NAME", help="count tokens as this model; characters / 4 otherwise"
    )
    recall.add_argument("--json", action="store_true", help="print a line of JSON for each query")
    show = action("show", _show, "print what is known: people, names, documents, and the facts that hold")
    show.add_argument("--all", action="store_true", help="superseded facts, too")
    show.add_argument("--json", action="store_true", help="print JSON")
    forget = action("forget", _forget, "really forget utterances and all that rests on them")
    forget.add_argument("ids", nargs="+", metavar="ID")
    action("export", _export, "print every utterance as a line of JSON, as `ingest` reads it")


def _file_of(user: str) -> Path:
    try:
        return file_of("", user)
    except BadRequest as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _ingest(args: argparse.Namespace) -> int:
    learned = 0
    judge = None if args.refine is None else _model(args.refine)
    # The input comes first: without one no memory is made.
    with reading(args.file) as file, _opened(args) as memory, _bar(args.file.stat().st_size) as advance:
        try:
            for stride in strides(utterances(file, args.file)):
                learned += memory.learn(stride)
                if judge is not None:
                    refined_by(judge, memory.refine(len(stride)))
                advance(file.tell())
        except BadRequest as error:
            raise BadRequest(f"{error}; {learned} learned before it", code=error.code) from error
    print(f"{learned} learned")
    return 0


def _add(args: argparse.Namespace) -> int:
    path: Path = args.path
    files = sorted({each for kind in _DOCUMENTS for each in path.rglob(kind)}) if path.is_dir() else [path]
    if not files:
        raise PrerequisiteMissing(f"{path} holds no document", remedy=f"put {', '.join(_DOCUMENTS)} into it")
    if len(files) == 1:
        passages(files[0])  # without anything to learn no memory is made
    learned = 0
    gone: set[str] = set()
    failed: list[Path] = []
    with _opened(args) as memory, _bar(len(files)) as advance:
        before = _passages_by_document(memory)
        for place, file in enumerate(files):
            try:
                found = passages(file, persona=args.persona)
            except (BadRequest, PrerequisiteMissing) as error:
                failed.append(file)
                print(as_started(f"antiphon: {error}"), file=sys.stderr)
            else:
                learned += memory.learn(found)
                # The name as it is typed is what earlier versions wrote.
                old = before.get(str(file), set()) | before.get(document_name(file), set())
                gone |= old - {passage.id for passage in found}
            advance(place + 1)
        forgotten = memory.forget(sorted(gone)) if gone else 0
    replaced = f", {forgotten} that they no longer hold forgotten" if forgotten else ""
    left = f"; {len(failed)} could not be read" if failed else ""
    print(f"{learned} passages of {len(files) - len(failed)} documents learned{replaced}{left}")
    return 1 if failed else 0


def _passages_by_document(memory: GraphMemory) -> dict[str, set[str]]:
    """The ids of all passages, by the document they are of."""
    found: dict[str, set[str]] = {}
    for turn in memory.turns():
        if is_passage(turn):
            found.setdefault(turn.conversation, set()).add(turn.id)
    return found


def _recall(args: argparse.Namespace) -> int:
    if (args.queries is None) == (args.query is None):
        raise BadRequest("give either --query TEXT or --queries FILE", code="no_query")
    if args.budget < 1:
        raise BadRequest(
            f"a budget of {args.budget} tokens holds nothing; give --budget 1 or more", code="bad_budget"
        )
    asked = [checked(Query(text=args.query))] if args.query is not None else list(queries(args.queries))
    count_tokens = _counter(args.model)
    with _opened(args) as memory:
        for query in asked:
            ask = Ask(
                text=query.text,
                budget_tokens=args.budget,
                speaker=query.speaker,
                conversation=query.conversation,
                persona=query.persona,
                since=query.since,
                until=query.until,
            )
            began = perf_counter()
            found = memory.look(ask, count_tokens)
            took_ms = (perf_counter() - began) * 1e3
            if not args.json:
                print(found.context or _nothing(found, args.budget))
                print(f"({found.tokens} tokens, {took_ms:.1f} ms)\n")
                continue
            answer = Answer(
                id=query.id,
                turns=tuple(one.id for one in found.chosen),
                facts=memory.with_facts(found).facts,
                tokens=found.tokens,
                milliseconds=took_ms,
                answerable=found.answerable,
                context=found.context,
            )
            print(msgspec.json.encode(answer).decode(), flush=True)
    return 0


def _nothing(found: Found, budget: int) -> str:
    return f"(nothing fits into {budget} tokens)" if found.left_out else "(nothing found)"


def _show(args: argparse.Namespace) -> int:
    with _opened(args) as memory:
        facts, entities = memory.facts(current=not args.all), memory.entities()
        found = overview(memory.turns())
    if args.json:
        document = {**msgspec.to_builtins(found), "facts": facts, "entities": entities}
        print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
        return 0
    print(f"{found.utterances} utterances, {len(facts)} facts, {len(entities)} names")
    print("\n".join(overview_lines(found, entities)), end="\n" if found.utterances else "")
    for fact in facts:
        until = f" until {fact.valid_to or fact.superseded_at}" if fact.superseded_at else ""
        since = f" since {fact.valid_from}" if fact.valid_from else ""
        print(f"{fact.subject} | {fact.relation} | {fact.object}{since}{until} ({fact.source})")
    return 0


def _forget(args: argparse.Namespace) -> int:
    with _opened(args) as memory:
        known = {turn.id for turn in memory.turns()}
        count = memory.forget(args.ids)
    print(f"{count} forgotten")
    if unknown := [each for each in args.ids if each not in known]:
        told = f"antiphon: nothing here has the id {', '.join(unknown)}; antiphon memory export prints them"
        print(as_started(told), file=sys.stderr)
    return 0 if count else 1


def _export(args: argparse.Namespace) -> int:
    with _opened(args) as memory:
        for turn in memory.turns():
            said = Said(
                id=turn.id,
                text=turn.text,
                speaker=turn.speaker,
                time=turn.said_at,
                conversation=turn.conversation,
                persona=turn.persona,
            )
            print(msgspec.json.encode(said).decode())
    return 0


@contextmanager
def _opened(args: argparse.Namespace) -> Generator[GraphMemory]:
    if args.action not in ("ingest", "add") and not args.db.exists():
        raise PrerequisiteMissing(
            f"there is no memory {args.db}", remedy=f"antiphon memory ingest FILE.jsonl --db {args.db}"
        )
    if args.action in _AS_IT_IS:
        memory = GraphMemory(args.db, as_it_is=True)
    else:
        memory = GraphMemory(args.db, _embedder(args.embedder or _held(args.db)))
    try:
        yield memory
    finally:
        memory.close()


def _embedder(name: str) -> Embedder | None:
    if name == "none":
        return None
    return cast(Embedder, find("embedder", name).open(EngineSetup(weights=Store().folder)))


def _held(path: Path) -> str:
    """The embedder of the memory at `path`."""
    if not path.exists():
        return _USUAL
    with closing(Record(path, None, 0)) as record:
        return record.embedder or _USUAL


def _counter(model: str | None) -> Callable[[str], int]:
    if model is None:
        return lambda text: -(-len(text) // 4)
    return _model(model).count_tokens


def _model(name: str) -> LanguageModel:
    setup = EngineSetup(settings={"model": name, "slots": 1}, weights=Store().folder)
    return cast(LanguageModel, find("language_model", "llama").open(setup))


@contextmanager
def _bar(total: int) -> Generator[Callable[[int], None]]:
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda done: None
        return
    with Progress(console=console, transient=True) as bars:
        task = bars.add_task("learning", total=total)
        yield lambda done: bars.update(task, completed=done)
