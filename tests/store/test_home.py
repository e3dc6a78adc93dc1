from pathlib import Path

from antiphon.store import data_home, models_root


def test_the_chosen_home_wins(tmp_path: Path) -> None:
    environ = {"ANTIPHON_HOME": str(tmp_path), "XDG_DATA_HOME": "/elsewhere"}
    assert models_root(environ) == tmp_path / "models"


def test_then_the_shared_one() -> None:
    assert data_home({"XDG_DATA_HOME": "/shared"}) == Path("/shared/antiphon")


def test_then_the_usual_one() -> None:
    assert data_home({}) == Path.home() / ".local" / "share" / "antiphon"
    assert data_home({"XDG_DATA_HOME": "relative"}) == data_home({})
