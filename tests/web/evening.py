"""An evening at a restaurant, as a trace file: every kind of fact, for the screens that show them."""

import json
from typing import Any

PERSONAS = [
    {"id": "host", "name": "Mara, the host", "voice": "woman", "colour": None},
    {"id": "cook", "name": "Tomas, the cook", "voice": "man", "colour": "#b5651d"},
    {"id": "sommelier", "name": "Ines, the sommelier", "voice": "alto", "colour": None},
]


def _scene(name: str, title: str, persona: str, *exits: str, checks: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "id": name,
        "title": title,
        "persona": persona,
        "aim": f"{title}.",
        "checklist": [{"id": check, "label": check} for check in checks],
        "slots": [],
        "exits": [{"to": to, "label": f"to {to}"} for to in exits],
    }


WELCOME = ("how many they are", "when they come", "a name for the table")
CAST = {
    "name": "restaurant",
    "title": "An evening at the Lantern",
    "personas": PERSONAS,
    "scenes": [
        _scene("welcome", "Welcome", "host", "table", "wine", "goodbye", checks=WELCOME),
        _scene("table", "At the table", "host", "menu", "wine", checks=("what they like",)),
        _scene("menu", "The menu", "cook", "wine", "order", checks=("allergies", "a dish")),
        _scene("wine", "The wine", "sommelier", "order", "table", checks=("a glass or a bottle",)),
        _scene("order", "The order", "host", "goodbye", checks=("said back", "confirmed")),
        _scene("goodbye", "Goodbye", "host"),
    ],
    "start": "welcome",
}

PROMPT = [
    ("persona", 96, True),
    ("scene", 142, True),
    ("memory", 88, True),
    ("what was said", 310, True),
    ("now", 21, False),
]


