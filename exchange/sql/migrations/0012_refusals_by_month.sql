-- Refused commands, in one table for each month as the journal is, and what of them lies in files.

ALTER TABLE exchange.refusal RENAME TO refusal_first_table;
DROP TRIGGER refusal_is_append_only ON exchange.refusal_first_table;
DROP TRIGGER refusal_is_fenced ON exchange.refusal_first_table;
DROP TRIGGER refusal_is_placed ON exchange.refusal_first_table;
DROP INDEX exchange.refusal_of_lot;

CREATE TABLE exchange.refusal (
    lot_id       bigint  NOT NULL,
    command_id   text    NOT NULL,
    party        bigint  NOT NULL,
    at_us        bigint  NOT NULL,
    amount       bigint  NOT NULL,
    code         integer NOT NULL,
    refused      bytea   NOT NULL
) PARTITION BY RANGE (at_us);

CREATE FUNCTION exchange.guard_refusal(part regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER refusal_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s '
                   'FOR EACH STATEMENT EXECUTE FUNCTION exchange.refuse_change()', part);
    EXECUTE format('CREATE TRIGGER refusal_is_fenced BEFORE INSERT ON %s '
                   'FOR EACH STATEMENT EXECUTE FUNCTION exchange.require_current_term()', part);
    EXECUTE format('CREATE TRIGGER refusal_is_placed AFTER INSERT ON %s REFERENCING NEW TABLE AS added '
                   'FOR EACH STATEMENT EXECUTE FUNCTION exchange.require_place()', part);
END $$;

CREATE FUNCTION exchange.index_refusal(part regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE INDEX ON %s (lot_id, at_us)', part);
END $$;

CREATE VIEW exchange.refusal_part AS
SELECT part.relname::text AS part,
       coalesce(substring(bound FROM 'FROM \(''?(-?\d+)')::bigint, -9223372036854775808) AS begins_us,
       substring(bound FROM 'TO \(''?(-?\d+)')::bigint AS before_us
  FROM pg_inherits
  JOIN pg_class AS part ON part.oid = inhrelid
 CROSS JOIN pg_get_expr(part.relpartbound, part.oid) AS bound
 WHERE inhparent = 'exchange.refusal'::regclass AND bound <> 'DEFAULT';

-- For a clock that is far off: a refusal always has a place.
CREATE TABLE exchange.refusal_other PARTITION OF exchange.refusal DEFAULT;
CREATE INDEX ON exchange.refusal_other (at_us);

SELECT exchange.guard_refusal('exchange.refusal'), exchange.guard_refusal('exchange.refusal_other'),
       exchange.index_refusal('exchange.refusal_other');

-- As `open_month`, for refusals.
CREATE FUNCTION exchange.open_refusal_month(at_us bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    month     timestamp := date_trunc('month', to_timestamp(at_us / 1000000) AT TIME ZONE 'UTC');
    part      text      := 'refusal_' || to_char(month, 'YYYY_MM');
    first_us  bigint    := extract(epoch FROM month)::bigint * 1000000;
    next_us   bigint    := extract(epoch FROM month + interval '1 month')::bigint * 1000000;
BEGIN
    IF EXISTS (SELECT FROM exchange.refusal_part
                WHERE begins_us < next_us AND before_us > first_us) THEN
        RETURN false;
    END IF;
    IF EXISTS (SELECT FROM exchange.refusal_other AS other
                WHERE other.at_us >= first_us AND other.at_us < next_us) THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE exchange.%I (LIKE exchange.refusal INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part);
    PERFORM exchange.index_refusal(format('exchange.%I', part)::regclass);
    PERFORM exchange.guard_refusal(format('exchange.%I', part)::regclass);
    EXECUTE format('ALTER TABLE exchange.refusal ATTACH PARTITION exchange.%I FOR VALUES FROM (%s) TO (%s)',
                   part, first_us, next_us);
    RETURN true;
END $$;

-- What was refused before this: one part, up to the end of the month it reaches into.
DO $$
DECLARE
    last_us   bigint := (SELECT max(at_us) FROM exchange.refusal_first_table);
    before_us bigint;
BEGIN
    IF last_us IS NULL THEN
        DROP TABLE exchange.refusal_first_table;
        RETURN;
    END IF;
    before_us := extract(epoch FROM date_trunc('month', to_timestamp(last_us / 1000000) AT TIME ZONE 'UTC')
                                    + interval '1 month')::bigint * 1000000;
    PERFORM exchange.index_refusal('exchange.refusal_first_table');
    PERFORM exchange.guard_refusal('exchange.refusal_first_table');
    EXECUTE format('ALTER TABLE exchange.refusal ATTACH PARTITION exchange.refusal_first_table '
                   'FOR VALUES FROM (MINVALUE) TO (%s)', before_us);
END $$;

-- Make the parts of this month and the two to come, of the journal and of refusals; how many were made.
CREATE OR REPLACE FUNCTION exchange.open_months_ahead() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    at_us bigint;
    made  bigint := 0;
BEGIN
    FOR months IN 0..2 LOOP
        at_us := extract(epoch FROM now() + months * interval '1 month') * 1000000;
        made  := made + exchange.open_month(at_us)::integer + exchange.open_refusal_month(at_us)::integer;
    END LOOP;
    RETURN made;
END $$;
SELECT exchange.open_months_ahead();

-- Months of refusals that lie in files now, and are no longer in the table.
CREATE TABLE exchange.refusal_archive (
    part        text   PRIMARY KEY,
    begins_us   bigint NOT NULL,
    before_us   bigint NOT NULL,
    file        text   NOT NULL,
    sha256      text   NOT NULL,
    refusals    bigint NOT NULL,
    archived_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
