"""`python -m mcidns`."""

from mcidns.cli import main

if __name__ == "__main__":
    main()
