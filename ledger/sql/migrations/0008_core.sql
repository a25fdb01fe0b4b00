-- Holds with a time limit, balances of the past found quickly, and entries that the database derives by itself.
-- Row by row, the foreign keys of transfers and entries took more than half of the time that a batch was written
-- in. What they promised, and more, is now done by sets: whoever posts moves the head and adds the transfers up to
-- it; their entries and the totals of accounts follow from them here, and nobody else can write those.

-- A pending transfer may run out; its expiry is a transfer as well, made by whoever posts next.
ALTER TABLE ledger.transfer ADD COLUMN timeout_us bigint NOT NULL DEFAULT 0 CHECK (timeout_us >= 0);
ALTER TABLE ledger.transfer ADD CONSTRAINT transfer_times_out CHECK (timeout_us = 0 OR kind = 'pending');
ALTER TABLE ledger.transfer DROP CONSTRAINT transfer_kind_check;
ALTER TABLE ledger.transfer ADD CONSTRAINT transfer_kind_check
    CHECK (kind IN ('posted', 'pending', 'post', 'void', 'expire'));
ALTER TABLE ledger.transfer DROP CONSTRAINT transfer_ends_pending;
ALTER TABLE ledger.transfer ADD CONSTRAINT transfer_ends_pending
    CHECK ((kind IN ('post', 'void', 'expire')) = (pending_id IS NOT NULL));
CREATE INDEX transfer_running_out ON ledger.transfer ((recorded_at_us + timeout_us)) WHERE timeout_us > 0;

ALTER TABLE ledger.transfer
    DROP CONSTRAINT transfer_pending_id_fkey,
    DROP CONSTRAINT transfer_debit_currency_fkey,
    DROP CONSTRAINT transfer_credit_currency_fkey;
ALTER TABLE ledger.entry
    DROP CONSTRAINT entry_sequence_fkey,
    DROP CONSTRAINT entry_account_currency_fkey;

-- An account keeps its code, so the spelling is looked at when it is opened and not with every change of totals.
ALTER TABLE ledger.account DROP CONSTRAINT account_code_is_spelled;
CREATE FUNCTION ledger.check_account_code() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.code !~ '^(assets|liabilities|equity|income|expenses)(:[a-z0-9][a-z0-9-]*)+$' OR length(NEW.code) > 120
    THEN
        RAISE EXCEPTION 'account code % is misspelled', NEW.code USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.version <> 0 OR NEW.debits_pending <> 0 OR NEW.debits_posted <> 0
        OR NEW.credits_pending <> 0 OR NEW.credits_posted <> 0 OR NEW.is_closed THEN
        RAISE EXCEPTION 'account % is to be opened empty', NEW.code USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER opened_empty BEFORE INSERT ON ledger.account
    FOR EACH ROW EXECUTE FUNCTION ledger.check_account_code();

-- The same promises without numeric: totals are never negative, so the difference of two of them fits a bigint.
ALTER TABLE ledger.account
    DROP CONSTRAINT debits_must_not_exceed_credits,
    DROP CONSTRAINT credits_must_not_exceed_debits,
    ADD CONSTRAINT debits_must_not_exceed_credits
        CHECK (flags & 1 = 0 OR debits_pending <= credits_posted - debits_posted),
    ADD CONSTRAINT credits_must_not_exceed_debits
        CHECK (flags & 2 = 0 OR credits_pending <= debits_posted - credits_posted);

-- a running total; sum() would go through numeric. Beyond the greatest bigint it fails, as it must.
CREATE AGGREGATE ledger.running_total(bigint) (SFUNC = int8pl, STYPE = bigint, INITCOND = '0');

-- Each transfer has two entries, one in each of its accounts, which are there and have its currency: what they
-- change follows from the transfer and the hold that it ends, and their totals from the entries before. All entries
-- of a batch by one statement, which finds every row by index: no slower in a large ledger than in a small one.
-- It runs as the owner: the application itself may neither add entries nor change totals.
CREATE FUNCTION ledger.derive_entries() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = ledger, pg_temp
    SET enable_seqscan = off
    SET enable_hashjoin = off
    SET enable_mergejoin = off
AS $$
DECLARE
    wanted bigint;
    beyond bigint;
    derived bigint;
