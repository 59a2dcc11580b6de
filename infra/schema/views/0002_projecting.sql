-- Which of a projection's tables are live (`<projection>_<table>_<generation>`), by which version
-- of its code they were made, and of which history of the log. The feed's epoch names the numbering
-- of its rows.
CREATE TABLE IF NOT EXISTS projection (
    name       VARCHAR(40) NOT NULL PRIMARY KEY,
    version    INT UNSIGNED NOT NULL,
    generation INT UNSIGNED NOT NULL,
    feed_epoch BINARY(16) NOT NULL,
    log_epoch  BINARY(16) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_nopad_bin;

-- How far the rows of a lane have come, and the last number of its feed; committed with both.
-- Whoever has locked a row works on the lane.
CREATE TABLE IF NOT EXISTS checkpoint (
    projection VARCHAR(40) NOT NULL,
    generation INT UNSIGNED NOT NULL,
    lane       TINYINT UNSIGNED NOT NULL,
    position   BIGINT UNSIGNED NOT NULL,
    seq        BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (projection, generation, lane)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_nopad_bin;

-- What a projection told the world, numbered without holes in each lane. The message is the JSON
-- that clients get.
CREATE TABLE IF NOT EXISTS feed (
    projection  VARCHAR(40) NOT NULL,
    lane        TINYINT UNSIGNED NOT NULL,
    seq         BIGINT UNSIGNED NOT NULL,
    message     MEDIUMBLOB NOT NULL,
    recorded_at DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
    PRIMARY KEY (projection, lane, seq)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_nopad_bin;

-- Events that could not be projected, and the later ones of their streams, until they are retried.
CREATE TABLE IF NOT EXISTS parked (
    projection VARCHAR(40) NOT NULL,
    generation INT UNSIGNED NOT NULL,
    stream     BINARY(16) NOT NULL,
    version    BIGINT UNSIGNED NOT NULL,
    position   BIGINT UNSIGNED NOT NULL,
    lane       TINYINT UNSIGNED NOT NULL,
    error      TEXT NOT NULL,
    parked_at  DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
    PRIMARY KEY (projection, generation, stream, version),
    KEY in_order (projection, generation, lane, position)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_nopad_bin;
