"""How sound travels to and from a Pipecat peer: 16-bit PCM in binary messages and nothing else."""

# Pipecat is an optional extra: where the types are checked it is not installed, so what comes of it has none.
# pyright: basic, reportMissingImports=false, reportMissingModuleSource=false, reportAttributeAccessIssue=false

from pipecat.frames.frames import Frame, InputAudioRawFrame, OutputAudioRawFrame
from pipecat.serializers.base_serializer import FrameSerializer

CALLER_HZ = 16_000


class PlainPcm(FrameSerializer):
    """Samples in, samples out."""

    async def serialize(self, frame: Frame) -> bytes | None:
        return frame.audio if isinstance(frame, OutputAudioRawFrame) else None

    async def deserialize(self, data: str | bytes) -> Frame | None:
        if isinstance(data, str):
            return None
        return InputAudioRawFrame(audio=data, sample_rate=CALLER_HZ, num_channels=1)
