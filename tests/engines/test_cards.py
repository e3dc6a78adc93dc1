"""Cards are cheap to read, and each stands where its entry point says."""

import subprocess
import sys

import pytest

from antiphon.contracts import Part
from antiphon.contracts.discovery import find

NATIVE = (
    "onnxruntime",
    "ctranslate2",
    "tokenizers",
    "scipy",
    "hibari",
    "xllamacpp",
    "ik_llama_cpp",
    "llguidance",
)
EMBEDDED: tuple[tuple[Part, str], ...] = (
    ("voice_activity", "silero"),
    ("end_of_turn", "smart_turn"),
    ("transcriber", "whisper"),
    ("language_model", "llama"),
    ("language_model", "ik"),
    ("synthesizer", "hibari"),
)


@pytest.mark.parametrize(("part", "name"), EMBEDDED)
def test_the_card_is_that_of_its_entry_point(part: Part, name: str) -> None:
    card = find(part, name).card
    assert card.part == part
    assert card.name == name
    assert len(card.summary) < 120


def test_reading_cards_imports_no_native_library() -> None:
    modules = ", ".join(f"antiphon.engines.{name}" for _, name in EMBEDDED)
    script = f"import sys, {modules}; print([name for name in {NATIVE} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
