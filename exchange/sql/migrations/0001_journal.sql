-- The journal: what happened, in order, for ever. Rows are only ever added.

CREATE TABLE exchange.journal_identity (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch    text NOT NULL DEFAULT replace(gen_random_uuid()::text, '-', '')
);
INSERT INTO exchange.journal_identity DEFAULT VALUES;

-- Who may write a shard: whoever took it over last. Each take-over raises the term.
CREATE TABLE exchange.lease (
    shard    integer PRIMARY KEY,
    term     bigint NOT NULL DEFAULT 0,
    owner    text   NOT NULL DEFAULT '',
    taken_at timestamptz
) WITH (fillfactor = 10);
INSERT INTO exchange.lease (shard) VALUES (0);

CREATE TABLE exchange.journal (
    position    bigint  NOT NULL,
    lot_id      bigint  NOT NULL,
    sequence    bigint  NOT NULL CHECK (sequence > 0),
    at_us       bigint  NOT NULL,
    is_outcome  boolean NOT NULL,
    body        bytea   NOT NULL,
    link        bytea   NOT NULL,
    PRIMARY KEY (lot_id, sequence)
);
CREATE UNIQUE INDEX journal_position ON exchange.journal (position);
CREATE INDEX journal_outcome ON exchange.journal (position, lot_id) WHERE is_outcome;
CREATE INDEX journal_first ON exchange.journal (lot_id) WHERE sequence = 1;

-- Refused commands, so that a complaint can be answered.
CREATE TABLE exchange.refusal (
    lot_id       bigint NOT NULL,
    command_id   text   NOT NULL,
    party        bigint NOT NULL,
    at_us        bigint NOT NULL,
    amount       bigint NOT NULL,
    code         integer NOT NULL,
    refused      bytea  NOT NULL
);
CREATE INDEX refusal_of_lot ON exchange.refusal (lot_id, at_us);

-- For people who look: the records as JSON, with the time as the rest of the world writes it.
CREATE VIEW exchange.journal_readable AS
SELECT position, lot_id, sequence,
       timestamptz 'epoch' + at_us * interval '1 microsecond' AS at,
       convert_from(body, 'UTF8')::jsonb -> 'event' AS event,
       convert_from(body, 'UTF8')::jsonb ->> 'command' AS command_id,
       encode(link, 'hex') AS link
FROM exchange.journal;

CREATE TABLE exchange.snapshot (
    lot_id   bigint PRIMARY KEY,
    sequence bigint NOT NULL,
    link     bytea  NOT NULL,
    state    bytea  NOT NULL
);

CREATE FUNCTION exchange.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%.% is append-only: % refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER journal_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange.journal
    FOR EACH STATEMENT EXECUTE FUNCTION exchange.refuse_change();
CREATE TRIGGER refusal_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange.refusal
    FOR EACH STATEMENT EXECUTE FUNCTION exchange.refuse_change();

-- The fence. A connection says under which term it writes; the row lock holds a take-over back until this
-- transaction ends, and after a take-over every append of an older term fails, whatever its process believes.
CREATE FUNCTION exchange.require_current_term() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM exchange.lease
      WHERE shard = coalesce(nullif(current_setting('luochui.shard', true), ''), '0')::integer
        AND term = nullif(current_setting('luochui.term', true), '')::bigint
        FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'term % is not the current one', current_setting('luochui.term', true)
            USING ERRCODE = 'LC001';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER journal_is_fenced BEFORE INSERT ON exchange.journal
    FOR EACH STATEMENT EXECUTE FUNCTION exchange.require_current_term();
CREATE TRIGGER refusal_is_fenced BEFORE INSERT ON exchange.refusal
    FOR EACH STATEMENT EXECUTE FUNCTION exchange.require_current_term();
