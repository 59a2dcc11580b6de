-- The log. One row for each event, and one tombstone (nil stream, version = position) for each
-- position that no event will ever take. Rows are never changed and never deleted.
CREATE TABLE IF NOT EXISTS event (
    position    BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    stream      BINARY(16) NOT NULL,
    version     BIGINT UNSIGNED NOT NULL,
    topic       VARCHAR(255) NOT NULL,
    state       MEDIUMBLOB NOT NULL,
    recorded_at DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
    lane        TINYINT UNSIGNED GENERATED ALWAYS AS (CRC32(stream) % {lanes}) STORED,
    PRIMARY KEY (position),
    UNIQUE KEY stream_version (stream, version)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_nopad_bin;

-- Every position up to the mark is an event or a tombstone, for ever.
CREATE TABLE IF NOT EXISTS settled (
    one  TINYINT UNSIGNED NOT NULL PRIMARY KEY CHECK (one = 1),
    mark BIGINT UNSIGNED NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_nopad_bin;

INSERT IGNORE INTO settled (one, mark) VALUES (1, 0);

-- The last row names the lineage of positions: a restore, a promotion or another number of
-- lanes starts a new one, so that no cursor is taken for a place in another history.
CREATE TABLE IF NOT EXISTS epoch (
    number     INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    epoch      BINARY(16) NOT NULL UNIQUE,
    lanes      TINYINT UNSIGNED NOT NULL,
    reason     VARCHAR(255) NOT NULL,
    started_at DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_nopad_bin;

-- The lanes are those of the table, which an interrupted migration may have made with another
-- number than this one's. Its expression reads "crc32(`stream`) MOD 4".
INSERT INTO epoch (epoch, lanes, reason)
SELECT UNHEX(REPLACE(UUID(), '-', '')), REGEXP_SUBSTR(generation_expression, '[0-9]+$'), 'created'
FROM information_schema.columns
WHERE NOT EXISTS (SELECT 1 FROM epoch)
AND table_schema = '{database}' AND table_name = 'event' AND column_name = 'lane';

-- One row for each keyed append, committed with its events. The positions are not here: they are
-- those of the first event and of the next ones in order. The key has a name of its own, because
-- an error 1062 names the key and not the table.
CREATE TABLE IF NOT EXISTS idempotency (
    command_id   VARCHAR(255) NOT NULL,
    request_hash BINARY(32) NOT NULL,
    stream       BINARY(16) NOT NULL,
    version      BIGINT UNSIGNED NOT NULL,
    events       INT UNSIGNED NOT NULL,
    recorded_at  DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
    UNIQUE KEY command_id (command_id),
    KEY recorded_at (recorded_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_nopad_bin;

CREATE OR REPLACE TRIGGER event_is_never_changed BEFORE UPDATE ON event FOR EACH ROW
SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the log is append-only: no event is ever changed';

CREATE OR REPLACE TRIGGER event_is_never_deleted BEFORE DELETE ON event FOR EACH ROW
SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the log is append-only: no event is ever deleted';

CREATE OR REPLACE TRIGGER settled_only_grows BEFORE UPDATE ON settled FOR EACH ROW
IF NEW.mark < OLD.mark OR NEW.one <> OLD.one THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the settled mark only grows';
END IF;

CREATE OR REPLACE TRIGGER settled_is_never_deleted BEFORE DELETE ON settled FOR EACH ROW
SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the settled mark only grows';

CREATE OR REPLACE TRIGGER epoch_is_never_changed BEFORE UPDATE ON epoch FOR EACH ROW
SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'an epoch is never changed: start a new one';

CREATE OR REPLACE TRIGGER epoch_is_never_deleted BEFORE DELETE ON epoch FOR EACH ROW
SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'an epoch is never deleted: start a new one';

-- Triggers show only to who may create them; this view shows them to who must check them.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW guard AS
SELECT trigger_name AS name, action_timing AS timing, event_manipulation AS event,
event_object_table AS on_table
FROM information_schema.triggers WHERE event_object_schema = '{database}';
