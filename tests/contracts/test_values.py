"""Walk the package: every value type survives JSON, and the public names are a committed list."""

import importlib
import inspect
import pickle
import pkgutil
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

import antiphon.contracts
from antiphon.contracts import (
    AntiphonError,
    BadRequest,
    ConfigInvalid,
    EngineBroken,
    EngineSetup,
    PrerequisiteMissing,
    SpeechChunk,
)
from antiphon.contracts.yaml_text import Tree

NOT_FOR_THE_WIRE = {
    SpeechChunk: "it holds audio",
    EngineSetup: "it holds the function that finds weights",
    Tree: "it holds whatever a file says",
}


def structs() -> Iterator[type[msgspec.Struct]]:
    for module in pkgutil.iter_modules(antiphon.contracts.__path__, "antiphon.contracts."):
        if module.ispkg:
            continue
        for _, found in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(found, msgspec.Struct) and found.__module__ == module.name:
                yield found


FOR_THE_WIRE = [found for found in structs() if found not in NOT_FOR_THE_WIRE]


def example(kind: msgspec.inspect.Type) -> Any:
    """Some value of the type `kind`, in plain JSON terms, with something in every container."""
    match kind:
        case msgspec.inspect.StructType(fields=fields, tag=tag, tag_field=tag_field):
            plain = {field.encode_name: example(field.type) for field in fields}
            return plain | ({tag_field: tag} if tag_field else {})
        case msgspec.inspect.UnionType(types=types):
            return example(types[0])
        case msgspec.inspect.LiteralType(values=values):
            return values[0]
        case msgspec.inspect.VarTupleType(item_type=item) | msgspec.inspect.FrozenSetType(item_type=item):
            return [example(item)]
        case msgspec.inspect.DictType(value_type=item):
            return {"key": example(item)}
        case msgspec.inspect.StrType() | msgspec.inspect.AnyType():
            return "Grüezi 🙂"
        case msgspec.inspect.IntType() | msgspec.inspect.FloatType():
            return 7
        case msgspec.inspect.BoolType():
            return True
        case msgspec.inspect.NoneType():
            return None
        case _:
            raise TypeError(f"{kind} is no type that contracts use; add an example here")


@pytest.mark.parametrize("kind", FOR_THE_WIRE, ids=lambda kind: kind.__name__)
def test_value_survives_json(kind: type[msgspec.Struct]) -> None:
    value = msgspec.convert(example(msgspec.inspect.type_info(kind)), kind)
    assert msgspec.json.decode(msgspec.json.encode(value), type=kind) == value


@pytest.mark.parametrize("kind", [*FOR_THE_WIRE, *NOT_FOR_THE_WIRE], ids=lambda kind: kind.__name__)
def test_value_is_frozen(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_config__.frozen


def test_public_names() -> None:
    assert sorted(antiphon.contracts.__all__) == PUBLIC
    assert all(hasattr(antiphon.contracts, name) for name in PUBLIC)


def test_the_suites_are_not_imported_with_the_contracts() -> None:
    # Sans-I/O packages import the contracts; the suites use threads and clocks.
    source = inspect.getsource(antiphon.contracts)
    assert "import" in source
    assert "from antiphon.contracts.conformance" not in source


PUBLIC = [
    "AntiphonError",
    "Audio",
    "BadRequest",
    "Busy",
    "CLOCK_HZ",
    "Cancel",
    "ConfigInvalid",
    "ContractBroken",
    "ConversationClosed",
    "Draw",
    "Embedder",
    "EndOfTurn",
    "Engine",
    "EngineBroken",
    "EngineCard",
    "EngineSetup",
    "Evaluator",
    "Finish",
    "Journal",
    "JournalEntry",
    "LISTENING_HZ",
    "LanguageModel",
    "Memory",
    "Message",
    "NEVER",
    "Outcome",
    "Part",
    "Piece",
    "Prefilled",
    "PrerequisiteMissing",
    "Prompt",
    "Recall",
    "RecallQuery",
    "Recalled",
    "Sampling",
    "Span",
    "SpeechChunk",
    "SpeechProbability",
    "Subject",
    "Synthesizer",
    "TERMS",
    "Term",
    "TermName",
    "TextDelta",
    "Ticks",
    "TimedWord",
    "Tool",
    "ToolCall",
    "Transcriber",
    "Transcript",
    "TurnReport",
    "UnknownName",
    "Usage",
    "Utterance",
    "Voice",
    "VoiceActivity",
    "VoiceActivityStream",
    "Weigh",
    "Weighed",
    "ms",
    "ticks",
]


@pytest.mark.parametrize(
    "error",
    [
        EngineBroken("moonshine", "no memory"),
        PrerequisiteMissing("no weights", remedy="antiphon models pull"),
        BadRequest("no such rate", code="bad_rate", param="rate"),
        ConfigInvalid(("one", "two")),
    ],
)
def test_an_error_comes_whole_from_another_process(error: AntiphonError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