class _Evening:
    """Writes facts down, one after the other."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.at_ms = 0.0
        self.turn = 0
        self.said = ""

    def tell(self, name: str, /, **data: Any) -> None:
        self.events.append({"at_ms": round(self.at_ms, 1), "name": name, "data": data})

    def says(self, text: str) -> None:
        self.turn += 1
        self.said = text
        self.tell("speech_started", item_id=f"u{self.turn}", at_ms=int(self.at_ms))
        self.at_ms += 260 * len(text.split())
        self.tell("speech_stopped", item_id=f"u{self.turn}", at_ms=int(self.at_ms))
        self.tell("transcript", item_id=f"u{self.turn}", text=text)
        self.at_ms += 320

    def answers(self, text: str, *, heard: int | None = None) -> None:
        """The answer, of which `heard` words reached the caller; None: all."""
        reply, item, words = f"r{self.turn}", f"a{self.turn}", text.split()
        begun_ms = self.at_ms
        self.tell("reply_started", reply_id=reply, in_conversation=True)
        for place, word in enumerate(words):
            self.tell(
                "reply_text",
                reply_id=reply,
                item_id=item,
                text=f" {word}",
                start_ms=place * 280,
                end_ms=place * 280 + 240,
            )
        said = words[:heard]
        for place in range(len(said)):
            self.at_ms = begun_ms + 280 * (place + 1)
            self.tell("played", item_id=item, played_ms=280 * (place + 1))
        cut = heard is not None
        shown = {"id": item, "kind": "message", "role": "assistant", "text": " ".join(said), "spoken": True}
        self.tell(
            "reply_item_ended",
            reply_id=reply,
            item={**shown, "interrupted": cut, "audio_ms": 280 * len(said)},
        )
        status, reason = ("cancelled", "turn_detected") if cut else ("completed", "")
        self.tell("reply_ended", reply_id=reply, status=status, reason=reason)
        self.tell("turn_measured", report=self._report(text, " ".join(said), cut=cut))
        self.at_ms += 900

    def _report(self, answer: str, heard: str, *, cut: bool) -> dict[str, Any]:
        slower = 37 * (self.turn % 4)
        rows = [
            ("end_of_turn", "policy", 0, 300 + slower),
            ("transcription", "whisper", 128, 268),
            ("queue", "event loop", 268, 268.4),
            ("context", "prompt", 268.4, 271),
            ("first_token", "ik", 271, 402 + slower),
            ("first_clause", "ik", 402 + slower, 606 + slower),
            ("synthesis", "hibari", 606 + slower, 640 + slower),
            ("output", "transport", 640 + slower, 642 + slower),
        ]
        sent_ms = 642.0 + slower
        terms = [{"name": name, "owner": owner, "ms": end - start} for name, owner, start, end in rows]
        spans = [
            {"term": name, "owner": owner, "start_ms": start, "end_ms": end, "causes": []}
            for name, owner, start, end in rows
        ]
        return {
            "turn": self.turn,
            "revisions": 1,
            "outcome": "interrupted" if cut else "answered",
            "said": self.said,
            "answer": answer,
            "heard": heard,
            "started_at_ms": self.at_ms,
            "terms": terms,
            "overlap_ms": sum(term["ms"] for term in terms) - sent_ms,
            "residual_ms": 0.0,
            "sent_ms": sent_ms,
            "heard_ms": sent_ms + 58,
            "spans": spans,
            "prompt_tokens": 657,
            "cached_tokens": 636,
            "answer_tokens": 20,
            "wasted_tokens": 0,
            "guesses": 1,
            "guess_held": True,
        }

    def is_in(
        self,
        scene: str,
        persona: str,
        voice: str,
        done: int,
        moved: dict[str, str] | None = None,
        **slots: Any,
    ) -> None:
        checks = next(one["checklist"] for one in CAST["scenes"] if one["id"] == scene)
        self.tell(
            "state",
            turn=self.turn,
            version=self.turn + 1,
            scene=scene,
            persona=persona,
            voice=voice,
            checklist=[{**check, "done": place < done} for place, check in enumerate(checks)],
            slots=[{"name": name, "value": value} for name, value in slots.items()],
            moved=moved,
        )

    def reads(self) -> None:
        sections = [{"name": name, "tokens": tokens, "cached": cached} for name, tokens, cached in PROMPT]
        self.tell(
            "prompt",
            turn=self.turn,
            sections=sections,
            tokens=657,
            evaluated_tokens=21,
            text="You are Tomas, the cook of the Lantern. ...",
        )

    def remembers(self) -> None:
        facts = [
            ("f1", "Anna is allergic to walnuts.", 0.92, 9, "names Anna", "last spring"),
            ("f2", "She had the trout the last time, and liked it.", 0.71, 13, "what Anna ate", "12 March"),
            ("f3", "Jan drinks no wine.", 0.48, 7, "one hop from Anna", None),
        ]
        nodes = [("anna", "Anna", "person"), ("jan", "Jan", "person"), ("walnuts", "walnuts", "entity")]
        nodes += [
            ("trout", "the trout", "entity"),
            ("lantern", "the Lantern", "entity"),
            ("wine", "wine", "entity"),
        ]
        edges = [
            ("anna", "walnuts"),
            ("anna", "trout"),
            ("anna", "jan"),
            ("jan", "wine"),
            ("trout", "lantern"),
        ]
        self.tell(
            "memory",
            turn=self.turn,
            query="what can Anna eat",
            tokens=88,
            budget_tokens=512,
            ms=2.3,
            answerable=0.81,
            facts=[
                dict(zip(("id", "text", "score", "tokens", "why", "when"), fact, strict=True))
                for fact in facts
            ],
            left_out=4,
            nodes=[{"id": node, "label": label, "kind": kind} for node, label, kind in nodes],
            edges=[{"source": source, "target": target, "kind": "knows"} for source, target in edges],
        )


def evening() -> dict[str, Any]:
    """The trace."""
    it = _Evening()
    it.tell("session_opened", id="sess_evening", voice="woman")
    it.is_in("welcome", "host", "woman", 0, people=None, time=None, name=None)
    it.at_ms = 800
    it.says("Good evening, a table for two please.")
    it.is_in("welcome", "host", "woman", 1, people=2, time=None, name=None)
    it.answers("Good evening, and welcome to the Lantern. For what time, and under which name?")
    it.says("At eight. The name is Anna.")
    moved = {"from": "welcome", "to": "table", "by": "rule", "why": "all that was asked is known"}
    it.is_in("table", "host", "woman", 0, moved, people=2, time="20:00", name="Anna")
    it.answers(
        "Lovely, Anna. By the window, I think; it is quiet there, and you can see the harbour.", heard=8
    )
    it.says("Wait, what can I eat today?")
    it.remembers()
    it.reads()
    moved = {"from": "table", "to": "menu", "by": "reflective", "why": "she asks for the food"}
    it.is_in("menu", "cook", "man", 1, moved, people=2, time="20:00", name="Anna", allergies="walnuts")
    it.tell(
        "tool",
        turn=it.turn,
        name="menu_of_the_day",
        arguments={"without": "walnuts"},
        result="trout",
        status="done",
        ms=41.0,
    )
    it.answers("The trout, as last time; and nothing of mine has walnuts in it tonight, I promise.")
    it.says("Then the trout. And something to drink with it?")
    moved = {"from": "menu", "to": "wine", "by": "rule", "why": "a drink was asked for"}
    it.is_in("wine", "sommelier", "alto", 0, moved, people=2, time="20:00", name="Anna", dish="trout")
    it.answers("With trout, a dry Riesling. A glass for you, and our apple juice for Jan?")
    return {"format": "antiphon-trace", "version": 1, "id": "sess_evening", "cast": CAST, "events": it.events}


def trace_file() -> dict[str, Any]:
    """As a browser is handed a file."""
    return {"name": "evening.json", "mimeType": "application/json", "buffer": json.dumps(evening()).encode()}
