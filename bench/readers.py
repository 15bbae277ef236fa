"""Readers of a report, in a process of their own: 16 connections, each asking again and again.

Run as a child: `python readers.py <port> <path> <connections>`. When every connection has had an answer it prints
"reading"; it reads until its stdin is closed, then prints JSON: for every answer the moment its request began
(nanoseconds of the monotonic clock, which all processes share) and the data version it shows. In a JSON answer the last
digits of the KPI must stand for that version's number.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time

HOST = "127.0.0.1"
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
VERSION = re.compile(rb"version (\d+)")
Seen = list[tuple[int, int]]


async def read(port: int, path: str, stop: asyncio.Event, seen: Seen) -> None:
    """One connection: ask until told to stop."""
    reader, writer = await asyncio.open_connection(HOST, port)
    request = f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
    while not stop.is_set():
        began = time.monotonic_ns()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        found = LENGTH.search(head)
        if found is None or b" 200 " not in head.split(b"\r\n", 1)[0]:
            raise SystemExit(head.decode())
        body = await reader.readexactly(int(found[1]))
        seen.append((began, version_of(body)))
    writer.close()


def version_of(body: bytes) -> int:
    """The data version a page or a JSON answer shows; the JSON's total must be of that version too."""
    if not body.startswith(b"{"):
        found = VERSION.search(body)
        if found is None:
            raise SystemExit("The page names no version.")
        return int(found[1])
    answer = json.loads(body)
    version = int(answer["data_version"])
    if round(answer["total"]["current"]) % 100_000 != version:
        raise SystemExit(f"Version {version} shows the total {answer['total']['current']}.")
    return version


async def main(port: int, path: str, connections: int) -> None:
    """Read on all connections, every fourth one the JSON."""
    stop, seen = asyncio.Event(), Seen()
    readers = [
        asyncio.create_task(read(port, path if number % 4 else f"{path}.json", stop, seen))
        for number in range(connections)
    ]
    while not all(reader.done() for reader in readers) and len(seen) < connections:
        await asyncio.sleep(0.05)
    print("reading", flush=True)
    closed = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    await asyncio.wait([closed, *readers], return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    await asyncio.gather(*readers)
    print(json.dumps(seen))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
