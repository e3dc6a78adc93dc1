"""What the caller sends: cleaned of the agent's voice, kept until it is committed, listened to for speech."""

from collections.abc import Callable, Sequence

from antiphon.contracts import Audio
from antiphon.dialogue.events import VoiceWindow
from antiphon.runtime.clock import Clock
from antiphon.runtime.ear import Ear
from antiphon.runtime.echo import Echo
from antiphon.runtime.lanes import nobody
from antiphon.runtime.parts import Parts
from antiphon.runtime.uplink import Uplink, to_listening


class Hearing:
    """One caller's audio. `heard` is told how each window sounds, `failed` when nobody can say.

    Attributes:
        uplink: the audio that is kept.
    """

    def __init__(
        self,
        parts: Parts,
        clock: Clock,
        *,
        heard: Callable[[Sequence[VoiceWindow]], None],
        failed: Callable[[str], None],
    ) -> None:
        self._parts, self._clock, self._heard, self._failed = parts, clock, heard, failed
        self._echo = Echo()
        self.uplink = Uplink(self._echo.clean)
        self._ear = self._open_ear()

    def push(self, audio: Audio, *, listen: bool) -> None:
        """Keep 24 kHz audio; `listen`: for speech, too."""
        heard = self.uplink.push(audio, self._clock.now())
        if listen:
            self._ear.push(heard)

    def sent(self, audio: Audio) -> None:
        """The agent's own voice leaves now, and may come back."""
        self._echo.sent(audio, self._clock.now())

    def begin_anew(self) -> None:
        """Forget what was listened to; what is kept stays."""
        self._ear.close()
        self._ear = self._open_ear()

    def close(self) -> None:
        """Tell nobody anything more."""
        self._ear.close()
        self._heard = self._failed = nobody

    def _open_ear(self) -> Ear:
        return Ear(
            self._parts.voice_activity,
            self._parts.lanes["voice_activity"],
            start_sample=to_listening(self.uplink.end),
            heard=self._judge,
            failed=self._failed,
        )

    def _judge(self, windows: Sequence[VoiceWindow]) -> None:
        self._heard([self._echo.judge(window) for window in windows])
