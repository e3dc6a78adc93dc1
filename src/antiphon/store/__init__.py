"""Where weights come from and where journals live."""

from antiphon.store.disk import human
from antiphon.store.errors import Damaged, DiskFull, NotPermitted, SourceFailed
from antiphon.store.home import data_home, models_root
from antiphon.store.manifest import Manifest, Model, ModelSet
from antiphon.store.progress import PullProgress
from antiphon.store.weights import ModelStatus, Source, Store

__all__ = [
    "Damaged",
    "DiskFull",
    "Manifest",
    "Model",
    "ModelSet",
    "ModelStatus",
    "NotPermitted",
    "PullProgress",
    "Source",
    "SourceFailed",
    "Store",
    "data_home",
    "human",
    "models_root",
]
