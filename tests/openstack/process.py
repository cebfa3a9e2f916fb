"""Servers of other virtual environments as children that end with us; which servers those are lives beside this file."""

import asyncio
import contextlib
import os
import random
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

_DEADLINE = 60.0


class ServerError(RuntimeError):
    """A server does not start; the text carries what it said."""


@contextlib.asynccontextmanager
async def running(
    home: Path, program: str, words: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None
) -> AsyncIterator[None]:
    """Run a program of this folder with the Python of `home` until the block ends; it has said `ready` when this returns.

    The child reads its standard input and ends when that does: also when the test run is killed.
    """
    with log.open("ab") as errors:
        child = await asyncio.create_subprocess_exec(
            *(str(home / "bin/python"), "-P", "-W", "ignore", str(Path(__file__).with_name(program)), *words),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            env={**os.environ, **(env or {}), "PYTHONPATH": ""},
        )
    try:
        async with asyncio.timeout(_DEADLINE):
            line = await child.stdout.readline()
        if line.strip() != b"ready":
            raise ServerError(f"{program} does not start:\n{log.read_text(errors='replace')[-4000:]}")
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()


async def run(*words: str) -> None:
    """Run a command to its end. Raises ServerError."""
    child = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    async with asyncio.timeout(_DEADLINE):
        output, _ = await child.communicate()
    if child.returncode:
        raise ServerError(f"{' '.join(words[:3])} failed:\n{output.decode(errors='replace')[-4000:]}")


def free_port() -> int:
    """A port that nobody listens on, below the ephemeral range."""
    while True:
        port = random.randint(15000, 32000)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            try:
                udp.bind(("127.0.0.1", port))
                tcp.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
