-- Version 1 of journal.db. Money is in millionths of a US dollar, so that sums and limits are exact.
CREATE TABLE attempts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  take_key TEXT NOT NULL,
  request_key TEXT NOT NULL,
  run_id TEXT NOT NULL,
  shot TEXT NOT NULL,
  take INTEGER NOT NULL,
  seed INTEGER NOT NULL,
  engine TEXT NOT NULL,
  model TEXT,
  request TEXT NOT NULL,
  reference TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('planned', 'submitting', 'submitted', 'done', 'failed', 'unknown')),
  job_id TEXT,
  estimated INTEGER,
  actual INTEGER,
  words TEXT NOT NULL DEFAULT '',
  sha256 TEXT,
  created TEXT NOT NULL,
  updated TEXT NOT NULL
);
CREATE INDEX attempts_by_take ON attempts (take_key, id);
CREATE TABLE steps (
  attempt INTEGER NOT NULL REFERENCES attempts (id),
  state TEXT NOT NULL,
  at TEXT NOT NULL,
  words TEXT NOT NULL DEFAULT ''
);
CREATE TABLE notes (
  at TEXT NOT NULL,
  kind TEXT NOT NULL,
  take_key TEXT,
  words TEXT NOT NULL
);
