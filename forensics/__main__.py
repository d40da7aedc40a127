"""``python -m forensics``."""

from forensics.cli.main import run

if __name__ == "__main__":
    run()
