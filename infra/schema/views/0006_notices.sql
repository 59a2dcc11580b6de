-- Who has no address is a row of `delivery`, so nobody is counted here any more. Rows go when they
-- are old: the index finds them.
ALTER TABLE notice
    DROP COLUMN IF EXISTS no_address,
    ADD INDEX IF NOT EXISTS handled_at (handled_at);
