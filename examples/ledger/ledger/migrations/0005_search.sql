-- Descriptions are searched by parts of words. The extension pg_trgm is there: the project's settings ask for it.
CREATE INDEX entries_by_description ON entries USING gin (lower(description) gin_trgm_ops);
