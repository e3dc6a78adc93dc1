"""An engine whose library nobody has."""

import a_library_that_nobody_has  # noqa: F401  # pyright: ignore[reportMissingImports, reportUnusedImport]


class Needy:
    """Cannot be imported."""
