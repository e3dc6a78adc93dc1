"""An engine whose library nobody has."""

import a_library_that_nobody_has  # noqa: F401 - importing it is all it does


class Needy:
    """Cannot be imported."""
