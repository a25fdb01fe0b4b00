-- Money that leaves: what is to be paid to whom, who did what about it, the files for the bank and what it answered.
-- Facts are written once. The present state of a payout is a row that only follows its events, by legal steps.

-- an account of the centre at a bank, from which it pays
CREATE TABLE ledger.paying_account (
    name               text    COLLATE "C" PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    account            text    COLLATE "C" NOT NULL,
    currency           char(3) NOT NULL,
    holder             text    NOT NULL CHECK (holder <> ''),
    number             text    NOT NULL CHECK (number <> ''),
    bank               text    NOT NULL,
    utc_offset_minutes integer NOT NULL CHECK (utc_offset_minutes BETWEEN -840 AND 840),
    registered_by      bigint  NOT NULL,
    registered_at_us   bigint  NOT NULL,
    FOREIGN KEY (account, currency) REFERENCES ledger.account (code, currency)
);

CREATE TABLE ledger.payout (
    payout_id      bigint  PRIMARY KEY CHECK (payout_id > 0),
    kind           text    NOT NULL CHECK (kind IN ('refund', 'suspense_return', 'seller', 'treasury', 'fee')),
    source_account text    COLLATE "C" NOT NULL,
    amount         bigint  NOT NULL CHECK (amount > 0),
    currency       char(3) NOT NULL,
    payee_name     text    NOT NULL CHECK (payee_name <> ''),
    lot_id         bigint,
    bidder_id      bigint,
    receipt_id     text,
    cause          text    NOT NULL,
    due_at_us      bigint,
    previous_id    bigint  REFERENCES ledger.payout (payout_id),
    proposed_by    bigint  NOT NULL CHECK (proposed_by >= 0),
    proposed_at_us bigint  NOT NULL,
    FOREIGN KEY (source_account, currency) REFERENCES ledger.account (code, currency)
);

CREATE INDEX payout_of_source ON ledger.payout (source_account, payout_id);
CREATE INDEX payout_of_lot ON ledger.payout (lot_id, bidder_id);

-- a file for the bank, byte for byte as it was made
CREATE TABLE ledger.payout_batch (
    batch_id   bigint  PRIMARY KEY CHECK (batch_id > 0),
    paid_from  text    COLLATE "C" NOT NULL REFERENCES ledger.paying_account (name),
    currency   char(3) NOT NULL,
    version    text    NOT NULL,
    message_id text    NOT NULL UNIQUE,
    payouts    integer NOT NULL CHECK (payouts > 0),
    total      bigint  NOT NULL CHECK (total > 0),
    file       bytea   NOT NULL,
    sha256     bytea   NOT NULL,
    made_by    bigint  NOT NULL CHECK (made_by > 0),
    made_at_us bigint  NOT NULL,
    CONSTRAINT batch_file_has_its_digest CHECK (sha256(file) = sha256)
);

-- a batch goes to the bank once
CREATE TABLE ledger.payout_batch_sent (
    batch_id   bigint PRIMARY KEY REFERENCES ledger.payout_batch (batch_id),
    sent_by    bigint NOT NULL CHECK (sent_by >= 0),
    sent_at_us bigint NOT NULL
);

-- who took the file, and when
CREATE TABLE ledger.payout_batch_download (
    download_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_id    bigint NOT NULL REFERENCES ledger.payout_batch (batch_id),
    taken_by    bigint NOT NULL,
    taken_at_us bigint NOT NULL
);

-- each reading of an answer of the bank, with what came of it
CREATE TABLE ledger.payout_result_reading (
    reading_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sha256       bytea  NOT NULL CHECK (octet_length(sha256) = 32),
    message_name text   NOT NULL,
    message_id   text   NOT NULL,
    report       jsonb  NOT NULL,
    read_by      bigint NOT NULL,
    read_at_us   bigint NOT NULL
);

CREATE INDEX payout_result_reading_of_file ON ledger.payout_result_reading (sha256);

