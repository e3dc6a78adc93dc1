"""`antiphon eval`: what came of conversations, and how sure that is.

Each action is a module with its own `register`.
"""

from antiphon.cli import eval_compare, eval_judge, eval_label
from antiphon.cli.commands import Commands

_ACTIONS = (eval_judge, eval_label, eval_compare)


def register(commands: Commands) -> None:
    """Add the `eval` command with one command below it for each action."""
    evaluate = commands.add_parser("eval", help="judge conversations, compare versions, label by hand")
    actions = evaluate.add_subparsers(dest="action", required=True, metavar="ACTION")
    for action in _ACTIONS:
        action.register(actions)
