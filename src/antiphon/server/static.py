"""The browser app: a few files, read once, that need nothing from anywhere else.

`make web` puts them beside this module. Without them the server talks as well, and says so as text.
"""

from functools import cached_property
from hashlib import sha256
from pathlib import Path

import msgspec
from aiohttp import web

FOLDER = Path(__file__).parent / "app_files"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
PACKED = (("br", ".br"), ("gzip", ".gz"))
"""How a file may also lie there, best first: the encoding's name and the suffix."""
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""Content-Security-Policy: whatever gets into the page, it can load nothing and tell nobody."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class AppFile(msgspec.Struct, frozen=True, dict=True):
    """One file, as it is and as it travels."""

    name: str
    plain: bytes
    packed: dict[str, bytes]
    """By encoding."""

    @cached_property
    def tag(self) -> str:
        """Changes with the content."""
        return f'"{sha256(self.plain).hexdigest()[:16]}"'

    def answer(self, request: web.Request) -> web.Response:
        """The file, packed if the browser takes it so; nothing when it has it already."""
        headers = {**HEADERS, "ETag": self.tag, "Vary": "Accept-Encoding", "Cache-Control": "no-cache"}
        if self.tag in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        accepted = {
            name.partition(";")[0].strip() for name in request.headers.get("Accept-Encoding", "").split(",")
        }
        encoding = next((name for name, _ in PACKED if name in accepted and name in self.packed), None)
        body = self.plain if encoding is None else self.packed[encoding]
        if encoding is not None:
            headers["Content-Encoding"] = encoding
        headers["Content-Type"] = TYPES[Path(self.name).suffix]
        return web.Response(body=body, headers=headers)


def read_app(folder: Path = FOLDER) -> dict[str, AppFile]:
    """The app's files by name; none when it was not built."""
    if not (folder / "index.html").is_file():
        return {}
    return {
        path.name: AppFile(
            path.name,
            path.read_bytes(),
            {
                encoding: packed.read_bytes()
                for encoding, suffix in PACKED
                if (packed := path.with_name(path.name + suffix)).is_file()
            },
        )
        for path in sorted(folder.iterdir())
        if path.suffix in TYPES
    }
