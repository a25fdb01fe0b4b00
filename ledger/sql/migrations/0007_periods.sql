-- Periods, reversals and the comparison of the books with the bank. All rows but the calendar are facts.
--
-- A posting has two times: when it happened in the world (event_at_us) and when it was recorded. It belongs to the
-- accounting day of its event, unless that day had been closed when it was recorded: then it belongs to the first
-- day that was open. Nothing waits because a day was closed, and no closed day changes.

CREATE TABLE ledger.accounting_calendar (
    is_only         boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    time_zone       text    NOT NULL,
    last_closed_day date,
    open_from_us    bigint  NOT NULL  -- everything before this moment is closed
);
INSERT INTO ledger.accounting_calendar (time_zone, last_closed_day, open_from_us)
VALUES ('Asia/Shanghai', NULL, -9223372036854775808);

-- the first moment of a day, in microseconds since the Unix epoch
CREATE FUNCTION ledger.day_begins_us(day date, time_zone text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT (extract(epoch FROM day::timestamp AT TIME ZONE time_zone) * 1000000)::bigint
$$;

-- the accounting day of a moment
CREATE FUNCTION ledger.accounting_day(at_us bigint) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT ((timestamptz 'epoch' + at_us * interval '1 microsecond') AT TIME ZONE time_zone)::date
    FROM ledger.accounting_calendar
$$;

-- postings whose event lies in a day that had been closed, and the beginning of the day that they belong to instead
CREATE TABLE ledger.carried_over (
    sequence     bigint PRIMARY KEY REFERENCES ledger.transfer (sequence),
    booked_at_us bigint NOT NULL
);

-- To which moment a posting belongs in the books; nothing is booked for a time that has not come.
CREATE VIEW ledger.booking AS
SELECT transfer.sequence, transfer.id, transfer.recorded_at_us,
    coalesce(carried.booked_at_us, least(transfer.event_at_us, transfer.recorded_at_us)) AS booked_at_us,
    carried.sequence IS NOT NULL AS is_carried_over
FROM ledger.transfer LEFT JOIN ledger.carried_over carried ON carried.sequence = transfer.sequence;

-- times of recording never fall, so this small index finds what was recorded since a moment
CREATE INDEX transfer_since ON ledger.transfer USING brin (recorded_at_us) WITH (pages_per_range = 16, autosummarize = on);

-- Whoever writes: nothing is recorded back into a closed day, and what happened there is booked on the first open one.
-- The calendar is locked, so a day cannot be closed between the question and the answer.
CREATE FUNCTION ledger.book_in_open_day() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp AS $$
DECLARE
    open_from bigint;
    backdated bigint;
BEGIN
    SELECT open_from_us INTO STRICT open_from FROM ledger.accounting_calendar FOR SHARE;
    SELECT min(sequence) INTO backdated FROM fresh WHERE recorded_at_us < open_from;
    IF backdated IS NOT NULL THEN
        RAISE EXCEPTION 'posting % is recorded in a closed day', backdated USING ERRCODE = 'LP001';
    END IF;
    INSERT INTO ledger.carried_over SELECT sequence, open_from FROM fresh WHERE event_at_us < open_from;
    RETURN NULL;
END
$$;
CREATE TRIGGER booked_in_open_day AFTER INSERT ON ledger.transfer REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.book_in_open_day();

-- only the trigger above says what is carried over
CREATE FUNCTION ledger.guard_carried_over() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'what is carried over follows from the postings' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER guarded BEFORE INSERT ON ledger.carried_over
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.guard_carried_over();

-- what the first of two persons wants closed, with what stood against it then
CREATE TABLE ledger.close_proposal (
    proposal_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    period         text   NOT NULL CHECK (period IN ('day', 'month')),
    begins_on      date   NOT NULL,
    reason         text   NOT NULL,
    open_points    jsonb  NOT NULL,
    proposed_by    bigint NOT NULL CHECK (proposed_by > 0),
    proposed_at_us bigint NOT NULL
);
CREATE INDEX close_proposal_of_period ON ledger.close_proposal (period, begins_on, proposal_id);

CREATE TABLE ledger.day_close (
    day                  date   PRIMARY KEY,
    ends_at_us           bigint NOT NULL UNIQUE,  -- the first moment after the day
    head_sequence        bigint NOT NULL,
    head_hash            bytea  NOT NULL CHECK (octet_length(head_hash) = 32),
    transfers            bigint NOT NULL,         -- that belong to the day
    entries              bigint NOT NULL,
    carried_over         bigint NOT NULL,         -- of them, for events of days that were closed
    accounts             bigint NOT NULL,         -- of the trial balance
    trial_balance_sha256 bytea  NOT NULL CHECK (octet_length(trial_balance_sha256) = 32),
    open_points          jsonb  NOT NULL,
    reason               text   NOT NULL,
    proposed_by          bigint NOT NULL,
    proposed_at_us       bigint NOT NULL,
    confirmed_by         bigint NOT NULL,
    closed_at_us         bigint NOT NULL,
    previous_hash        bytea  NOT NULL CHECK (octet_length(previous_hash) = 32),
    hash                 bytea  NOT NULL CHECK (octet_length(hash) = 32),
    CONSTRAINT day_close_by_two CHECK (proposed_by > 0 AND confirmed_by > 0 AND proposed_by <> confirmed_by),
    CONSTRAINT day_close_gives_reason CHECK (open_points = '[]' OR reason <> '')
);

-- Totals of an account at the end of a closed day, for the accounts that moved on it.
-- A pending total may be negative where a hold was ended by an event of an earlier day than its own.
CREATE TABLE ledger.day_balance (
    account         text    COLLATE "C" NOT NULL,
    day             date    NOT NULL REFERENCES ledger.day_close (day) DEFERRABLE INITIALLY DEFERRED,
    currency        char(3) NOT NULL,
    debits_pending  bigint  NOT NULL,
    debits_posted   bigint  NOT NULL CHECK (debits_posted >= 0),
    credits_pending bigint  NOT NULL,
    credits_posted  bigint  NOT NULL CHECK (credits_posted >= 0),
    PRIMARY KEY (account, day),
    FOREIGN KEY (account, currency) REFERENCES ledger.account (code, currency)
);

CREATE TABLE ledger.month_close (
    month          date   PRIMARY KEY CHECK (extract(day FROM month) = 1),
    report         text   NOT NULL,
    report_sha256  bytea  NOT NULL,
    last_day_hash  bytea  NOT NULL CHECK (octet_length(last_day_hash) = 32),
    proposed_by    bigint NOT NULL,
    proposed_at_us bigint NOT NULL,
    confirmed_by   bigint NOT NULL,
    closed_at_us   bigint NOT NULL,
    CONSTRAINT month_close_by_two CHECK (proposed_by > 0 AND confirmed_by > 0 AND proposed_by <> confirmed_by),
    CONSTRAINT month_report_has_its_digest CHECK (sha256(convert_to(report, 'UTF8')) = report_sha256)
);

-- Days are closed in order, when they are over, at the end of the chain as it is.
CREATE FUNCTION ledger.guard_day_close() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    calendar ledger.accounting_calendar;
    last_hash bytea;
BEGIN
    SELECT * INTO STRICT calendar FROM ledger.accounting_calendar FOR UPDATE;
    SELECT hash INTO last_hash FROM ledger.day_close WHERE day = calendar.last_closed_day;
    IF NEW.day <> calendar.last_closed_day + 1 THEN
        RAISE EXCEPTION 'day % is not the next to close', NEW.day USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.ends_at_us <> ledger.day_begins_us(NEW.day + 1, calendar.time_zone) THEN
        RAISE EXCEPTION 'day % ends at another moment', NEW.day USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.ends_at_us > extract(epoch FROM clock_timestamp()) * 1000000 OR NEW.closed_at_us < NEW.ends_at_us THEN
        RAISE EXCEPTION 'day % is not over', NEW.day USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.previous_hash <> coalesce(last_hash, decode(repeat('00', 32), 'hex')) THEN
        RAISE EXCEPTION 'the close of % does not follow the one before', NEW.day USING ERRCODE = 'restrict_violation';
    END IF;
    IF NOT EXISTS (
        SELECT FROM ledger.head WHERE sequence = NEW.head_sequence AND hash = NEW.head_hash
    ) THEN
        RAISE EXCEPTION 'the close of % is not at the end of the chain', NEW.day USING ERRCODE = 'restrict_violation';
    END IF;
    IF NOT EXISTS (
        SELECT FROM ledger.close_proposal proposal
        WHERE proposal.period = 'day' AND proposal.begins_on = NEW.day AND proposal.proposed_by = NEW.proposed_by
            AND proposal.proposed_at_us = NEW.proposed_at_us
    ) THEN
        RAISE EXCEPTION 'nobody proposed to close %', NEW.day USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guarded BEFORE INSERT ON ledger.day_close
    FOR EACH ROW EXECUTE FUNCTION ledger.guard_day_close();

CREATE FUNCTION ledger.follow_day_close() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ledger.accounting_calendar SET last_closed_day = NEW.day, open_from_us = NEW.ends_at_us;
    RETURN NULL;
END
$$;
CREATE TRIGGER followed AFTER INSERT ON ledger.day_close
    FOR EACH ROW EXECUTE FUNCTION ledger.follow_day_close();

-- The calendar follows the closes and never goes back; the time zone stays once a day is closed.
CREATE FUNCTION ledger.guard_accounting_calendar() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.last_closed_day IS NOT DISTINCT FROM OLD.last_closed_day THEN
        IF NEW.open_from_us <> OLD.open_from_us OR OLD.last_closed_day IS NOT NULL THEN
            RAISE EXCEPTION 'a closed day stays closed' USING ERRCODE = 'restrict_violation';
        END IF;
        PERFORM ledger.day_begins_us(date '2000-01-01', NEW.time_zone);  -- fails for a zone that nobody knows
        RETURN NEW;
    END IF;
    IF NEW.time_zone <> OLD.time_zone OR NEW.last_closed_day <= OLD.last_closed_day OR NOT EXISTS (
        SELECT FROM ledger.day_close WHERE day = NEW.last_closed_day AND ends_at_us = NEW.open_from_us
    ) THEN
        RAISE EXCEPTION 'the calendar follows the closes' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guarded BEFORE UPDATE ON ledger.accounting_calendar
    FOR EACH ROW EXECUTE FUNCTION ledger.guard_accounting_calendar();
CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON ledger.accounting_calendar
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

-- a balance of a day is written with its close and at no other time
CREATE FUNCTION ledger.guard_day_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM fresh JOIN ledger.accounting_calendar ON fresh.day <= accounting_calendar.last_closed_day
    ) THEN
        RAISE EXCEPTION 'the balances of a closed day stay' USING ERRCODE = 'LP001';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER guarded AFTER INSERT ON ledger.day_balance REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.guard_day_balance();

