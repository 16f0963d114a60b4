"""`python -m lakestream_mcp` is `lakestream`."""

from .surfaces.cli import main

if __name__ == "__main__":
    main(prog_name="lakestream")
