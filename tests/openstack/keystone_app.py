"""A Keystone on one port, run by the Python of its own virtual environment; starting it lives in keystone.py.

Arguments: the port. The configuration is named by OS_KEYSTONE_CONFIG_FILES. Ends when its standard input does.
"""

import os
import sys
import threading

from cheroot import wsgi


def main() -> None:
    """Run until nobody listens any more."""
    port = int(sys.argv[1])
    sys.argv[1:] = []  # Keystone reads them as its own
    from keystone.server.wsgi import initialize_public_application

    server = wsgi.Server(("127.0.0.1", port), initialize_public_application(), numthreads=8)
    server.prepare()
    threading.Thread(target=server.serve, daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
