"""`python -m worker` is `sluice`."""

from worker.cli import main

if __name__ == "__main__":
    main(prog_name="sluice")
