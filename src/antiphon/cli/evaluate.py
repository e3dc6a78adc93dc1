"""`antiphon eval`: simulated callers, what they measured, and what is made of it."""

import argparse

from antiphon.cli import eval_card, eval_compare, eval_judge, eval_label, eval_report, eval_run

_ACTIONS = (eval_run, eval_judge, eval_card, eval_label, eval_compare, eval_report)


def arguments(evaluation: argparse.ArgumentParser) -> None:
    """The actions of `eval`; each is a module with its own `register`."""
    actions = evaluation.add_subparsers(dest="eval_action", required=True, metavar="ACTION")
    for action in _ACTIONS:
        action.register(actions)
