"""Click, talk, hear."""

from .page import Visitor


def test_click_talk_hear(visitor: Visitor) -> None:
    visitor.talks()
    visitor.says("what time is it")
    visitor.sees("what time is it")
    visitor.sees("Time for lunch.")
    visitor.waits_for("turn_measured", 1)
    print(visitor.events("page_heard"), [e["report"]["heard_ms"] for e in visitor.events("turn_measured")], [e["report"]["sent_ms"] for e in visitor.events("turn_measured")])
    visitor.page.screenshot(path="/tmp/web1.png")
