"""Why weights could not be had, sorted by what a person can do about it. Each message is one line."""

from antiphon.contracts import AntiphonError


class SourceFailed(AntiphonError):
    """A source cannot be reached, or does not have what was asked of it. Another source may."""


class Damaged(AntiphonError):
    """Bytes are not the ones that were published; the text names the file, what was expected, what came."""


class DiskFull(AntiphonError):
    """There is no room; the text names the folder. What was fetched so far is kept."""


class NotPermitted(AntiphonError):
    """This user may not write there; the text names the place."""
