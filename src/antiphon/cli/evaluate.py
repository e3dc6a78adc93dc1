"""`antiphon eval`: simulated callers, what they measured, and what is made of it."""

from antiphon.cli import eval_report, eval_run
from antiphon.cli.commands import Commands

_ACTIONS = (eval_run, eval_report)


def register(commands: Commands) -> None:
    """Add the `eval` command."""
    evaluation = commands.add_parser(
        "eval", help="let simulated callers try the agent, and see what came of it"
    )
    actions = evaluation.add_subparsers(dest="eval_action", required=True, metavar="ACTION")
    for action in _ACTIONS:
        action.register(actions)
