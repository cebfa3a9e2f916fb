"""What holds for every test."""

import asyncio

# Without this, a test that is no coroutine and runs before the first one that is leaves pytest-asyncio an event loop that nobody
# closes (Python 3.11), and the warning fails whatever test happens to run when it is collected.
asyncio.set_event_loop(None)
