"""The split of the recordings, and the folder they are read from."""

from pathlib import Path

import pytest

from antiphon.bench.recordings import read_recordings, split
from antiphon.contracts import PrerequisiteMissing

SPEAKERS = [("a", f"speaker {n}") for n in range(9)] + [("b", "one"), ("b", "two")]


def test_every_set_is_split_in_two_by_speaker() -> None:
    halves = split(SPEAKERS)
    assert sorted(halves) == sorted(SPEAKERS)
    for name, most in (("a", 5), ("b", 1)):
        told = [half for (set_, _), half in halves.items() if set_ == name]
        assert told.count("report") == most


def test_the_split_depends_on_nothing_but_names() -> None:
    assert split(reversed(SPEAKERS * 2)) == split(SPEAKERS)


def test_a_folder_without_a_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match=str(tmp_path)):
        read_recordings(tmp_path)


def test_a_recording_is_read_at_the_wanted_rate(tmp_path: Path) -> None:
    import numpy as np
    import soundfile

    soundfile.write(tmp_path / "one.flac", np.zeros((800, 2), np.float32), 8000)
    (tmp_path / "manifest.csv").write_text(
        "file,set,transcript,transcript_kind,speaker,seconds,labels\n"
        'one.flac,few,hello,exact,somebody,0.1,"{""words"": []}"\n',
        encoding="utf-8",
    )
    (one,) = read_recordings(tmp_path)
    assert (one.speaker, one.half, one.labels) == ("somebody", "report", {"words": []})
    assert one.audio(16_000).shape == (1600,)
