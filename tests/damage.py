"""Spoils what a test wants spoilt, as a worn card does."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def spoil_table(path: str, table: str) -> None:
    """Overwrites the first page of a table, and of its indexes, of the database at `path`, which nobody has open."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        query = "SELECT rootpage FROM sqlite_master WHERE tbl_name = ?"
        roots = [root for (root,) in connection.execute(query, (table,))]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    content = bytearray(Path(path).read_bytes())
    for root in roots:
        content[(root - 1) * size : root * size] = b"\xff" * size
    Path(path).write_bytes(content)
