"""Input: members, their sources and their load balancers' names, turned into values; nothing is decided or written here."""
