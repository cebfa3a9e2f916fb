"""Who may read the page: whoever shows the token, or with no token whoever is on this machine; what they see lives elsewhere."""

import asyncio
import base64
import binascii
import hashlib
import hmac
import logging
from pathlib import Path
from typing import Final

from aiohttp import web
from yarl import URL

from mcidns.errors import ConfigError
from mcidns.settings import is_loopback

_LOG = logging.getLogger(__name__)

SHORTEST: Final = 16
"""Characters a token must have; what can be guessed protects nothing."""
LONGEST: Final = 4096

TELL_AGAIN: Final = 10.0
"""Seconds between two lines of the log on wrong tokens."""

_ASK: Final = {"WWW-Authenticate": 'Basic realm="mcidns status page, any user, the token as password", charset="UTF-8"'}


class Door:
    """Lets requests in or answers in their place. The token is a bearer token, or the password of any user (RFC 6750, RFC 7617).

    Browsers ask people for the latter by themselves, and authenticating proxies can send either. Without a token only
    requests for a name of this machine are let in, so that no web site can read the page through its visitor's browser by
    pointing a name of its own here; with `everybody` that does not matter. The file is read again after `again` seconds.
    """

    def __init__(self, token_file: Path | None, *, everybody: bool = False, again: float = 2.0) -> None:
        self._file = token_file
        self._everybody = everybody
        self._again = again
        self._token: bytes | None = None
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()
        self._told_at, self._wrong = float("-inf"), 0

    async def open(self) -> None:
        """Read the token for the first time. Raises ConfigError where there should be one and is none that protects."""
        if self._file is not None:
            self._token = await asyncio.to_thread(_read, self._file)
            self._read_at = asyncio.get_running_loop().time()

    async def refusal(self, request: web.Request) -> web.Response | None:
        """The answer to somebody who may not come in; None lets them in."""
        if self._file is None:
            if self._everybody or is_loopback(_host(request.headers.get("Host", ""))):
                return None
            told = "This page has no token, so it answers only as localhost: use kubectl port-forward, or set a token.\n"
            return web.Response(status=403, text=told)
        token = await self._current(self._file)
        if token is None:
            return web.Response(status=503, text="The controller cannot read its token; its log says why.\n")
        shown = _shown(request.headers.get("Authorization", ""))
        if shown is not None and hmac.compare_digest(hashlib.sha256(shown).digest(), hashlib.sha256(token).digest()):
            return None
        if shown is not None:
            self._tell_of(request.remote or "")
        return web.Response(status=401, text="Show the token of the status page: as bearer token, or as password.\n", headers=_ASK)

    def _tell_of(self, remote: str) -> None:
        """A wrong token is worth a line; somebody who tries many gets no more than one a while."""
        now = asyncio.get_running_loop().time()
        self._wrong += 1
        if now - self._told_at >= TELL_AGAIN:
            _LOG.warning("page.refused", extra={"remote": remote, "wrong_tokens": self._wrong})
            self._told_at, self._wrong = now, 0

    async def _current(self, file: Path) -> bytes | None:
        async with self._reading:
            now = asyncio.get_running_loop().time()
            if now - self._read_at >= self._again:
                self._read_at = now
                try:
                    self._token = await asyncio.to_thread(_read, file)
                except ConfigError as error:
                    self._token = None
                    _LOG.error("page.token_unreadable", extra={"why": str(error)})
        return self._token


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            token = opened.read(LONGEST + 1).strip()
    except OSError as error:
        raise ConfigError("--page-token-file", f"{file} cannot be read: {error.strerror}", "name a file with the token") from error
    if not SHORTEST <= len(token) <= LONGEST:
        remedy = f"write {SHORTEST} to {LONGEST} characters into it, such as openssl rand -hex 32 gives"
        raise ConfigError("--page-token-file", f"the token in {file} has {len(token)} characters", remedy)
    return token


def _shown(header: str) -> bytes | None:
    """The token in an Authorization header, None where there is none."""
    scheme, _, value = header.partition(" ")
    value = value.strip()
    match scheme.lower():
        case "bearer":
            return value.encode("utf-8", "surrogateescape")
        case "basic":
            try:
                return base64.b64decode(value, validate=True).partition(b":")[2]
            except (binascii.Error, ValueError):
                return None
        case _:
            return None


def _host(header: str) -> str:
    """The host of a Host header, without port and brackets; empty where it is none."""
    try:
        return URL(f"http://{header}").host or ""
    except ValueError:
        return ""
