"""What `mcidns doctor` finds: pure checks on parsed values, and the shell that collects them; nothing is mended here."""
