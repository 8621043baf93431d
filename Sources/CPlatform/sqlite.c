#define _GNU_SOURCE
#include "cplatform_sqlite.h"
#include <sqlite3.h>
#include <time.h>

int cplatform_sqlite_harden(sqlite3 *db) {
  int rc = sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
  if (rc == SQLITE_OK) rc = sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
  if (rc != SQLITE_OK) return rc;
  return cplatform_sqlite_is_hardened(db) ? SQLITE_OK : SQLITE_ERROR;
}

int cplatform_sqlite_is_hardened(sqlite3 *db) {
  int no_checkpoint = 0, defensive = 0;
  sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, -1, &no_checkpoint);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, -1, &defensive);
  return no_checkpoint == 1 && defensive == 1;
}

int cplatform_sqlite_checkpoint(sqlite3 *db, int truncate, int busy_ms, int *log_pages, int *moved_pages) {
  sqlite3_busy_timeout(db, 0);
  int mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
  int rc = sqlite3_wal_checkpoint_v2(db, "main", mode, log_pages, moved_pages);
  sqlite3_busy_timeout(db, busy_ms);
  return rc;
}

int64_t cplatform_monotonic_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int past_deadline(void *deadline) {
  int64_t at = *(const int64_t *)deadline;
  return at != 0 && cplatform_monotonic_ms() >= at;
}

// Virtual machine instructions between two looks at the clock: some tenths of a millisecond.
enum { INSTRUCTIONS_BETWEEN_LOOKS = 10000 };

void cplatform_sqlite_confine(sqlite3 *db, int value_bytes_max, const int64_t *deadline_ms) {
  sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(db, SQLITE_LIMIT_LENGTH, value_bytes_max);
  sqlite3_progress_handler(db, INSTRUCTIONS_BETWEEN_LOOKS, past_deadline, (void *)deadline_ms);
}
