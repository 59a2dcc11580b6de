-- Who is signed in to the page: by a cookie whose hash is the key, with a token of a person's. What
-- the views say of both decides at each request whether it still counts.
CREATE TABLE IF NOT EXISTS session (
    secret_hash BINARY(32) NOT NULL PRIMARY KEY,
    login       VARCHAR(120) NOT NULL,
    token       VARCHAR(120) NOT NULL,
    expires_at  DATETIME(6) NOT NULL,
    KEY expires_at (expires_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_nopad_bin;
