-- What banks say: accounts of the centre, their files, the statements and movements in them, and what people did with
-- receipts that nobody could credit. All of these rows are facts: written once, never changed.

-- who paid, as far as the bank says: account number and bank (BIC, or the twelve digits of China's payment system)
ALTER TABLE ledger.receipt ADD COLUMN payer_account text, ADD COLUMN payer_bank text;

-- until when the deposit of a lot may arrive; NULL where it may until the lot ends
ALTER TABLE ledger.deposit ADD COLUMN pay_by_us bigint;

-- an account of the centre at a bank; `account` is its balance in this ledger
CREATE TABLE ledger.bank_account (
    slug               text    COLLATE "C" PRIMARY KEY CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    number             text    NOT NULL CHECK (number <> ''),
    bank_name          text    NOT NULL,
    holder             text    NOT NULL,
    currency           char(3) NOT NULL,
    account            text    COLLATE "C" NOT NULL,
    utc_offset_minutes integer NOT NULL CHECK (utc_offset_minutes BETWEEN -840 AND 840),
    opened_by          bigint  NOT NULL,
    opened_at_us       bigint  NOT NULL,
    UNIQUE (number, currency),
    FOREIGN KEY (account, currency) REFERENCES ledger.account (code, currency)
);

-- what a bank signs its notices with; a key ends by a row of its own
CREATE TABLE ledger.bank_key (
    key_id     text   COLLATE "C" PRIMARY KEY CHECK (key_id ~ '^[0-9a-f]{16}$'),
    slug       text   COLLATE "C" NOT NULL REFERENCES ledger.bank_account (slug),
    secret     bytea  NOT NULL CHECK (octet_length(secret) >= 32),
    made_by    bigint NOT NULL,
    made_at_us bigint NOT NULL
);
CREATE TABLE ledger.bank_key_end (
    key_id      text   COLLATE "C" PRIMARY KEY REFERENCES ledger.bank_key (key_id),
    ended_by    bigint NOT NULL,
    ended_at_us bigint NOT NULL
);

-- a file that was taken, whole: nothing of it is booked without this row, and no content is taken twice
CREATE TABLE ledger.bank_file (
    file_id     bigint  PRIMARY KEY CHECK (file_id > 0),
    sha256      bytea   NOT NULL UNIQUE CHECK (octet_length(sha256) = 32),
    bytes       bigint  NOT NULL,
    name        text    NOT NULL,
    channel     text    NOT NULL CHECK (channel IN ('upload', 'webhook')),
    format      text    NOT NULL,  -- camt.053.001.08, csv, notice
    -- the sender's own name for it, with the account and page that make it unique; empty where the format has none
    message_key text    NOT NULL,
    warnings    jsonb   NOT NULL,
    taken_by    bigint  NOT NULL,
    taken_at_us bigint  NOT NULL
);
CREATE UNIQUE INDEX bank_message_once ON ledger.bank_file (message_key) WHERE message_key <> '';

-- a statement of account (with balances, where the bank gives them) or a list of movements without balances
CREATE TABLE ledger.bank_statement (
    statement_id bigint  PRIMARY KEY CHECK (statement_id > 0),
    file_id      bigint  NOT NULL REFERENCES ledger.bank_file (file_id) DEFERRABLE INITIALLY DEFERRED,
    slug         text    COLLATE "C" NOT NULL REFERENCES ledger.bank_account (slug),
    kind         text    NOT NULL CHECK (kind IN ('statement', 'notification')),
    name         text    NOT NULL,  -- the bank's own
    page         integer NOT NULL,
    currency     char(3) NOT NULL,
    opens_on     date,              -- day of the opening balance
    closes_on    date,              -- day of the closing balance
    opening      bigint,            -- minor units; negative when overdrawn; NULL when the bank does not say
    closing      bigint,
    credits      bigint  NOT NULL,  -- sum of booked movements in
    debits       bigint  NOT NULL,  -- sum of booked movements out, positive
    movements    integer NOT NULL,  -- booked ones
    chain_gap    bigint,            -- this opening less the closing before it; NULL when there is none before
    CONSTRAINT bank_statement_balances CHECK (
        opening IS NULL OR closing IS NULL OR opening::numeric + credits - debits = closing
    )
);
CREATE INDEX bank_statement_of_account ON ledger.bank_statement (slug, closes_on, statement_id);
CREATE INDEX bank_statement_of_file ON ledger.bank_statement (file_id);

-- One line of a statement; of a collective booking whose parts are known, one row for each part.
CREATE TABLE ledger.bank_movement (
    movement_id          bigint  PRIMARY KEY CHECK (movement_id > 0),
    statement_id         bigint  NOT NULL REFERENCES ledger.bank_statement (statement_id) DEFERRABLE INITIALLY DEFERRED,
    slug                 text    COLLATE "C" NOT NULL REFERENCES ledger.bank_account (slug),
    line                 bigint  NOT NULL,  -- in the file
    bank_reference       text    NOT NULL,  -- the bank's own; made from the content (begins with ~) where it gives none
    entry_reference      text    NOT NULL,  -- of the booking that this is one part of; empty when it is whole
    amount               bigint  NOT NULL,  -- minor units: in positive, out negative
    currency             char(3) NOT NULL,
    is_booked            boolean NOT NULL,  -- false: announced only, no money yet
    is_reversal          boolean NOT NULL,  -- takes back an earlier booking, or brings back money that we had paid
    booked_on            date    NOT NULL,
    booked_at_us         bigint  NOT NULL,  -- beginning of the bank's day where it gives no time
    value_on             date,
    counterparty_name    text    NOT NULL,
    counterparty_account text    NOT NULL,
    counterparty_bank    text    NOT NULL,
    remittance           text    NOT NULL,
    end_to_end_id        text    NOT NULL,
    sub_account          text    NOT NULL,
    -- what was done with it: credited, suspense, duplicate (came before, `receipt_id` says as what), debit, pending
    outcome              text    NOT NULL CHECK (outcome IN ('credited', 'suspense', 'duplicate', 'debit', 'pending')),
    reason               text    NOT NULL,  -- of suspense
    note                 text    NOT NULL,  -- of what a person should know, e.g. overpaid
    note_amount          bigint  NOT NULL,
    receipt_id           text    REFERENCES ledger.receipt (receipt_id),
    payout_id            bigint,            -- that the end-to-end id of the movement names
    CONSTRAINT bank_movement_has_its_receipt CHECK (
        (outcome IN ('credited', 'suspense', 'duplicate')) = (receipt_id IS NOT NULL)
    )
);
CREATE INDEX bank_movement_of_statement ON ledger.bank_movement (statement_id, movement_id);
CREATE INDEX bank_movement_of_day ON ledger.bank_movement (slug, booked_on);
CREATE INDEX bank_movement_by_reference ON ledger.bank_movement (slug, bank_reference);
CREATE INDEX bank_movement_of_entry ON ledger.bank_movement (slug, entry_reference) WHERE entry_reference <> '';
CREATE INDEX bank_movement_of_receipt ON ledger.bank_movement (receipt_id) WHERE receipt_id IS NOT NULL;
CREATE INDEX bank_movement_of_payout ON ledger.bank_movement (payout_id) WHERE payout_id IS NOT NULL;
CREATE INDEX bank_movement_by_end_to_end_id ON ledger.bank_movement (end_to_end_id) WHERE end_to_end_id <> '';

-- What was done with a receipt in suspense. `assigned`: moved to a deposit. `returned`: proposed as a payout; if that
-- ends unpaid, another step may follow. `split`: a collective receipt was taken out again, its parts are booked singly.
CREATE TABLE ledger.suspense_act (
    receipt_id  text    NOT NULL REFERENCES ledger.receipt (receipt_id),
    step        integer NOT NULL CHECK (step > 0),
    act         text    NOT NULL CHECK (act IN ('assigned', 'returned', 'split')),
    lot_id      bigint,
    bidder_id   bigint,
    payout_id   bigint,
    transfer_id uuid    UNIQUE REFERENCES ledger.transfer (id),
    reason      text    NOT NULL,
    acted_by    bigint  NOT NULL,
    acted_at_us bigint  NOT NULL,
    PRIMARY KEY (receipt_id, step),
    FOREIGN KEY (lot_id, bidder_id) REFERENCES ledger.deposit (lot_id, bidder_id),
    CONSTRAINT suspense_act_is_complete CHECK (
        (act = 'assigned') = (lot_id IS NOT NULL AND bidder_id IS NOT NULL)
        AND (act = 'returned') = (payout_id IS NOT NULL)
        AND (act <> 'returned') = (transfer_id IS NOT NULL)
    )
);
CREATE UNIQUE INDEX suspense_ends_once ON ledger.suspense_act (receipt_id) WHERE act <> 'returned';
CREATE INDEX suspense_act_of_deposit ON ledger.suspense_act (lot_id, bidder_id) WHERE act = 'assigned';

CREATE FUNCTION ledger.guard_suspense_act() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM ledger.receipt WHERE receipt.receipt_id = NEW.receipt_id AND receipt.status = 'suspense'
    ) THEN
        RAISE EXCEPTION 'receipt % is not in suspense', NEW.receipt_id USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.step <> 1 + (
        SELECT count(*) FROM ledger.suspense_act act WHERE act.receipt_id = NEW.receipt_id AND act.act = 'returned'
    ) OR EXISTS (
        SELECT FROM ledger.suspense_act act WHERE act.receipt_id = NEW.receipt_id AND act.act <> 'returned'
    ) THEN
        RAISE EXCEPTION 'receipt % has been worked off', NEW.receipt_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guarded BEFORE INSERT ON ledger.suspense_act
    FOR EACH ROW EXECUTE FUNCTION ledger.guard_suspense_act();

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.bank_account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.bank_key
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.bank_key_end
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.bank_file
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.bank_statement
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.bank_movement
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.suspense_act
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

REVOKE UPDATE, DELETE, TRUNCATE ON ledger.bank_account, ledger.bank_key, ledger.bank_key_end, ledger.bank_file,
    ledger.bank_statement, ledger.bank_movement, ledger.suspense_act FROM PUBLIC;
