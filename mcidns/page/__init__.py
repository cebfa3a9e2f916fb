"""The status page: what the controller knows, shown to people and never changed; no rule and no write lives here."""
