"""Fakes and conformance suites for authors of providers; nothing here runs in production."""
