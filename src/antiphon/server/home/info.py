"""What there is, as Home Assistant asks for it when it is set up."""

from importlib.metadata import version

from wyoming.info import (
    AsrModel,
    AsrProgram,
    Attribution,
    HandleModel,
    HandleProgram,
    Info,
    TtsProgram,
    TtsVoice,
)

from antiphon.contracts import EngineCard, Part, Voice

MAKERS = {
    "moonshine": Attribution("Moonshine AI", "https://github.com/moonshine-ai/moonshine"),
    "whisper": Attribution("OpenAI", "https://github.com/openai/whisper"),
    "hibari": Attribution("hibari", "https://github.com/MMWilliams/hibari"),
    "llama": Attribution("llama.cpp", "https://github.com/ggml-org/llama.cpp"),
    "ik": Attribution("ik_llama.cpp", "https://github.com/ikawrakow/ik_llama.cpp"),
}


def info(cards: dict[Part, EngineCard], voices: tuple[Voice, ...]) -> Info:
    """The three services. Where an engine names no language it is taken to speak English."""
    ours = version("antiphon")

    def maker(card: EngineCard) -> Attribution:
        return MAKERS.get(card.name, Attribution(card.name, ""))

    def languages(card: EngineCard) -> list[str]:
        return list(card.languages) or ["en"]

    ears, mouth, mind = cards["transcriber"], cards["synthesizer"], cards["language_model"]
    heard = AsrModel(
        name=ears.name,
        attribution=maker(ears),
        installed=True,
        description=ears.summary,
        version=ours,
        languages=languages(ears),
    )
    spoken = [
        TtsVoice(
            name=voice.name,
            attribution=maker(mouth),
            installed=True,
            description=voice.description or voice.name,
            version=ours,
            languages=[voice.language],
        )
        for voice in voices
    ]
    answered = HandleModel(
        name=mind.name,
        attribution=maker(mind),
        installed=True,
        description=mind.summary,
        version=ours,
        languages=languages(mind),
    )
    return Info(
        asr=[
            AsrProgram(
                name="antiphon",
                attribution=maker(ears),
                installed=True,
                description="Antiphon's speech to text",
                version=ours,
                models=[heard],
            )
        ],
        tts=[
            TtsProgram(
                name="antiphon",
                attribution=maker(mouth),
                installed=True,
                description="Antiphon's text to speech",
                version=ours,
                voices=spoken,
                supports_synthesize_streaming=True,
            )
        ],
        handle=[
            HandleProgram(
                name="antiphon",
                attribution=maker(mind),
                installed=True,
                description="Antiphon's agent",
                version=ours,
                models=[answered],
                supports_handled_streaming=True,
            )
        ],
    )
