"""What speaks for one turn's being overtaken by another, and how much: log-odds.

`antiphon bench memory --fit` prints them anew.
"""

from typing import Final

RIVALS: Final[dict[str, float]] = {
    "constant": -15.4,
    "asked of old": -5.35,
    "asked of new": 11,
    "score of new": 0.547,
    "new above others": -0.031,
    "words of new": 2.51,
    "alike": 3.71,
    "alike above other old": 2.88,
    "shared": 2.27,
    "shared with other old": 0.609,
    "size of old": -1.38,
    "size of new": 2.38,
    "same kin": 1.82,
    "kin asked for": 0.524,
    "kin not asked for": -1.56,
    "kin lost": -0.485,
    "both numbers": -1.16,
    "number is missing": -1.33,
    "same form": 4.05,
    "both names": 1.08,
    "name is missing": -0.722,
    "asks when, has none": -4.87,
    "asks who, has name": 0.292,
    "speaks of change": -2.66,
    "telling": 1,
    "name": 0.223,
    "number": -2.56,
    "of kin": 0.245,
    "alike above other old * alike above other old": 5.77,
    "alike above other old * speaks of change": 8.6,
    "shared with other old * shared with other old": -0.106,
    "score of new * score of new": 0.0712,
    "asked of new * speaks of change": 8.13,
    "speaks of change * shared with other old": -0.539,
    "alike above other old * shared with other old": 0.00823,
    "asked of new * nearer old": 3.36,
    "alike * nearer old": -2.66,
    "names old * shared": 2.27,
    "alike above other old * alike above other new": -2.11,
    "asked of new * score of new": -0.0918,
    "shared * shared": -0.545,
    "asked of new * names old": -9.92,
    "speaks of change * same kin": 0.354,
    "asked of new * alike above other old": 2.44,
}
"""Of `rivals.compared`; of "a * b" the product counts."""
OVERTAKEN: Final = -0.25
"""From these log-odds on the earlier turn is left out."""
