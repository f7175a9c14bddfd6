-- A closed day takes no more entries; its balances are kept as they were.
CREATE TABLE closed_days (
    day TEXT PRIMARY KEY,
    closed_at TEXT NOT NULL
);
CREATE TABLE balances (
    day TEXT NOT NULL REFERENCES closed_days (day),
    account TEXT NOT NULL REFERENCES accounts (code),
    cents BIGINT NOT NULL,
    PRIMARY KEY (day, account)
);