CREATE FUNCTION ledger.guard_month_close() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last_day date := (NEW.month + interval '1 month - 1 day')::date;
BEGIN
    IF NOT EXISTS (SELECT FROM ledger.day_close WHERE day = last_day AND hash = NEW.last_day_hash) THEN
        RAISE EXCEPTION 'month % has open days', NEW.month USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.month <> (SELECT max(month) + interval '1 month' FROM ledger.month_close) THEN
        RAISE EXCEPTION 'month % is not the next to close', NEW.month USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guarded BEFORE INSERT ON ledger.month_close
    FOR EACH ROW EXECUTE FUNCTION ledger.guard_month_close();

-- a posting that somebody wants undone, and what a second person said
CREATE TABLE ledger.reversal_proposal (
    proposal_id    bigint PRIMARY KEY CHECK (proposal_id > 0),
    transfer_id    uuid   NOT NULL REFERENCES ledger.transfer (id),
    reason         text   NOT NULL CHECK (reason <> ''),
    proposed_by    bigint NOT NULL CHECK (proposed_by > 0),
    proposed_at_us bigint NOT NULL,
    UNIQUE (proposal_id, transfer_id)
);
CREATE INDEX reversal_proposal_of_transfer ON ledger.reversal_proposal (transfer_id, proposal_id);

