"""A cluster made a member, and its token changed: what must be done is done and told in its order, and the outcome is proved."""

import time
from dataclasses import dataclass

from mcidns.hub import times
from mcidns.joining import proof, seen, steps, ticket
from mcidns.joining.journal import Journal
from mcidns.joining.look import Found, Order, look
from mcidns.joining.mint import ENDLESS, Minted
from mcidns.joining.rights import Wanted
from mcidns.joining.sides import Need, Side
from mcidns.joining.steps import VERBS, Deed, Step
from mcidns.joining.ticket import Draft
from mcidns.kube import kinds, tokens
from mcidns.kube.access import Access
from mcidns.kube.errors import Unreachable
from mcidns.model.secrets import Secret


@dataclass(frozen=True, slots=True)
class Joined:
    """How it ended. `complete` False: something is left to be done, which the warnings tell. `ready` None: nobody waited for it."""

    complete: bool
    ready: bool | None = None
    token_secret: str = ""
    expires: float | None = None


@dataclass(frozen=True, slots=True)
class _Choice:
    """Which token shall be used: one that is there, or a new one, whose Secret is `blank`."""

    lifetime: float
    held: Minted | None = None
    blank: Wanted | None = None


class Join:
    """One joining. A run that fails has told in the journal what it did; the next goes on from there."""

    def __init__(self, order: Order, host: Side, member: Side, journal: Journal) -> None:
        self._order = order
        self._host = host
        self._member = member
        self._journal = journal

    async def run(self) -> Joined:
        """Do it all. Raises ConfigError, SideError."""
        order = self._order
        found = await look(order, self._host, self._member)
        way = ticket.way(order.way, self._member.client.access, found.ticket.access)
        self._caution(way)
        choice = await self._choose(found)
        await self._permitted(found, choice)
        for step in found.static:
            await self._do(self._member, step)
        token = await self._token(found, choice)
        clean = order.dry_run or await self._prove(way, token.token)
        await self._do(self._host, self._hand_over(found, way, token))
        if order.dry_run:
            return Joined(complete=True, expires=token.expires)
        ready, done = await self._change_over(found, token)
        return Joined(clean and done, ready, f"{found.mint.namespace}/{token.name}", token.expires)

    def _caution(self, way: Access) -> None:
        if way.insecure:
            self._journal.warn(
                f"the certificate of {way.server} will not be verified: whoever is on the way from the host to it can take the "
                "token; give its CA with --certificate-authority"
            )
        if ticket.is_local(way.server):
            self._journal.warn(
                f"{way.server} means the machine that asks, which for the host is the pod of mcidns; "
                "give an address that the host reaches with --server"
            )

    # --- the token

    async def _choose(self, found: Found) -> _Choice:
        order, current = self._order, found.current
        before = current.lifetime if current is not None else ENDLESS
        lifetime = before if order.lifetime is None else order.lifetime
        held = None if order.rotate else await self._usable(found, lifetime)
        return _Choice(lifetime, held, found.mint.blank(lifetime) if held is None else None)

    async def _usable(self, found: Found, lifetime: float) -> Minted | None:
        """A token that is there and does, the one in use first."""
        known, current = found.ticket.access, found.current
        candidates = [(current, known.identity.token)] if current is not None and known is not None else []
        candidates += [(one, one.token) for one in found.held]
        for one, token in candidates:
            if one.lifetime == lifetime and token is not None and await self._holds(token):
                return Minted(one.name, token, tokens.read(token).expires)
        return None

    async def _holds(self, token: Secret) -> bool:
        with self._member.speaking():
            return await proof.holds(ticket.with_token(self._member.client.access, token))

    async def _token(self, found: Found, choice: _Choice) -> Minted:
        mint, blank = found.mint, choice.blank
        if choice.held is not None:
            name, until = choice.held.name, _until(choice.held.expires)
            self._journal.done(Step("member", kinds.SECRET, mint.namespace, name, Deed.KEEP, {}, f"its token works{until}"))
            if tokens.read(choice.held.token).ends_soon(time.time()):
                self._journal.warn(f"the token ends soon: renew it with `mcidns join {self._order.cluster} --rotate`")
            return choice.held
        if blank is None:
            raise AssertionError("a choice is a token that is there or one to be made")
        step = Step("member", kinds.SECRET, mint.namespace, blank.name, Deed.CREATE, blank.body, "a new token")
        if self._order.dry_run:
            await self._do(self._member, step)
            return Minted(blank.name, Secret("of-a-dry-run"))
        made = await mint.make(blank, choice.lifetime, self._order.timeout)
        note = f"a new token{_until(made.expires) or ', without end'}"
        self._journal.done(Step("member", kinds.SECRET, mint.namespace, blank.name, Deed.CREATE, {}, note))
        if made.shortened:
            self._journal.warn("the member gave a token that ends sooner than asked: its API server limits that")
        return made

    async def _prove(self, way: Access, token: Secret) -> bool:
        """Whether the token can do what it should and nothing else, by the host's way if this machine can go it."""
        context, person = self._member.context, self._member.client.access
        try:
            too_much = await proof.prove(ticket.with_token(way, token), context, self._order.timeout)
        except Unreachable as error:
            if way.server == person.server:
                with self._member.speaking():
                    raise
            self._journal.warn(f"{way.server} cannot be tried from here, so the token was tried at {person.server}: {error}")
            with self._member.speaking():
                too_much = await proof.prove(ticket.with_token(person, token), context, self._order.timeout)
        if too_much:
            listed = "; ".join(map(str, too_much))
            self._journal.warn(
                f"the account may do more than read: {listed}. Some binding that is not ours gives it that, perhaps to the group "
                "system:authenticated or system:serviceaccounts: find it in the member and take it away"
            )
        else:
            self._journal.remark("the token can read what mcidns needs, cannot write, and cannot read Secrets")
        return not too_much

    # --- what is done

    def _hand_over(self, found: Found, way: Access, token: Minted) -> Step:
        order = self._order
        draft = Draft(order.cluster, order.namespace, found.cluster_id, order.region, order.labels)
        place = f"{found.mint.namespace}/{token.name}"
        return steps.plan("host", ticket.wanted(draft, ticket.with_token(way, token.token), place, found.ticket), found.secret)

    async def _permitted(self, found: Found, choice: _Choice) -> None:
        """Refuse before anything is written what would fail half-way. Raises Denied."""
        needs = [Need.of(one.kind, VERBS[one.deed], one.namespace) for one in found.static if one.deed in VERBS]
        if choice.blank is not None:
            needs += found.mint.needs(choice.lifetime)
        if found.held:
            needs.append(Need.of(kinds.SECRET, "delete", found.mint.namespace))
        await self._member.require(needs)
        verb = "create" if found.secret is None else "patch"
        await self._host.require([Need.of(kinds.SECRET, verb, self._order.namespace)])

    async def _do(self, side: Side, step: Step) -> None:
        await steps.carry_out(side, step, dry_run=self._order.dry_run)
        self._journal.done(step)

    async def _change_over(self, found: Found, token: Minted) -> tuple[bool | None, bool]:
        """Whether the controller uses the token, None if nobody waited; and whether nothing is left to do."""
        order, journal = self._order, self._journal
        old = [one for one in found.held if one.name != token.name]
        if not old and not order.wait:
            why = seen.trouble(await self._host.find(kinds.MEMBER_CLUSTER, "", order.cluster), tokens.read(token.token).fingerprint)
            journal.remark(
                f"mcidns follows the member: {order.cluster} is ready" if not why else f"not ready yet: {why} (--wait waits)"
            )
            return None if why else True, True
        ready = await seen.until_ready(self._host, order.cluster, journal, order.timeout, tokens.read(token.token).fingerprint)
        if ready:
            journal.remark(f"mcidns follows the member with this token: {order.cluster} is ready")
        else:
            journal.warn(f"{order.cluster} was not ready within {order.timeout:g} s")
        if old and not ready and not order.force:
            journal.warn(
                "the old token was left valid, as nothing proves that the host no longer needs it: "
                f"run `mcidns join {order.cluster}` again once mcidns runs, or with --force if it does not run at all"
            )
            return ready, False
        for one in old:
            await found.mint.revoke(one.name)
            journal.done(Step("member", kinds.SECRET, found.mint.namespace, one.name, Deed.REMOVE, {}, "its token is revoked"))
        return ready, ready or not order.wait


def _until(expires: float | None) -> str:
    return f", until {times.render(expires)}" if expires is not None else ""
