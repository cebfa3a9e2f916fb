"""Kerberos through the gssapi package (extra `gss`): credentials, contexts and signatures; what travels lives in negotiation.py.

The only module that imports gssapi. What may ask the KDC or read files (`Login.begin`, `Context.step`) blocks: call it in a
thread. Signatures are computed in the process and may be made anywhere.
"""

import importlib
import itertools
import os
from dataclasses import dataclass, field
from typing import Any

from mcidns.errors import ConfigError
from mcidns_rfc2136 import names
from mcidns_rfc2136.tsig import Digest, Signer

_numbers = itertools.count(1)
_KRB5 = -1765328384
"""Where MIT's error numbers begin (krb5.hin); the first 128 are the protocol's own (RFC 4120 §7.5.9)."""

_UNREACHABLE = frozenset({_KRB5 + 156, _KRB5 + 158})  # KRB5_KDC_UNREACH, KRB5_REALM_CANT_RESOLVE
_LATER = frozenset({_KRB5 + 29})  # KDC_ERR_SVC_UNAVAILABLE
_STALE = "the keytab's key is not the KDC's: export it anew (ktadd) and replace it here"
_REMEDIES = {
    _KRB5 + 6: "the KDC does not know this principal: create it, or correct gssTsig.principal",
    _KRB5 + 7: "the KDC has no such service: create it there and in the server's keytab, or correct gssTsig.serverName and realm",
    _KRB5 + 18: "the principal is locked or expired: have it renewed",
    _KRB5 + 24: _STALE,
    _KRB5 + 31: _STALE,
    _KRB5 + 32: "the ticket has expired: renew it (kinit), or give a keytab, which renews by itself",
    _KRB5 + 37: "our clock and the KDC's differ too much: set both by NTP",
    _KRB5 + 154: "krb5.conf names no KDC of this realm, nor does DNS: add it there, or correct the realm",
    _KRB5 + 181: "the keytab holds no key for gssTsig.principal: export that principal's",
}


class NoTicket(Exception):
    """No context with the server: `later` says that the KDC did not answer, else somebody must change something."""

    def __init__(self, problem: str, *, later: bool) -> None:
        super().__init__(problem)
        self.later = later


@dataclass(frozen=True, slots=True)
class Login:
    """Who we are and who the servers are. `keytab` is a file's content; a keytab or a ticket cache may be named by path instead.

    Without any of the three the environment's own (KRB5_CLIENT_KTNAME, KRB5CCNAME) count.
    """

    principal: str | None = None
    realm: str | None = None
    server_name: str | None = None
    service: str = "DNS"
    keytab: bytes | None = field(default=None, repr=False)
    keytab_file: str | None = None
    ccache: str | None = None

    def begin(self, host: str) -> "Context":
        """A context with the server of this name, not yet established. Blocks. Raises NoTicket."""
        gssapi = module()
        who = f"{self.service}/{self.server_name or host}"
        try:
            mine = gssapi.Name(self.principal, gssapi.NameType.kerberos_principal) if self.principal else None
            if self.realm:
                theirs = gssapi.Name(f"{who}@{self.realm}", gssapi.NameType.kerberos_principal)
            else:
                theirs = gssapi.Name(who.replace("/", "@", 1), gssapi.NameType.hostbased_service)
            credentials = self._credentials(gssapi, mine)
            flags = gssapi.RequirementFlag
            wanted = flags.mutual_authentication | flags.replay_detection | flags.integrity  # RFC 3645 §3.1.1
            kerberos = gssapi.MechType.kerberos
            raw = gssapi.SecurityContext(name=theirs, creds=credentials, mech=kerberos, flags=wanted, usage="initiate")
        except gssapi.exceptions.GSSError as error:
            raise _problem(error, self, who) from error
        return Context(raw, self, who)

    def _credentials(self, gssapi: Any, mine: Any) -> Any:
        if self.ccache is not None:
            return gssapi.Credentials(name=mine, usage="initiate", store={"ccache": self.ccache})
        # Tickets of their own for each context: a renewed one lasts as long as the KDC gives.
        cache = {"ccache": f"MEMORY:mcidns-{next(_numbers)}"}
        if self.keytab is None:
            store = {**cache, "client_keytab": self.keytab_file} if self.keytab_file else None
            return gssapi.Credentials(name=mine, usage="initiate", store=store)
        # A file that has no name and never reaches a disk.
        held = os.memfd_create("keytab", os.MFD_CLOEXEC)
        try:
            os.write(held, self.keytab)
            store = {**cache, "client_keytab": f"FILE:/proc/self/fd/{held}"}
            credentials = gssapi.Credentials(name=mine, usage="initiate", store=store)
            str(credentials.name)  # the library reads the keytab only now, when the file must still be there
        finally:
            os.close(held)
        return credentials


