"""The sizes that docs/support.md tells. UPDATE=1 writes them; read the diff."""

import os
import re

from machine import REPOSITORY

MATRIX = REPOSITORY / "docs/support.md"
# Artefact and size, at the beginning of a row; and the program's, in the sentence below.
SIZE = re.compile(r"^(\| (?P<artefact>[A-Za-z, ]+) \| |.*the installed (?P<program>program) is )(?P<megabytes>[0-9.]+)(?= )", re.MULTILINE)


def told():
    """Names and sizes in megabytes, row by row."""
    return [(row["artefact"] or row["program"], float(row["megabytes"])) for row in SIZE.finditer(MATRIX.read_text())]


def compare(test, sizes):
    """Fails unless these sizes in bytes are told."""
    def written(row):
        name = row["artefact"] or row["program"]
        # Two digits, which need not follow each commit.
        return f"{row[1]}{sizes[name] / 1e6:.2g}" if name in sizes else row[0]

    if os.environ.get("UPDATE"):
        MATRIX.write_text(SIZE.sub(written, MATRIX.read_text()))
    rows = [(name, megabytes) for name, megabytes in told() if name in sizes]
    test.assertEqual({name for name, _ in rows}, set(sizes))
    for name, megabytes in rows:
        test.assertAlmostEqual(sizes[name] / 1e6, megabytes, delta=0.1, msg=f"{name}; UPDATE=1 with this test writes it")
