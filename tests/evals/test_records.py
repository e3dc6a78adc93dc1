"""A run on disk: what is written is read again, whole or not at all."""

from pathlib import Path

import pytest

from antiphon.evals.records import (
    Run,
    RunUnreadable,
    conversations,
    done,
    read_conversation,
    read_run,
    write_conversation,
    write_run,
)

from .talks import agent, caller, talk

RUN = Run(suite="A shop", mode="speech", scenarios=("rolls",), seeds=(1, 2))


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    talked = talk(caller("Four rolls.", 0, 1_000, intent="opens"), agent("Here.", 1_500, 2_000, first_ms=500))
    write_run(tmp_path, RUN)
    path = write_conversation(tmp_path, talked)
    assert read_run(tmp_path) == RUN
    assert read_conversation(path) == talked
    assert list(conversations(tmp_path)) == [talked]
    assert done(tmp_path) == {"rolls-1"}


def test_a_half_written_conversation_is_none(tmp_path: Path) -> None:
    write_run(tmp_path, RUN)
    (tmp_path / "conversations" / ".rolls-2.json.4711").write_text('{"id": "rol')
    assert done(tmp_path) == frozenset()
    assert list(conversations(tmp_path)) == []


def test_what_cannot_be_read_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RunUnreadable, match=r"holds no run.json: make a run with `antiphon eval run`"):
        read_run(tmp_path)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(RunUnreadable, match="is damaged"):
        read_run(tmp_path)


@pytest.mark.parametrize("name", ["../escape-1", "a b-1", "", "A-1", "a-1-2-3-4"])
def test_no_id_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name of a file"):
        write_conversation(tmp_path, talk(id=name))