CREATE TABLE ledger.payout_event (
    payout_id     bigint  NOT NULL REFERENCES ledger.payout (payout_id),
    step          integer NOT NULL CHECK (step > 0),
    state         text    NOT NULL,
    acted_by      bigint  NOT NULL CHECK (acted_by >= 0),
    at_us         bigint  NOT NULL,
    payee_account text    NOT NULL DEFAULT '',
    payee_bank    text    NOT NULL DEFAULT '',
    batch_id      bigint  REFERENCES ledger.payout_batch (batch_id),
    reason_code   text    NOT NULL DEFAULT '',
    reason        text    NOT NULL DEFAULT '',
    source        text    NOT NULL DEFAULT '',
    -- the posting of this step: there is no step of money without it, and no posting serves two steps
    transfer_id   uuid    UNIQUE REFERENCES ledger.transfer (id),
    PRIMARY KEY (payout_id, step),
    CONSTRAINT payout_event_moves_money CHECK (
        (transfer_id IS NOT NULL) = (
            step = 1 OR state IN ('declined', 'cancelled', 'sent', 'paid', 'rejected', 'returned')
        )
    ),
    CONSTRAINT payout_event_names_batch CHECK ((state = 'batched') = (batch_id IS NOT NULL)),
    CONSTRAINT payout_event_gives_reason CHECK (
        state NOT IN ('declined', 'cancelled', 'rejected', 'returned') OR reason <> '' OR reason_code <> ''
    )
);

-- one receipt is the return of one payout
CREATE UNIQUE INDEX payout_returned_once ON ledger.payout_event (source) WHERE state = 'returned';

CREATE TABLE ledger.payout_state (
    payout_id          bigint  PRIMARY KEY REFERENCES ledger.payout (payout_id),
    step               integer NOT NULL,
    state              text    NOT NULL,
    cause              text    NOT NULL,
    payee_account      text    NOT NULL,
    payee_bank         text    NOT NULL,
    account_entered_by bigint  NOT NULL,
    approved_by        bigint,
    batch_id           bigint  REFERENCES ledger.payout_batch (batch_id),
    reason_code        text    NOT NULL,
    reason             text    NOT NULL,
    changed_at_us      bigint  NOT NULL,
    FOREIGN KEY (payout_id, step) REFERENCES ledger.payout_event (payout_id, step)
);

CREATE INDEX payout_in_state ON ledger.payout_state (state, payout_id);
CREATE INDEX payout_of_batch ON ledger.payout_state (batch_id, payout_id);
-- what has a cause is paid once: another try only after the one before ended without being paid
CREATE UNIQUE INDEX payout_has_own_cause ON ledger.payout_state (cause)
    WHERE cause <> '' AND state NOT IN ('declined', 'cancelled', 'rejected', 'returned');

