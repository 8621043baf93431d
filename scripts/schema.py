"""Prints the schema of a new database: what the SQL files in a directory make, as SQLite itself tells it."""

import pathlib
import sqlite3
import sys

HEADER = """\
-- The schema of State/tandem.sqlite, for reading. Written by scripts/schema from Sources/Schema/SQL; not edited.
"""

# In the order of making, views last.
STATEMENTS = """
SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type = 'view', rowid
"""


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    files = sorted(folder.glob("m[0-9][0-9][0-9][0-9]_*.sql")) + [folder / "views.sql"]
    database = sqlite3.connect(":memory:")
    for file in files:
        database.executescript(file.read_text(encoding="utf-8"))
    print(HEADER)
    print("\n".join(f"{sql};" for (sql,) in database.execute(STATEMENTS)))


if __name__ == "__main__":
    main()
