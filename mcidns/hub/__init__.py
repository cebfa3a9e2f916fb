"""Objects of the host cluster as values: parsed here, at the edge, and held; nothing here asks an API server."""
