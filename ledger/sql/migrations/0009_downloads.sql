-- Who took which report out of the books, when, and exactly which bytes. A download is written before its first byte
-- leaves and ended after its last; what has no end, or was aborted, nobody may take for whole. Facts, never changed.

CREATE TABLE ledger.download (
    download_id   bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    report        text     NOT NULL CHECK (report <> ''),
    format        text     NOT NULL CHECK (format <> ''),
    parameters    jsonb    NOT NULL,
    taken_by      bigint   NOT NULL CHECK (taken_by >= 0),  -- account; 0: somebody on the exchange's own machine
    taker         text     NOT NULL,                        -- login, or the user of that machine
    channel       text     NOT NULL CHECK (channel IN ('http', 'command_line')),
    head_sequence bigint   NOT NULL CHECK (head_sequence >= 0),
    head_hash     bytea    NOT NULL CHECK (octet_length(head_hash) = 32),
    started_at_us bigint   NOT NULL
);

CREATE TABLE ledger.download_end (
    download_id bigint  PRIMARY KEY REFERENCES ledger.download (download_id),
    outcome     text    NOT NULL CHECK (outcome IN ('completed', 'aborted')),
    rows        bigint  NOT NULL CHECK (rows >= 0),
    bytes       bigint  NOT NULL CHECK (bytes >= 0),
    sha256      bytea   NOT NULL CHECK (octet_length(sha256) = 32),  -- of the bytes that were handed over
    ended_at_us bigint  NOT NULL
);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.download
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.download_end
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

REVOKE UPDATE, DELETE, TRUNCATE ON ledger.download, ledger.download_end FROM PUBLIC;