CREATE TABLE ledger.reversal_decision (
    proposal_id   bigint  PRIMARY KEY,
    transfer_id   uuid    NOT NULL,
    is_confirmed  boolean NOT NULL,
    reason        text    NOT NULL,
    decided_by    bigint  NOT NULL CHECK (decided_by > 0),
    decided_at_us bigint  NOT NULL,
    posting_id    uuid    UNIQUE REFERENCES ledger.transfer (id),
    FOREIGN KEY (proposal_id, transfer_id) REFERENCES ledger.reversal_proposal (proposal_id, transfer_id),
    CONSTRAINT reversal_has_its_posting CHECK (is_confirmed = (posting_id IS NOT NULL)),
    CONSTRAINT reversal_declined_with_reason CHECK (is_confirmed OR reason <> '')
);
CREATE UNIQUE INDEX reversed_once ON ledger.reversal_decision (transfer_id) WHERE is_confirmed;

CREATE FUNCTION ledger.guard_reversal_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.is_confirmed AND NEW.decided_by = (
        SELECT proposed_by FROM ledger.reversal_proposal proposal WHERE proposal.proposal_id = NEW.proposal_id
    ) THEN
        RAISE EXCEPTION 'reversal % needs a second person', NEW.proposal_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guarded BEFORE INSERT ON ledger.reversal_decision
    FOR EACH ROW EXECUTE FUNCTION ledger.guard_reversal_decision();

