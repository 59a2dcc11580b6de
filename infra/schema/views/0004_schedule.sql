-- What the scheduler did last of each entry of its table. A row is also the claim on an entry that
-- must not run twice at once: who has set last_started has it until last_ended, or until longest_s
-- have passed.
CREATE TABLE IF NOT EXISTS schedule (
    entry        VARCHAR(40) NOT NULL PRIMARY KEY,
    every_s      INT UNSIGNED NOT NULL,
    longest_s    INT UNSIGNED NOT NULL,
    last_started DATETIME(6) NOT NULL,
    last_ended   DATETIME(6) NULL,
    error        VARCHAR(500) NOT NULL,
    worker       VARCHAR(120) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_nopad_bin;
