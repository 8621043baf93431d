// What SQLite offers only through variadic calls, and what its callers here need around them.
#pragma once
#include <stdint.h>

struct sqlite3;

// DEFENSIVE on and checkpoint-on-close off. 0 when both are in force on this connection, read back.
int cplatform_sqlite_harden(struct sqlite3 *db);

// 1 when both are in force.
int cplatform_sqlite_is_hardened(struct sqlite3 *db);

// One checkpoint with a busy timeout of 0 (a TRUNCATE would otherwise wait for readers while the caller holds
// the write lock); afterwards the timeout is set to busy_ms. Returns SQLite's code; pages of the log and
// those moved into the database through the pointers (-1: no log).
int cplatform_sqlite_checkpoint(
    struct sqlite3 *db, int truncate, int busy_ms, int *log_pages, int *moved_pages);

// For statements that a person typed: no ATTACH, no value over value_bytes_max, and a statement that still runs
// at *deadline_ms (CLOCK_MONOTONIC, read at each look; 0: none) is interrupted. deadline_ms must
// outlive the connection.
void cplatform_sqlite_confine(struct sqlite3 *db, int value_bytes_max, const int64_t *deadline_ms);

int64_t cplatform_monotonic_ms(void);
