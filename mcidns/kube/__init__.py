"""A thin asynchronous Kubernetes client: kinds, access, requests, errors; what is asked and why lives with the callers."""
