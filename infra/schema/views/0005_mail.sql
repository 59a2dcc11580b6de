-- Notices that were handled: whom they are for was asked once, then each got a row in `delivery`.
-- A notice is here before it leaves the table of its projection, so none is handled twice.
CREATE TABLE IF NOT EXISTS notice (
    notice     BINARY(16) NOT NULL PRIMARY KEY,
    kind       VARCHAR(40) NOT NULL,
    stream     BINARY(16) NOT NULL,
    version    BIGINT UNSIGNED NOT NULL,
    no_address INT UNSIGNED NOT NULL,
    error      TEXT NOT NULL,
    handled_at DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_nopad_bin;

-- One mail to one person. `sending` is committed before the server is given the message, so what a
-- dead worker left behind is known to be uncertain.
CREATE TABLE IF NOT EXISTS delivery (
    notice     BINARY(16) NOT NULL,
    login      VARCHAR(120) NOT NULL,
    state      VARCHAR(20) NOT NULL,
    attempts   INT UNSIGNED NOT NULL DEFAULT 0,
    due_at     DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
    worker     VARCHAR(64) NULL,
    error      TEXT NOT NULL,
    changed_at DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
    PRIMARY KEY (notice, login),
    KEY by_state (state, due_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_nopad_bin;
