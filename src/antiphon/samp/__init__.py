"""Single agent, multiple personality: the cast, its scenes, and the state that is folded from the journal."""

from antiphon.contracts.yaml_text import Problem
from antiphon.samp.cast import Cast, Jump, Persona, Scene, Slot, Task, ToolUse, Way
from antiphon.samp.deciding import Decider
from antiphon.samp.drawing import draw
from antiphon.samp.reading import check_cast, read_cast
from antiphon.samp.schema import cast_schema
from antiphon.samp.script import Line, Script, read_script
from antiphon.samp.session import CastSession

__all__ = [
    "Cast",
    "CastSession",
    "Decider",
    "Jump",
    "Line",
    "Persona",
    "Problem",
    "Scene",
    "Script",
    "Slot",
    "Task",
    "ToolUse",
    "Way",
    "cast_schema",
    "check_cast",
    "draw",
    "read_cast",
    "read_script",
]
