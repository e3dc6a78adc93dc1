"""The door to the world: the Realtime protocol over WebSocket, telemetry over HTTP."""

from antiphon.server.serving import serve

__all__ = ["serve"]
