"""Values of the domain; nothing here does I/O, reads a clock or imports anything of ours but its own kind."""