-- Movements of the bank and postings on the bank's account that are the same money. Sums agree on both sides.
CREATE TABLE ledger.bank_match (
    match_id      bigint PRIMARY KEY CHECK (match_id > 0),
    account       text   COLLATE "C" NOT NULL REFERENCES ledger.account (code),
    rule          text   NOT NULL CHECK (
        rule IN ('receipt', 'payout', 'reversal', 'entry', 'end_to_end', 'reference', 'manual', 'write_off')
    ),
    note          text   NOT NULL,
    matched_by    bigint NOT NULL CHECK (matched_by >= 0),
    matched_at_us bigint NOT NULL,
    CONSTRAINT bank_match_by_person CHECK (rule NOT IN ('manual', 'write_off') OR (note <> '' AND matched_by > 0))
);
CREATE TABLE ledger.bank_match_line (
    match_id    bigint NOT NULL REFERENCES ledger.bank_match (match_id),
    movement_id bigint UNIQUE REFERENCES ledger.bank_movement (movement_id),
    sequence    bigint UNIQUE REFERENCES ledger.transfer (sequence),
    CONSTRAINT bank_match_line_is_of_one_side CHECK ((movement_id IS NULL) <> (sequence IS NULL))
);
CREATE INDEX bank_match_line_of_match ON ledger.bank_match_line (match_id);

-- What the bank has booked by its statements: not what it announced, and what two statements both tell, once.
CREATE VIEW ledger.bank_line AS
SELECT movement.movement_id, bank_account.account, movement.slug, movement.booked_on, movement.booked_at_us,
    movement.value_on, movement.amount, movement.bank_reference, movement.entry_reference, movement.end_to_end_id,
    movement.receipt_id, movement.payout_id, movement.counterparty_name, movement.remittance
FROM ledger.bank_movement movement
JOIN ledger.bank_statement statement USING (statement_id)
JOIN ledger.bank_account ON bank_account.slug = movement.slug
WHERE statement.kind = 'statement' AND movement.is_booked AND NOT EXISTS (
    SELECT FROM ledger.bank_movement earlier JOIN ledger.bank_statement first USING (statement_id)
    WHERE earlier.slug = movement.slug AND earlier.bank_reference = movement.bank_reference
        AND earlier.entry_reference = movement.entry_reference AND earlier.amount = movement.amount
        AND earlier.booked_on = movement.booked_on AND earlier.statement_id < movement.statement_id
        AND first.kind = 'statement'
);

