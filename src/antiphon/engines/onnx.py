"""The little of ONNX Runtime that the audio engines use, with its errors translated."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from antiphon.contracts import EngineBroken, PrerequisiteMissing
from antiphon.engines.native import load

Tensor = NDArray[Any]

_ERRORS_ONLY = 3


class OnnxModel:
    """A loaded network. Runs may overlap: it holds no state between them."""

    def __init__(self, engine: str, model: Path | bytes, *, threads: int = 1) -> None:
        """Load `model` from its file or its bytes for the engine called `engine`.

        Raises:
            PrerequisiteMissing: the file or the runtime is absent.
            EngineBroken: the file is not a model this runtime understands.
        """
        if isinstance(model, Path) and not model.is_file():
            name = model.parent.name
            raise PrerequisiteMissing(
                f"{engine} needs {model.name} of {name}", remedy=f"antiphon models pull {name}"
            )
        runtime = load("onnxruntime", "onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        # A spinning worker would take the core that the language model decodes on.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        source = str(model) if isinstance(model, Path) else model
        self._engine = engine
        try:
            self._session = runtime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise EngineBroken(engine, f"its network does not load: {error}") from error

    def run(self, outputs: Sequence[str] | None, inputs: Mapping[str, Tensor]) -> list[Tensor]:
        """The named outputs (None: all, in the file's order) for `inputs`.

        Raises:
            EngineBroken: the runtime refused the inputs or failed.
        """
        try:
            return self._session.run(outputs, inputs)
        except Exception as error:
            raise EngineBroken(self._engine, f"its network failed: {error}") from error

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of what it takes, in the file's order."""
        return tuple(tensor.name for tensor in self._session.get_inputs())

    def run_kept(self, outputs: Sequence[str], inputs: Mapping[str, Any]) -> list[Any]:
        """As `run`, with the runtime's own values: what goes from one run into the next is not copied."""
        try:
            return self._session.run_with_ort_values(outputs, inputs)
        except Exception as error:
            raise EngineBroken(self._engine, f"its network failed: {error}") from error
