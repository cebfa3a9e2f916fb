"""All that is written to the host's API: DNSEndpoints, statuses, Events, generated objects; DNS is written by program/."""
