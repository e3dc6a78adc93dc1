"""`python -m antiphon`: the same as `antiphon`."""

import sys

from antiphon.cli import main

sys.exit(main())
