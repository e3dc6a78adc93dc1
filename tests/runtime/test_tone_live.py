"""The caller's tone in a live conversation: the pace out of the line, and the line in the next prompt."""

from antiphon.runtime.replaying import replay

from .shop import Shop
from .virtual import in_virtual_time


@in_virtual_time
async def test_the_pace_is_kept_and_impatience_reaches_the_answer_that_follows() -> None:
    stage = Shop(*["Certainly."] * 12)
    await stage.greeted()
    await stage.told("I look for something nice")
    await stage.told("how many times do I have to say that")
    assert stage.session.playing is not None
    paces = stage.session.playing.state.paces
    assert len(paces) == 2
    assert all(0.5 < pace < 10 for pace in paces)
    before, after = stage.prompts()[-2:]
    assert "losing patience" in after
    assert "losing patience" not in before
    assert replay(stage.journal).difference is None
