"""`python -m otx` is `otx`."""

from otx.cli import main

if __name__ == "__main__":
    main()
