"""An engine whose library nobody has."""

import a_library_that_nobody_has  # noqa: F401


class Needy:
    """Cannot be imported."""
