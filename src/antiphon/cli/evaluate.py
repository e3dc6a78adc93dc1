"""`antiphon eval`: simulated callers, what they measured, and what is made of it."""

from antiphon.cli import eval_card, eval_compare, eval_judge, eval_label, eval_report, eval_run
from antiphon.cli.commands import Commands

_ACTIONS = (eval_run, eval_judge, eval_card, eval_label, eval_compare, eval_report)


def register(commands: Commands) -> None:
    """Add the `eval` command with its actions; each is a module with its own `register`."""
    evaluation = commands.add_parser(
        "eval", help="let simulated callers try the agent, judge what came of it, and compare versions"
    )
    actions = evaluation.add_subparsers(dest="eval_action", required=True, metavar="ACTION")
    for action in _ACTIONS:
        action.register(actions)
