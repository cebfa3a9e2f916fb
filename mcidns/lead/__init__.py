"""Who leads among several controllers: an election on one Lease; what a leader does is not known here."""
