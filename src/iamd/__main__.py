"""``python -m iamd`` is the ``iamd`` command."""

from iamd.cli import main

main(prog_name="iamd")
