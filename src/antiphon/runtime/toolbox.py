"""The tools of a cast, ready to run: Python functions beside the cast file or from an installed module, and
tools of MCP servers (`mcp_servers`).

A tool runs on a thread of its own, under a time limit. Its arguments must suit the types the function
declares; what it gives back is cut to a bound and is text, whatever it says. A function that has begun cannot
be stopped: past its time it is told as failed, and what it gives back then is dropped.
"""

import asyncio
import atexit
import inspect
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from threading import Lock
from time import perf_counter
from types import ModuleType
from typing import Any, Literal, get_type_hints

import msgspec

from antiphon.contracts import ConfigInvalid
from antiphon.runtime.lanes import nobody, post
from antiphon.runtime.mcp_servers import open_servers
from antiphon.samp import Cast
from antiphon.samp.cast import ToolUse
from antiphon.samp.tools import UNKNOWN

LIMIT_S = 10.0
"""How long a tool may take."""
RESULT_CHARS_MAX = 600
"""What of a result is kept."""
THREADS = 4

Function = Callable[[Mapping[str, Any]], object]
"""Takes arguments that were checked, and gives back anything that JSON can say."""


class Outcome(msgspec.Struct, frozen=True):
    """What came of a call."""

    status: Literal["done", "failed"]
    text: str
    ms: float


class _Gate:
    """Lets the first one through: a call that begins, or whoever says that it must not any more."""

    def __init__(self) -> None:
        self._lock, self._shut = Lock(), False

    def passed(self) -> bool:
        """Whether this is the first one."""
        with self._lock:
            first, self._shut = not self._shut, True
            return first


class Toolbox:
    """What the tools of one cast do. Shared by all its sessions; `call` runs on the event loop's thread."""

    def __init__(
        self,
        functions: Mapping[str, Function],
        *,
        threads: Executor | None = None,
        limit_s: float = LIMIT_S,
        close: Callable[[], None] | None = None,
    ) -> None:
        self._functions = functions
        self.close: Callable[[], None] = close or nobody
        """End what was started for the tools."""
        self._threads = threads or ThreadPoolExecutor(THREADS, thread_name_prefix="tool")
        self._limit_s = limit_s

    def call(self, name: str, arguments: Mapping[str, Any], tell: Callable[[Outcome], None]) -> None:
        """Run a tool; `tell` is called once, on the loop, when it has ended or its time is over.

        One that has not begun by then, because others hold the threads, never does.
        """
        loop, began = asyncio.get_running_loop(), perf_counter()
        over = False
        gate = _Gate()

        def end(status: Literal["done", "failed"], text: str) -> None:
            nonlocal over
            if not over:
                over = True
                late.cancel()
                tell(Outcome(status, text, (perf_counter() - began) * 1000))

        def give_up() -> None:
            why = f"it took longer than {self._limit_s:g} s; {UNKNOWN}"
            end("failed", f"it could not begin within {self._limit_s:g} s" if gate.passed() else why)

        def work() -> None:
            if not gate.passed():
                return
            try:
                text = _told(self._functions[name](arguments))
            except Exception as error:
                post(loop, partial(end, "failed", f"{type(error).__name__}: {error}"[:RESULT_CHARS_MAX]))
            else:
                post(loop, partial(end, "done", text))

        late = loop.call_later(self._limit_s, give_up)
        self._threads.submit(work)


def open_toolbox(cast: Cast, folder: Path) -> Toolbox:
    """Find the functions a cast's tools run, and start the servers they are on, which takes seconds.

    Raises:
        ConfigInvalid: with every tool that cannot run, and why.
        PrerequisiteMissing: a tool is on a server, and the extra `tools` is not installed.
    """
    functions: dict[str, Function] = {}
    problems: list[str] = []
    modules: dict[str, ModuleType] = {}
    for name, tool in cast.tools.items():
        if tool.on_server is not None:
            continue
        try:
            functions[name] = checked(_function(tool, folder, modules), tool)
        except ConfigInvalid as error:
            problems += [f"tool {name}: {problem}" for problem in error.problems]
    servers, calls, refused = open_servers(cast, folder)
    problems += refused
    if problems:
        if servers is not None:
            servers.close()
        raise ConfigInvalid(tuple(problems))
    if servers is None:
        return Toolbox(functions)
    atexit.register(servers.close)
    return Toolbox({**functions, **calls}, close=servers.close)


def checked(function: Callable[..., object], tool: ToolUse) -> Function:
    """`function`, called with arguments that suit the types it declares.

    Raises:
        ConfigInvalid: what the tool needs is not what the function takes.
    """
    shape = arguments_of(function)
    fields = {each.name: each.required for each in msgspec.structs.fields(shape)}
    unknown = [slot for slot in tool.needs if slot not in fields]
    missing = [each for each, required in fields.items() if required and each not in tool.needs]
    problems = [f"{tool.runs} takes no `{slot}`; remove it from `needs`" for slot in unknown]
    problems += [f"{tool.runs} must be given `{each}`; add it to `needs`" for each in missing]
    if problems:
        raise ConfigInvalid(tuple(problems))

    def run(arguments: Mapping[str, Any]) -> object:
        given = msgspec.convert(dict(arguments), shape)
        return function(**{name: getattr(given, name) for name in arguments})

    return run


def arguments_of(function: Callable[..., object]) -> type[msgspec.Struct]:
    """What a function takes, as a type: `msgspec.json.schema` makes its JSON Schema.

    Raises:
        ConfigInvalid: a parameter has no type, or is not to be given by name.
    """
    hints = get_type_hints(function)
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for name, parameter in inspect.signature(function).parameters.items():
        if name not in hints or parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL):
            raise ConfigInvalid((f"its parameter `{name}` must have a type and take its value by name",))
        plain = parameter.default is inspect.Parameter.empty
        fields.append((name, hints[name]) if plain else (name, hints[name], parameter.default))
    return msgspec.defstruct("Arguments", fields, kw_only=True, forbid_unknown_fields=True)


def _function(tool: ToolUse, folder: Path, modules: dict[str, ModuleType]) -> Callable[..., object]:
    where, _, name = tool.runs.partition(":")
    try:
        if where not in modules:
            modules[where] = _module(where, folder)
    except Exception as error:  # whatever the file does when it is imported
        raise ConfigInvalid((f"{where} cannot be imported: {error}",)) from error
    function = getattr(modules[where], name, None)
    if not callable(function):
        raise ConfigInvalid((f"there is no function {name} in {where}",))
    return function


def _module(name: str, folder: Path) -> ModuleType:
    """A module beside the cast file, or else an installed one."""
    path = folder / f"{name}.py"
    if "." in name or not path.is_file():
        return import_module(name)
    spec = spec_from_file_location(f"antiphon_tools_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # so that the types it declares can be found
    spec.loader.exec_module(module)
    return module


def _told(result: object) -> str:
    text = result if isinstance(result, str) else msgspec.json.encode(result, enc_hook=str).decode()
    return text if len(text) <= RESULT_CHARS_MAX else f"{text[: RESULT_CHARS_MAX - 1]}…"
