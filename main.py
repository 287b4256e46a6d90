"""Desktop launch: the same door as the installed `autograd-tutor`."""

from tutor.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
