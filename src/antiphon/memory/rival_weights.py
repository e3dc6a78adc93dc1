"""What speaks for one turn's being overtaken by another, and how much: log-odds.

`antiphon bench memory --fit` prints them anew.
"""

from typing import Final

RIVALS: Final[dict[str, float]] = {
    "constant": -9.47,
    "asked of old": -5.26,
    "asked of new": 6.72,
    "score of new": 0.381,
    "new above others": -0.0537,
    "words of new": 2.3,
    "alike": 2,
    "alike above other old": 20.8,
    "shared": 1.47,
    "shared with other old": 0.37,
    "size of old": -1.3,
    "size of new": 2.28,
    "same kin": -0.257,
    "kin asked for": -0.334,
    "kin not asked for": -1.77,
    "kin lost": -0.555,
    "both numbers": -2.3,
    "number is missing": -1.56,
    "same form": 3.72,
    "both names": 0.506,
    "name is missing": -0.855,
    "asks when, has none": -1.55,
    "asks who, has name": -0.154,
    "speaks of change": -2.4,
    "name": -0.133,
    "number": -1.44,
    "of kin": -0.34,
    "alike above other old * alike above other old": -13.2,
    "alike above other old * speaks of change": 0.00553,
    "shared with other old * shared with other old": -0.158,
    "score of new * score of new": 0.0281,
    "asked of new * speaks of change": 6.78,
    "speaks of change * shared with other old": -0.188,
    "alike above other old * shared with other old": 1.28,
    "asked of new * nearer old": 4.9,
    "alike * nearer old": -5.59,
    "names old * shared": 1.47,
    "alike above other old * alike above other new": -3.91,
    "asked of new * score of new": -0.362,
    "shared * shared": -0.305,
    "asked of new * names old": -6.09,
    "speaks of change * same kin": 0.848,
    "asked of new * alike above other old": -12.5,
    "telling": 1,
}
"""Of `rivals.compared`; of "a * b" the product counts."""
OVERTAKEN: Final = -0.8
"""From these log-odds on the earlier turn is left out."""
