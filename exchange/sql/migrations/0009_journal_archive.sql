-- Months of the journal that lie in files now. What is listed here is no longer in the journal, and the other way round.

CREATE TABLE exchange.journal_archive (
    part        text   PRIMARY KEY,
    begins_us   bigint NOT NULL,
    before_us   bigint NOT NULL,
    file        text   NOT NULL,
    sha256      text   NOT NULL,
    records     bigint NOT NULL,
    archived_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE exchange.archived_positions (
    part           text    NOT NULL REFERENCES exchange.journal_archive ON DELETE CASCADE,
    shard          integer NOT NULL,
    first_position bigint  NOT NULL,
    last_position  bigint  NOT NULL,
    PRIMARY KEY (part, shard)
);

-- `last_link` is the end of the lot's chain within the file.
CREATE TABLE exchange.archived_lot (
    lot_id         bigint NOT NULL,
    part           text   NOT NULL REFERENCES exchange.journal_archive ON DELETE CASCADE,
    first_sequence bigint NOT NULL,
    last_sequence  bigint NOT NULL,
    last_link      bytea  NOT NULL,
    PRIMARY KEY (lot_id, part)
);
CREATE INDEX archived_lot_part ON exchange.archived_lot (part);
