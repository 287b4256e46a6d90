"""Desktop launch: the same door as the installed `autograd-tutor`."""

if __name__ == "__main__":
    try:
        from tutor.cli import main

        status = main()
    except KeyboardInterrupt:
        status = 130
    raise SystemExit(status)
