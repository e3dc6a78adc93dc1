"""Keeping an answer to a form: which tokens may come next, by llguidance."""

from collections.abc import Mapping
from functools import cached_property
from threading import Lock
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from antiphon.contracts import EngineBroken
from antiphon.engines.ik_model import IkModel
from antiphon.engines.native import load

_NO_CALL = r"[^{}<>`\[ \n][^{}<>`\[]*"
# As models write JSON on one line, since free white space lets small ones write nothing else.
_LAYOUT = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
_NO_SLICES: list[str] = []  # they save a millisecond of some tokens and cost 200 at the first
_PACKAGE = "llguidance"
# Values, and what can only be closed as a whole.
_VERBATIM = frozenset({"const", "enum", "default", "examples", "allOf"})
_OPENING = frozenset({"additionalProperties", "unevaluatedProperties", "patternProperties", "allOf"})


class Constraint:
    """The form of one answer. Every logit of a token that would leave it becomes minus infinity."""

    def __init__(self, matcher: Any) -> None:
        self._matcher = matcher

    @property
    def complete(self) -> bool:
        """Whether nothing may follow any more."""
        return bool(self._matcher.is_stopped())

    def allowed(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """`logits` without what may not come next; one for each token, as they were given."""
        bias = np.frombuffer(self._matcher.compute_logit_bias(), np.uint8)
        return np.where(bias[: len(logits)] > 0, logits, np.float32(-np.inf))

    def take(self, token: int) -> None:
        """Go on after `token`."""
        self._matcher.consume_token(token)


class Constraints:
    """Makes constraints for one model. What it needs of the vocabulary is collected at the first one."""

    def __init__(self, engine: str, model: IkModel) -> None:
        self._engine = engine
        self._model = model
        self._lock = Lock()

    def schema(self, schema: Mapping[str, Any]) -> Constraint:
        """Text that is a JSON value which conforms to `schema`.

        Raises:
            EngineBroken: the schema is not understood.
        """
        matcher = load(_PACKAGE, _PACKAGE).LLMatcher
        try:
            grammar = matcher.grammar_from_json_schema(_closed(schema), overrides=_LAYOUT)
        except ValueError as error:
            raise self._not_understood(error) from error
        return self._constraint(grammar)

    def no_call(self) -> Constraint:
        """Text that neither is nor begins a tool call."""
        return self._constraint(load(_PACKAGE, _PACKAGE).LLMatcher.grammar_from_regex(_NO_CALL))

    def _constraint(self, grammar: str) -> Constraint:
        with self._lock:
            tokenizer = self._tokenizer
        matcher = load(_PACKAGE, _PACKAGE).LLMatcher(tokenizer, grammar, log_level=0)
        if matcher.is_error():
            raise self._not_understood(matcher.get_error())
        return Constraint(matcher)

    def _not_understood(self, error: object) -> EngineBroken:
        reason = str(error).strip().partition("\n")[0]
        return EngineBroken(self._engine, f"it does not understand the JSON schema it was given: {reason}")

    @cached_property
    def _tokenizer(self) -> Any:
        guidance = load(_PACKAGE, _PACKAGE)
        ends, words = sorted(self._model.ends), guidance.TokenizerWrapper(_Vocabulary(self._model))
        return guidance.LLTokenizer(words, eos_token=ends, slices=_NO_SLICES)


def _closed(schema: Any) -> Any:
    """`schema` whose objects have no properties but those it names, unless it says otherwise.

    By the letter they may have any, and a small model then invents some; llama.cpp reads schemas so too.
    """
    if isinstance(schema, list):
        return [_closed(item) for item in cast(list[Any], schema)]
    if not isinstance(schema, Mapping):
        return schema
    fields = cast(Mapping[str, Any], schema)
    closed = {key: value if key in _VERBATIM else _closed(value) for key, value in fields.items()}
    if isinstance(fields.get("properties"), Mapping) and not _OPENING & fields.keys():
        closed["additionalProperties"] = False
    return closed


class _Vocabulary:
    """The tokens of a model in the shape llguidance asks for."""

    def __init__(self, model: IkModel) -> None:
        count = range(model.vocabulary_tokens)
        self.eos_token_id = min(model.ends)
        self.bos_token_id = None
        self.tokens = model.vocabulary()
        self.special_token_ids = [token for token in count if model.is_control(token)]
        self._model = model

    def __call__(self, text: bytes | str) -> list[int]:
        # Only how forced text is cut into tokens depends on it, and none is forced here.
        words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        return self._model.tokenize(words, markup=False)
