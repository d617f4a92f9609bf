"""A registry that accepts connections and never answers. Run as `python -m bench.hang PORT`."""

import asyncio
import sys


async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read what comes, say nothing."""
    while await reader.read(4096):
        pass
    writer.close()


async def main(port: int) -> None:
    """Serve until the process is ended."""
    server = await asyncio.start_server(swallow, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
