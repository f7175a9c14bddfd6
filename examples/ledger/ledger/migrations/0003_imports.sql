-- What the worker is to post. `due_at` is when it may be tried; while it is tried, when it counts as abandoned.
CREATE TABLE imports (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
    attempts INTEGER NOT NULL,
    due_at TEXT NOT NULL,
    queued_at TEXT NOT NULL,
    reason TEXT NOT NULL,
    entry_id TEXT REFERENCES entries (id)
);
CREATE INDEX imports_by_state ON imports (state, due_at);
-- When each worker was last seen, by its host name.
CREATE TABLE workers (
    host TEXT PRIMARY KEY,
    seen_at TEXT NOT NULL
);
