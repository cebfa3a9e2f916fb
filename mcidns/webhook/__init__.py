"""ExternalDNS's webhook protocol: its messages, shared with the client plug-in, and a server that puts providers behind it."""
