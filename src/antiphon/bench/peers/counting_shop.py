"""An MCP server whose one tool leaves a line in FILE, its argument, so that a call made twice is seen.

It is a process of its own and outlives whoever calls it by as long as a call takes.
"""

import os
import sys
import time
from pathlib import Path

TAKES_S = 0.15


def main() -> None:
    from mcp.server.mcpserver import MCPServer  # noqa: PLC0415 - an optional extra

    shop = MCPServer("shop")
    path = Path(sys.argv[1])

    @shop.tool()
    def order(count: int) -> str:  # pyright: ignore[reportUnusedFunction] - by its decorator
        """Order so many."""
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, f"{count}\n".encode())
        os.close(file)
        time.sleep(TAKES_S)
        return f"order of {count}"

    shop.run()


if __name__ == "__main__":
    main()