-- Each event moves the state of its payout; nothing else does.
CREATE FUNCTION ledger.follow_payout_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.step = 1 THEN
        INSERT INTO ledger.payout_state
        SELECT NEW.payout_id, 1, NEW.state, payout.cause, NEW.payee_account, NEW.payee_bank, NEW.acted_by,
            NULL, NULL, '', '', NEW.at_us
        FROM ledger.payout WHERE payout.payout_id = NEW.payout_id;
        RETURN NULL;
    END IF;
    UPDATE ledger.payout_state SET
        step = NEW.step,
        state = NEW.state,
        payee_account = CASE NEW.state WHEN 'proposed' THEN NEW.payee_account ELSE payee_account END,
        payee_bank = CASE NEW.state WHEN 'proposed' THEN NEW.payee_bank ELSE payee_bank END,
        account_entered_by = CASE NEW.state WHEN 'proposed' THEN NEW.acted_by ELSE account_entered_by END,
        approved_by = CASE NEW.state WHEN 'approved' THEN NEW.acted_by ELSE approved_by END,
        batch_id = coalesce(NEW.batch_id, batch_id),
        reason_code = NEW.reason_code,
        reason = NEW.reason,
        changed_at_us = NEW.at_us
    WHERE payout_id = NEW.payout_id AND step = NEW.step - 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'payout % is not before step %', NEW.payout_id, NEW.step
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION ledger.guard_payout_state() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    maker bigint := (SELECT proposed_by FROM ledger.payout WHERE payout.payout_id = NEW.payout_id);
BEGIN
    IF NOT EXISTS (
        SELECT FROM ledger.payout_event event
        WHERE event.payout_id = NEW.payout_id AND event.step = NEW.step AND event.state = NEW.state
            AND event.at_us = NEW.changed_at_us
    ) THEN
        RAISE EXCEPTION 'the state of payout % follows its events', NEW.payout_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.step <> 1 OR NEW.state <> 'proposed' THEN
            RAISE EXCEPTION 'payout % begins as proposed', NEW.payout_id USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.payout_id <> OLD.payout_id OR NEW.step <> OLD.step + 1 OR NEW.cause <> OLD.cause
        OR (OLD.state, NEW.state) NOT IN (
            ('proposed', 'proposed'), ('proposed', 'approved'), ('proposed', 'declined'),
            ('proposed', 'cancelled'), ('approved', 'declined'), ('approved', 'cancelled'),
            ('approved', 'batched'), ('batched', 'sent'), ('sent', 'paid'), ('sent', 'rejected'),
            ('paid', 'returned')
        )
    THEN
        RAISE EXCEPTION 'payout % may not go from % to %', NEW.payout_id, OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state = 'approved' AND (
        NEW.approved_by <= 0 OR NEW.approved_by IN (maker, OLD.account_entered_by) OR OLD.payee_account = ''
    ) THEN
        RAISE EXCEPTION 'payout % needs a second person and an account to pay to', NEW.payout_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

-- A receipt by which a payout came back is nobody's else: it is neither assigned nor returned, before or after.
CREATE FUNCTION ledger.guard_taking_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM ledger.suspense_act act WHERE act.act <> 'returned' AND 'receipt:' || act.receipt_id = NEW.source)
    THEN
        RAISE EXCEPTION '% has been worked off', NEW.source USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION ledger.guard_suspense_against_payouts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM ledger.payout_event event
        WHERE event.state = 'returned' AND event.source = 'receipt:' || NEW.receipt_id
    ) OR NEW.act <> 'returned' AND EXISTS (
        SELECT FROM ledger.payout_state state
        WHERE state.cause = 'receipt:' || NEW.receipt_id
            AND state.state NOT IN ('declined', 'cancelled', 'rejected', 'returned')
    ) THEN
        RAISE EXCEPTION 'a payout speaks for receipt %', NEW.receipt_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER guarded BEFORE INSERT ON ledger.payout_event
    FOR EACH ROW WHEN (NEW.state = 'returned') EXECUTE FUNCTION ledger.guard_taking_back();
CREATE TRIGGER guarded_against_payouts BEFORE INSERT ON ledger.suspense_act
    FOR EACH ROW EXECUTE FUNCTION ledger.guard_suspense_against_payouts();

CREATE TRIGGER followed AFTER INSERT ON ledger.payout_event
    FOR EACH ROW EXECUTE FUNCTION ledger.follow_payout_event();
CREATE TRIGGER guarded BEFORE INSERT OR UPDATE ON ledger.payout_state
    FOR EACH ROW EXECUTE FUNCTION ledger.guard_payout_state();
CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON ledger.payout_state
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.paying_account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.payout
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.payout_batch
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.payout_batch_sent
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.payout_batch_download
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.payout_result_reading
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.payout_event
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

REVOKE UPDATE, DELETE, TRUNCATE ON ledger.paying_account, ledger.payout, ledger.payout_batch,
    ledger.payout_batch_sent, ledger.payout_batch_download, ledger.payout_result_reading, ledger.payout_event
    FROM PUBLIC;