class Context:
    """One exchange of tokens with a server, and the key it ends in."""

    def __init__(self, raw: Any, login: Login, who: str) -> None:
        self._raw = raw
        self._login = login
        self._who = who

    @property
    def established(self) -> bool:
        """Whether both ends hold the key."""
        return bool(self._raw.complete)

    @property
    def lifetime(self) -> float:
        """Seconds that the ticket still lasts."""
        return float(self._raw.lifetime)

    def step(self, token: bytes | None) -> bytes | None:
        """Take the server's token and give ours, None where nothing is to be sent. Blocks. Raises NoTicket."""
        try:
            sent: bytes | None = self._raw.step(token)
        except module().exceptions.GSSError as error:
            raise _problem(error, self._login, self._who) from error
        return sent

    def key(self, name: str) -> "ContextKey":
        """The established context as a key of this name."""
        return ContextKey(name, self._raw, str(self._raw.initiator_name))


@dataclass(frozen=True, slots=True)
class ContextKey(Signer):
    """A context as TSIG knows it (RFC 3645 §3): signatures are the mechanism's own."""

    name: str
    context: Any = field(repr=False)
    principal: str
    algorithm: str = "gss-tsig"

    @property
    def algorithm_owner(self) -> bytes:
        """The name of RFC 3645 §5."""
        return names.to_wire("gss-tsig.")

    @property
    def remedy(self) -> str:
        """What a server may have against a context."""
        return f"the server must accept {self.principal} for GSS-TSIG; its log says what it has against it"

    def digest(self, prior: bytes = b"") -> Digest:
        """Gathers the bytes, since the mechanism takes them whole."""
        gathered = _Gathered(self.context)
        if prior:
            gathered.update(len(prior).to_bytes(2, "big") + prior)
        return gathered


class _Gathered:
    __slots__ = ("_context", "_data")

    def __init__(self, context: Any) -> None:
        self._context = context
        self._data = bytearray()

    def update(self, data: bytes | memoryview, /) -> None:
        self._data += data

    def mac(self) -> bytes:
        made: bytes = self._context.get_signature(bytes(self._data))
        return made

    def fits(self, mac: bytes) -> bool:
        known = module().exceptions
        try:
            self._context.verify_signature(bytes(self._data), mac)
        except (known.DuplicateTokenError, known.OldTokenError, known.UnseqTokenError, known.GapTokenError):
            return True  # right, and out of turn: answers may overtake one another, and each belongs to one request by its MAC
        except known.GSSError:
            return False
        return True


def module() -> Any:
    """The gssapi package. Raises ConfigError where it is missing."""
    try:
        return importlib.import_module("gssapi")
    except (ImportError, OSError) as error:  # the package, or the system's Kerberos library under it
        raise ConfigError(
            "config.gssTsig",
            f"the Python package gssapi cannot be used ({error})",
            "install it with pip install 'mcidns[gss]' (it needs MIT Kerberos; to build it, libkrb5-dev and gcc)",
        ) from error


def _problem(error: Any, login: Login, who: str) -> NoTicket:
    code = int(error.min_code)
    code = code - (1 << 32) if code >= 1 << 31 else code
    said = " ".join((str(error.get_all_statuses(error.min_code, False)[0]) if code else str(error)).split())
    subject = f"no Kerberos ticket of {login.principal or 'the default principal'} for {who}: {said}"
    if code in _UNREACHABLE:
        return NoTicket(f"{subject}; check that the KDC runs and that krb5.conf (or DNS) names it", later=True)
    expired = isinstance(error, module().exceptions.ExpiredCredentialsError)
    remedy = _REMEDIES.get(_KRB5 + 32 if expired else code, "check gssTsig, the keytab or ticket cache, and krb5.conf")
    return NoTicket(f"{subject}; {remedy}", later=code in _LATER)
