"""How many conversations are generated: `HYPOTHESIS_PROFILE=thorough pytest tests/dialogue` for thousands."""

import os

from hypothesis import HealthCheck, settings

_SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)

settings.register_profile(
    "default", max_examples=300, deadline=None, print_blob=True, suppress_health_check=_SLOW
)
settings.register_profile(
    "thorough", max_examples=10_000, deadline=None, print_blob=True, suppress_health_check=_SLOW
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