-- What the books say of accounts at banks: each posting with what comes in positive.
CREATE VIEW ledger.bank_posting AS
SELECT transfer.sequence, transfer.id, entry.account, booking.booked_at_us, transfer.reference, transfer.memo,
    transfer.purpose, CASE entry.side WHEN 'debit' THEN entry.posted_change ELSE -entry.posted_change END AS amount
FROM ledger.entry
JOIN ledger.transfer ON transfer.sequence = entry.sequence
JOIN ledger.booking ON booking.sequence = entry.sequence
WHERE starts_with(entry.account, 'assets:bank:') AND entry.posted_change > 0;

CREATE FUNCTION ledger.guard_bank_match() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    uneven bigint;
BEGIN
    SELECT bank_match.match_id INTO uneven
    FROM ledger.bank_match
    JOIN ledger.bank_match_line line USING (match_id)
    LEFT JOIN ledger.bank_movement movement USING (movement_id)
    LEFT JOIN ledger.entry ON entry.sequence = line.sequence AND entry.account = bank_match.account
    WHERE bank_match.match_id IN (SELECT match_id FROM fresh)
    GROUP BY bank_match.match_id
    HAVING coalesce(sum(movement.amount), 0) <> coalesce(
        sum(CASE entry.side WHEN 'debit' THEN entry.posted_change ELSE -entry.posted_change END), 0
    ) OR bool_or(line.sequence IS NOT NULL AND entry.sequence IS NULL)
    LIMIT 1;
    IF uneven IS NOT NULL THEN
        RAISE EXCEPTION 'the two sides of match % differ', uneven USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER guarded AFTER INSERT ON ledger.bank_match_line REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.guard_bank_match();

-- A difference that is to be booked away: lines of the bank and of the books whose sums differ, and against what.
CREATE TABLE ledger.write_off_proposal (
    proposal_id    bigint   PRIMARY KEY CHECK (proposal_id > 0),
    account        text     COLLATE "C" NOT NULL REFERENCES ledger.account (code),
    against        text     NOT NULL CHECK (against IN ('bank_charges', 'bank_interest', 'opening_balance')),
    movement_ids   bigint[] NOT NULL,
    sequences      bigint[] NOT NULL,
    amount         bigint   NOT NULL CHECK (amount <> 0),  -- what the books lack; negative: have too much
    currency       char(3)  NOT NULL,
    event_at_us    bigint   NOT NULL,
    note           text     NOT NULL CHECK (note <> ''),
    proposed_by    bigint   NOT NULL CHECK (proposed_by > 0),
    proposed_at_us bigint   NOT NULL
);
CREATE TABLE ledger.write_off_decision (
    proposal_id   bigint  PRIMARY KEY REFERENCES ledger.write_off_proposal (proposal_id),
    is_confirmed  boolean NOT NULL,
    note          text    NOT NULL,
    decided_by    bigint  NOT NULL CHECK (decided_by > 0),
    decided_at_us bigint  NOT NULL,
    transfer_id   uuid    UNIQUE REFERENCES ledger.transfer (id),
    CONSTRAINT write_off_has_its_posting CHECK (is_confirmed = (transfer_id IS NOT NULL)),
    CONSTRAINT write_off_declined_with_note CHECK (is_confirmed OR note <> '')
);

CREATE FUNCTION ledger.guard_write_off_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.is_confirmed AND NEW.decided_by = (
        SELECT proposed_by FROM ledger.write_off_proposal proposal WHERE proposal.proposal_id = NEW.proposal_id
    ) THEN
        RAISE EXCEPTION 'write-off % needs a second person', NEW.proposal_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guarded BEFORE INSERT ON ledger.write_off_decision
    FOR EACH ROW EXECUTE FUNCTION ledger.guard_write_off_decision();

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'carried_over', 'close_proposal', 'day_close', 'day_balance', 'month_close', 'reversal_proposal',
        'reversal_decision', 'bank_match', 'bank_match_line', 'write_off_proposal', 'write_off_decision'
    ] LOOP
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.%I
                FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()', name
        );
        EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON ledger.%I FROM PUBLIC', name);
    END LOOP;
END
$$;
