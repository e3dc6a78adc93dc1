"""Where Antiphon keeps what it writes: weights, journals."""

import os
from collections.abc import Mapping
from pathlib import Path


def data_home(environ: Mapping[str, str] = os.environ) -> Path:
    """`$ANTIPHON_HOME`, else `$XDG_DATA_HOME/antiphon`, else `~/.local/share/antiphon`; it need not exist."""
    if chosen := environ.get("ANTIPHON_HOME"):
        return Path(chosen).expanduser().absolute()
    shared = environ.get("XDG_DATA_HOME", "")
    # A relative folder would be another place in every working directory; the XDG standard ignores it.
    base = Path(shared) if Path(shared).is_absolute() else Path.home() / ".local" / "share"
    return base / "antiphon"


def models_root(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder that holds one folder per model."""
    return data_home(environ) / "models"
