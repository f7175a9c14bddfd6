-- Accounts and entries. An entry's lines add up to zero: debits are positive, credits negative.
CREATE TABLE accounts (
    code TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('asset', 'liability', 'equity', 'income', 'expense'))
);
CREATE TABLE entries (
    id TEXT PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE,
    day TEXT NOT NULL,
    description TEXT NOT NULL,
    posted_at TEXT NOT NULL
);
CREATE INDEX entries_by_day ON entries (day);
CREATE TABLE lines (
    entry_id TEXT NOT NULL REFERENCES entries (id),
    position INTEGER NOT NULL,
    account TEXT NOT NULL REFERENCES accounts (code),
    cents BIGINT NOT NULL CHECK (cents <> 0),
    PRIMARY KEY (entry_id, position)
);
CREATE INDEX lines_by_account ON lines (account);
-- Which request made which entry: the same key again answers with the same entry. `fingerprint` tells another body apart.
CREATE TABLE requests (
    key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    entry_id TEXT NOT NULL REFERENCES entries (id)
);
