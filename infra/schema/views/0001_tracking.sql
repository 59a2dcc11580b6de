-- How far a consumer of a log has come, committed with what it made of it.
CREATE TABLE IF NOT EXISTS tracking (
    application_name VARCHAR(255) NOT NULL PRIMARY KEY,
    position         BIGINT UNSIGNED NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_nopad_bin;

-- Stored folds of streams; derived, so any row may be deleted at any time. The key has the name
-- that it has in the log, where error 1062 on PRIMARY means something else.
CREATE TABLE IF NOT EXISTS snapshot (
    stream      BINARY(16) NOT NULL,
    version     BIGINT UNSIGNED NOT NULL,
    topic       VARCHAR(255) NOT NULL,
    state       MEDIUMBLOB NOT NULL,
    recorded_at DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
    UNIQUE KEY stream_version (stream, version)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_nopad_bin;