BEGIN
    SELECT 2 * count(*), max(sequence) INTO wanted, beyond FROM written;
    IF beyond > (SELECT sequence FROM ledger.head) THEN
        RAISE EXCEPTION 'transfer % stands beyond the head of the chain', beyond USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (
        SELECT FROM written LEFT JOIN ledger.transfer held ON held.id = written.pending_id
        WHERE written.pending_id IS NOT NULL AND (
            held.kind IS DISTINCT FROM 'pending' OR held.sequence >= written.sequence
            OR (held.debit, held.credit, held.currency) <> (written.debit, written.credit, written.currency)
            OR written.amount > held.amount OR (written.kind <> 'post' AND written.amount <> held.amount)
            OR (written.kind = 'expire' AND (
                held.timeout_us = 0 OR written.recorded_at_us < held.recorded_at_us + held.timeout_us
            ))
        )
    ) THEN
        RAISE EXCEPTION 'a transfer ends what is not a hold of its own' USING ERRCODE = 'foreign_key_violation';
    END IF;
    WITH leg AS MATERIALIZED (
        SELECT leg.*,
            CASE side WHEN 'debit' THEN pending_change ELSE 0 END AS debit_pending,
            CASE side WHEN 'debit' THEN posted_change ELSE 0 END AS debit_posted,
            CASE side WHEN 'credit' THEN pending_change ELSE 0 END AS credit_pending,
            CASE side WHEN 'credit' THEN posted_change ELSE 0 END AS credit_posted
        FROM (
            SELECT written.sequence, side, CASE side WHEN 'debit' THEN written.debit ELSE written.credit END AS code,
                written.currency, written.recorded_at_us,
                CASE written.kind WHEN 'posted' THEN 0 WHEN 'pending' THEN written.amount ELSE -held.amount END
                    AS pending_change,
                CASE WHEN written.kind IN ('posted', 'post') THEN written.amount ELSE 0 END AS posted_change,
                -- a closing hold closes its accounts (odd), the return of that hold opens them again (even)
                CASE WHEN coalesce(held.flags, written.flags) & CASE side WHEN 'debit' THEN 8 ELSE 16 END <> 0 THEN
                    CASE written.kind WHEN 'pending' THEN 2 * written.sequence + 1
                        WHEN 'void' THEN 2 * written.sequence WHEN 'expire' THEN 2 * written.sequence END
                END AS closing
            FROM written LEFT JOIN ledger.transfer held ON held.id = written.pending_id
            CROSS JOIN (VALUES ('debit'), ('credit')) AS sides (side)
        ) leg
    ), changed_account AS (
        UPDATE ledger.account SET
            debits_pending = account.debits_pending + change.debit_pending,
            debits_posted = account.debits_posted + change.debit_posted,
            credits_pending = account.credits_pending + change.credit_pending,
            credits_posted = account.credits_posted + change.credit_posted,
            version = account.version + change.entries,
            is_closed = CASE WHEN change.closing IS NULL THEN account.is_closed ELSE change.closing % 2 = 1 END
        FROM (
            SELECT code, count(*) AS entries, max(closing) AS closing,
                ledger.running_total(debit_pending) AS debit_pending,
                ledger.running_total(debit_posted) AS debit_posted,
                ledger.running_total(credit_pending) AS credit_pending,
                ledger.running_total(credit_posted) AS credit_posted
            FROM leg GROUP BY code
        ) change
        WHERE account.code = change.code
    )
    INSERT INTO ledger.entry (
        sequence, side, account, account_version, currency, pending_change, posted_change,
        debits_pending, debits_posted, credits_pending, credits_posted, recorded_at_us
    )
    SELECT sequence, side, leg.code, account.version + row_number() OVER so_far, leg.currency,
        pending_change, posted_change,
        account.debits_pending + ledger.running_total(debit_pending) OVER so_far,
        account.debits_posted + ledger.running_total(debit_posted) OVER so_far,
        account.credits_pending + ledger.running_total(credit_pending) OVER so_far,
        account.credits_posted + ledger.running_total(credit_posted) OVER so_far,
        recorded_at_us
    -- as it was before the change above: both see the same moment
    FROM leg JOIN ledger.account ON account.code = leg.code AND account.currency = leg.currency
    WINDOW so_far AS (PARTITION BY leg.code ORDER BY sequence ROWS UNBOUNDED PRECEDING);
    GET DIAGNOSTICS derived = ROW_COUNT;
    IF derived <> wanted THEN
        RAISE EXCEPTION 'an account of a transfer is missing or has another currency'
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER has_entries AFTER INSERT ON ledger.transfer
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION ledger.derive_entries();

