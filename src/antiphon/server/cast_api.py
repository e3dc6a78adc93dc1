"""What cast is played, for whoever wants to show it."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from antiphon.runtime import Hub
from antiphon.runtime.casting import Staged
from antiphon.server.sessions_api import answer, problem

_COLOURS = ("#b4532a", "#2a6fb4", "#6b8e23", "#8e44ad", "#c2185b", "#00838f", "#a67c00", "#5d4037")
"""One for each persona, in the order of the file; from the beginning again where there are more."""


class CastApi:
    """The route /v1/cast."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Register it."""
        router.add_get("/v1/cast", self._cast)

    async def _cast(self, _: web.Request) -> web.Response:
        if self._hub.staged is None:
            return problem(404, "no_cast", "No cast is played here; start the server with --cast FILE.")
        return answer(described(self._hub.staged))


def described(staged: Staged) -> Mapping[str, Any]:
    """The people, the scenes, and the ways between them."""
    cast = staged.cast
    jumps = [
        {"to": jump.to, "label": jump.when or name, "anywhere": True} for name, jump in cast.anywhere.items()
    ]
    return {
        "name": cast.cast,
        "title": cast.cast,
        "about": cast.about,
        "start": cast.start,
        "personas": [
            {
                "id": name,
                "name": persona.name,
                "role": persona.role,
                "voice": persona.voice,
                "colour": _COLOURS[place % len(_COLOURS)],
            }
            for place, (name, persona) in enumerate(cast.personas.items())
        ],
        "scenes": [
            {
                "id": name,
                "title": name.replace("_", " "),
                "persona": scene.plays,
                "aim": scene.aim,
                "checklist": [
                    {
                        "id": task.ask or task.do,
                        "label": cast.slots[task.ask].about if task.ask else task.do,
                        "optional": task.optional,
                    }
                    for task in scene.checklist
                ],
                "slots": [task.ask for task in scene.checklist if task.ask],
                "exits": [
                    {"to": way.to, "label": way.when or (way.says[0] if way.says else way.guard)}
                    for way in scene.ways
                ],
                "ends": scene.ends,
            }
            for name, scene in cast.scenes.items()
        ],
        "anywhere": jumps,
        "slots": [
            {"name": name, "about": slot.about, "type": slot.type} for name, slot in cast.slots.items()
        ],
    }
