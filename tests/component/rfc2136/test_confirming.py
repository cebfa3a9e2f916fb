"""Whether a write has reached the servers that clients ask."""

from mcidns.model.records import Change
from mcidns.nameserver import NameServer
from mcidns.provider import Confirms, Propagation, Receipt
from tests.component.rfc2136.parts import EMPTY, KEYS, ZONE, change, creation, provider, records

OLD, NEW = records("www", "A", "192.0.2.1"), records("www", "A", "192.0.2.2")


async def confirmed(secondary_text: str, *, stalled: bool = False, batch: Change | None = None) -> tuple[Propagation, int]:
    """What `confirm` says of OLD -> NEW when a second server holds this text; and that server's port."""
    made = change((OLD, NEW)) if batch is None else batch
    async with (
        NameServer({ZONE.text: EMPTY + "www IN A 192.0.2.1\n"}, KEYS) as primary,
        NameServer({ZONE.text: secondary_text}, {}) as other,
    ):
        servers = [f"127.0.0.1:{primary.port}", f"127.0.0.1:{other.port}"]
        async with provider(primary.port, verify=servers, timeout=0.3) as dns:
            assert isinstance(dns, Confirms)
            receipt = await dns.apply(ZONE, [made])
            if stalled:
                other.faults.stall()
            result = await dns.confirm(ZONE, [made], receipt)
            other.faults.resume()
            return result, other.port


async def test_servers_that_all_answer_the_new_set_have_it() -> None:
    assert (await confirmed(EMPTY + "www IN A 192.0.2.2\n"))[0] == Propagation("Propagated")


async def test_a_server_that_still_answers_the_old_set_is_awaited_by_name() -> None:
    result, port = await confirmed(EMPTY + "www IN A 192.0.2.1\n")
    assert result == Propagation("Pending", f"127.0.0.1:{port} does not answer the new www.example.org A yet")


async def test_a_server_that_answers_something_else_is_a_mismatch() -> None:
    result, port = await confirmed(EMPTY + "www IN A 192.0.2.99\n")
    assert result == Propagation("Mismatch", f"127.0.0.1:{port} answers 192.0.2.99 for www.example.org A, not what was written")


async def test_a_server_that_does_not_answer_is_awaited() -> None:
    result, port = await confirmed(EMPTY, stalled=True)
    assert result == Propagation("Pending", f"127.0.0.1:{port} does not answer within 0.3 s")


async def test_a_deleted_set_that_a_wildcard_answers_for_now_is_gone() -> None:
    result, _ = await confirmed(EMPTY + "* IN A 192.0.2.50\n", batch=change((OLD, None)))
    assert result == Propagation("Propagated")


async def test_only_a_sample_of_a_large_batch_is_asked_for() -> None:
    async with NameServer({ZONE.text: EMPTY}, KEYS) as server, provider(server.port) as dns:
        batch = [creation(records(f"h{i}", "A", "192.0.2.1")) for i in range(200)]
        await dns.apply(ZONE, batch)
        assert await dns.confirm(ZONE, batch, Receipt()) == Propagation("Propagated")