-- What these looked at in each entry follows from how entries are derived now, and from the account's own promises.
ALTER TABLE ledger.entry
    DROP CONSTRAINT entry_account_version_check,
    DROP CONSTRAINT entry_side_check,
    DROP CONSTRAINT entry_posted_change_check,
    DROP CONSTRAINT entry_debits_pending_check,
    DROP CONSTRAINT entry_debits_posted_check,
    DROP CONSTRAINT entry_credits_pending_check,
    DROP CONSTRAINT entry_credits_posted_check;

CREATE FUNCTION ledger.refuse_by_hand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION '% on %.% refused: entries and totals follow from transfers', TG_OP, TG_TABLE_SCHEMA,
            TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER follows BEFORE INSERT ON ledger.entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_by_hand();
CREATE TRIGGER follows BEFORE UPDATE ON ledger.account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_by_hand();
-- so there is nobody left whose updates would have to be looked at one by one
DROP TRIGGER moves_forward ON ledger.account;
DROP FUNCTION ledger.guard_account();

-- Whoever has moved the head must have added every transfer up to it when he commits, the last with its hash.
CREATE FUNCTION ledger.check_batch() RETURNS trigger LANGUAGE plpgsql
    SET enable_seqscan = off
AS $$
BEGIN
    IF (
        SELECT count(*) FROM ledger.transfer WHERE sequence > OLD.sequence AND sequence <= NEW.sequence
            AND recorded_at_us BETWEEN OLD.recorded_at_us AND NEW.recorded_at_us
    ) <> NEW.sequence - OLD.sequence OR NOT EXISTS (
        SELECT FROM ledger.transfer WHERE (sequence, hash, recorded_at_us)
            = (NEW.sequence, NEW.hash, NEW.recorded_at_us)
    ) THEN
        RAISE EXCEPTION 'transfers up to %, which the head names, are missing', NEW.sequence
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER batch_is_whole AFTER UPDATE ON ledger.head
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger.check_batch();

-- The version that an account had at a moment, 0 before its first entry: its entries are in order of time as well.
CREATE FUNCTION ledger.version_at(code text, at_us bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    low  bigint := 0;
    high bigint := coalesce((SELECT version FROM ledger.account WHERE account.code = version_at.code), 0);
    half bigint;
BEGIN
    WHILE low < high LOOP
        half := (low + high + 1) / 2;
        IF (SELECT recorded_at_us FROM ledger.entry WHERE account = code AND account_version = half) <= at_us THEN
            low := half;
        ELSE
            high := half - 1;
        END IF;
    END LOOP;
    RETURN low;
END
$$;

-- What the program needs when it does not own its tables (see deploy/README.md): in the ledger it reads and adds, and
-- updates only the few rows that say how far something has come, which triggers guard. What only the ledger itself
-- writes is not granted at all. To be called again after each migration that adds a table.
CREATE FUNCTION ledger.grant_application(application name) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    given record;
BEGIN
    FOR given IN
        SELECT c.oid::regclass AS name, c.relkind IN ('v', 'S') AS is_no_table, n.nspname AS schema,
            EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'append_only') AS is_append_only,
            c.relkind = 'S' AS is_sequence
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('ledger', 'exchange') AND c.relkind IN ('r', 'p', 'v', 'S')
    LOOP
        EXECUTE format('REVOKE ALL ON %s %s FROM %I', CASE WHEN given.is_sequence THEN 'SEQUENCE' ELSE 'TABLE' END,
            given.name, application);
        EXECUTE format('GRANT %s ON %s %s TO %I',
            CASE
                WHEN given.is_sequence THEN 'USAGE, SELECT'
                WHEN given.is_no_table OR given.name = 'ledger.entry'::regclass THEN 'SELECT'
                WHEN given.is_append_only OR given.name = 'ledger.account'::regclass THEN 'SELECT, INSERT'
                WHEN given.schema = 'ledger' THEN 'SELECT, INSERT, UPDATE'
                ELSE 'SELECT, INSERT, UPDATE, DELETE'
            END,
            CASE WHEN given.is_sequence THEN 'SEQUENCE' ELSE 'TABLE' END, given.name, application);
    END LOOP;
    EXECUTE format('GRANT USAGE ON SCHEMA ledger, exchange TO %I', application);
    EXECUTE format('GRANT SELECT ON exchange.migration TO %I', application);
    EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON exchange.migration FROM %I', application);
END
$$;
REVOKE EXECUTE ON FUNCTION ledger.grant_application(name) FROM PUBLIC;
