-- The journal, in one table for each month. Positions count per shard.
--
-- A unique index over all months would have to hold the time as well, and would then promise nothing: (lot, sequence)
-- and (shard, position) are unique within a month, and between two months because there is one writer, whose term
-- is fenced. `journal verify` checks both over everything.

DROP VIEW exchange.journal_readable;
ALTER TABLE exchange.journal RENAME TO journal_first_table;
ALTER TABLE exchange.journal_first_table ADD COLUMN shard integer NOT NULL DEFAULT 0;
DROP TRIGGER journal_is_append_only ON exchange.journal_first_table;
DROP TRIGGER journal_is_fenced ON exchange.journal_first_table;
DROP INDEX exchange.journal_position, exchange.journal_outcome, exchange.journal_first;
ALTER TABLE exchange.journal_first_table DROP CONSTRAINT journal_pkey;

CREATE TABLE exchange.journal (
    position    bigint  NOT NULL,
    lot_id      bigint  NOT NULL,
    sequence    bigint  NOT NULL CONSTRAINT journal_sequence_check CHECK (sequence > 0),
    at_us       bigint  NOT NULL,
    is_outcome  boolean NOT NULL,
    body        bytea   NOT NULL,
    link        bytea   NOT NULL,
    shard       integer NOT NULL DEFAULT 0
) PARTITION BY RANGE (at_us);

-- What the table and each of its parts carry: a statement's triggers are those of the table that it names.
CREATE FUNCTION exchange.guard_journal(part regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER journal_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s '
                   'FOR EACH STATEMENT EXECUTE FUNCTION exchange.refuse_change()', part);
    EXECUTE format('CREATE TRIGGER journal_is_fenced BEFORE INSERT ON %s '
                   'FOR EACH STATEMENT EXECUTE FUNCTION exchange.require_current_term()', part);
    EXECUTE format('CREATE TRIGGER journal_is_placed AFTER INSERT ON %s REFERENCING NEW TABLE AS added '
                   'FOR EACH STATEMENT EXECUTE FUNCTION exchange.require_place()', part);
END $$;

CREATE FUNCTION exchange.index_journal(part regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE UNIQUE INDEX ON %s (lot_id, sequence)', part);
    EXECUTE format('CREATE UNIQUE INDEX ON %s (shard, position)', part);
    EXECUTE format('CREATE INDEX ON %s (shard, position, lot_id) WHERE is_outcome', part);
    EXECUTE format('CREATE INDEX ON %s (lot_id) WHERE sequence = 1', part);
END $$;

-- Make the part of one month, UTC. False: it is there, or the catch-all part holds records of that month already.
CREATE FUNCTION exchange.open_month(at_us bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    month     timestamp := date_trunc('month', to_timestamp(at_us / 1000000) AT TIME ZONE 'UTC');
    part      text      := 'journal_' || to_char(month, 'YYYY_MM');
    first_us  bigint    := extract(epoch FROM month)::bigint * 1000000;
    next_us   bigint    := extract(epoch FROM month + interval '1 month')::bigint * 1000000;
BEGIN
    IF EXISTS (SELECT FROM exchange.journal_part
                WHERE begins_us < next_us AND before_us > first_us) THEN
        RETURN false;
    END IF;
    IF EXISTS (SELECT FROM exchange.journal_other AS other
                WHERE other.at_us >= first_us AND other.at_us < next_us) THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE exchange.%I (LIKE exchange.journal INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part);
    PERFORM exchange.index_journal(format('exchange.%I', part)::regclass);
    PERFORM exchange.guard_journal(format('exchange.%I', part)::regclass);
    EXECUTE format('ALTER TABLE exchange.journal ATTACH PARTITION exchange.%I FOR VALUES FROM (%s) TO (%s)',
                   part, first_us, next_us);
    RETURN true;
END $$;

-- The parts with their bounds; the catch-all has none and is not among them.
CREATE VIEW exchange.journal_part AS
SELECT part.relname::text AS part,
       coalesce(substring(bound FROM 'FROM \(''?(-?\d+)')::bigint, -9223372036854775808) AS begins_us,
       substring(bound FROM 'TO \(''?(-?\d+)')::bigint AS before_us
  FROM pg_inherits
  JOIN pg_class AS part ON part.oid = inhrelid
 CROSS JOIN pg_get_expr(part.relpartbound, part.oid) AS bound
 WHERE inhparent = 'exchange.journal'::regclass AND bound <> 'DEFAULT';

-- For a clock that is far off: a record always has a place.
CREATE TABLE exchange.journal_other PARTITION OF exchange.journal DEFAULT;
CREATE INDEX ON exchange.journal_other (at_us);

SELECT exchange.guard_journal('exchange.journal'), exchange.guard_journal('exchange.journal_other'),
       exchange.index_journal('exchange.journal_other');

-- What was recorded before this: one part, up to the end of the month it reaches into.
DO $$
DECLARE
    last_us   bigint := (SELECT max(at_us) FROM exchange.journal_first_table);
    before_us bigint;
BEGIN
    IF last_us IS NULL THEN
        DROP TABLE exchange.journal_first_table;
        RETURN;
    END IF;
    before_us := extract(epoch FROM date_trunc('month', to_timestamp(last_us / 1000000) AT TIME ZONE 'UTC')
                                    + interval '1 month')::bigint * 1000000;
    PERFORM exchange.index_journal('exchange.journal_first_table');
    PERFORM exchange.guard_journal('exchange.journal_first_table');
    EXECUTE format('ALTER TABLE exchange.journal ATTACH PARTITION exchange.journal_first_table '
                   'FOR VALUES FROM (MINVALUE) TO (%s)', before_us);
END $$;

CREATE VIEW exchange.journal_readable AS
SELECT shard, position, lot_id, sequence,
       timestamptz 'epoch' + at_us * interval '1 microsecond' AS at,
       convert_from(body, 'UTF8')::jsonb -> 'event' AS event,
       convert_from(body, 'UTF8')::jsonb ->> 'command' AS command_id,
       encode(link, 'hex') AS link
FROM exchange.journal;

-- Make the parts of this month and the two to come; how many were made.
CREATE FUNCTION exchange.open_months_ahead() RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FILTER (WHERE exchange.open_month(
               (extract(epoch FROM now() + months * interval '1 month') * 1000000)::bigint))
      FROM generate_series(0, 2) AS months
$$;
SELECT exchange.open_months_ahead();
