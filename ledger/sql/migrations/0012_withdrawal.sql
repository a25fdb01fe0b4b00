-- A file for the bank that was made and not sent can be withdrawn by two persons. Its payouts end unpaid and what they
-- were for is owed again, under new numbers: whatever the bank may say of the old file is nobody's answer any more.

CREATE TABLE ledger.payout_withdrawal (
    proposal_id    bigint PRIMARY KEY CHECK (proposal_id > 0),
    batch_id       bigint NOT NULL REFERENCES ledger.payout_batch (batch_id),
    reason         text   NOT NULL CHECK (reason <> ''),
    proposed_by    bigint NOT NULL CHECK (proposed_by > 0),
    proposed_at_us bigint NOT NULL
);
CREATE INDEX payout_withdrawal_of_batch ON ledger.payout_withdrawal (batch_id, proposal_id);

CREATE TABLE ledger.payout_withdrawal_decision (
    proposal_id   bigint  PRIMARY KEY REFERENCES ledger.payout_withdrawal (proposal_id),
    batch_id      bigint  NOT NULL REFERENCES ledger.payout_batch (batch_id),
    is_confirmed  boolean NOT NULL,
    reason        text    NOT NULL,
    decided_by    bigint  NOT NULL CHECK (decided_by > 0),
    decided_at_us bigint  NOT NULL,
    CONSTRAINT withdrawal_declined_with_reason CHECK (is_confirmed OR reason <> '')
);
CREATE UNIQUE INDEX batch_withdrawn_once ON ledger.payout_withdrawal_decision (batch_id) WHERE is_confirmed;

CREATE FUNCTION ledger.guard_withdrawal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM ledger.payout_batch_sent sent WHERE sent.batch_id = NEW.batch_id) OR EXISTS (
        SELECT FROM ledger.payout_withdrawal other LEFT JOIN ledger.payout_withdrawal_decision decision USING (proposal_id)
        WHERE other.batch_id = NEW.batch_id AND decision.is_confirmed IS DISTINCT FROM false
    ) THEN
        RAISE EXCEPTION 'batch % is sent, withdrawn or to be withdrawn', NEW.batch_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guarded BEFORE INSERT ON ledger.payout_withdrawal
    FOR EACH ROW EXECUTE FUNCTION ledger.guard_withdrawal();

CREATE FUNCTION ledger.guard_withdrawal_decision() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted ledger.payout_withdrawal;
BEGIN
    SELECT * INTO STRICT wanted FROM ledger.payout_withdrawal WHERE proposal_id = NEW.proposal_id;
    IF wanted.batch_id <> NEW.batch_id OR NEW.is_confirmed AND (
        wanted.proposed_by = NEW.decided_by
        OR EXISTS (SELECT FROM ledger.payout_batch_sent sent WHERE sent.batch_id = NEW.batch_id)
    ) THEN
        RAISE EXCEPTION 'batch % is withdrawn by two persons, before it is sent', NEW.batch_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guarded BEFORE INSERT ON ledger.payout_withdrawal_decision
    FOR EACH ROW EXECUTE FUNCTION ledger.guard_withdrawal_decision();

-- what is withdrawn, or is to be, does not go to the bank
CREATE FUNCTION ledger.guard_batch_sent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM ledger.payout_withdrawal wanted LEFT JOIN ledger.payout_withdrawal_decision decision USING (proposal_id)
        WHERE wanted.batch_id = NEW.batch_id AND decision.is_confirmed IS DISTINCT FROM false
    ) THEN
        RAISE EXCEPTION 'batch % is withdrawn or to be withdrawn', NEW.batch_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guarded BEFORE INSERT ON ledger.payout_batch_sent
    FOR EACH ROW EXECUTE FUNCTION ledger.guard_batch_sent();

-- as before, and a payout in a file ends unpaid when the file is withdrawn
CREATE OR REPLACE FUNCTION ledger.guard_payout_state() RETURNS trigger LANGUAGE plpgsql AS $$
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
            ('approved', 'batched'), ('batched', 'sent'), ('batched', 'cancelled'), ('sent', 'paid'),
            ('sent', 'rejected'), ('paid', 'returned')
        )
    THEN
        RAISE EXCEPTION 'payout % may not go from % to %', NEW.payout_id, OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state = 'batched' AND (NEW.state = 'cancelled') <> EXISTS (
        SELECT FROM ledger.payout_withdrawal_decision decision
        WHERE decision.batch_id = OLD.batch_id AND decision.is_confirmed
    ) THEN
        RAISE EXCEPTION 'payout % goes with its file', NEW.payout_id USING ERRCODE = 'restrict_violation';
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

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.payout_withdrawal
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.payout_withdrawal_decision
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON ledger.payout_withdrawal, ledger.payout_withdrawal_decision FROM PUBLIC;

-- Whether the money of a posting has gone on from suspense, so that the posting is not to be reversed: suspense is one
-- account for all receipts, so its balance alone does not tell whose money is still there.
CREATE FUNCTION ledger.has_left_suspense(wanted uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM ledger.receipt
        WHERE receipt.transfer_id = wanted AND receipt.status = 'suspense' AND (
            EXISTS (SELECT FROM ledger.suspense_worked_off gone WHERE gone.receipt_id = receipt.receipt_id)
            OR EXISTS (
                SELECT FROM ledger.payout_state
                WHERE cause = 'receipt:' || receipt.receipt_id
                    AND state NOT IN ('declined', 'cancelled', 'rejected', 'returned')
            )
            OR EXISTS (
                SELECT FROM ledger.payout_event
                WHERE source = 'receipt:' || receipt.receipt_id AND state = 'returned'
            )
        )
    ) OR EXISTS (
        SELECT FROM ledger.transfer WHERE transfer.id = wanted AND transfer.purpose = 'suspense_split'
    )
$$;

CREATE OR REPLACE FUNCTION ledger.guard_suspense_reversal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF ledger.has_left_suspense(NEW.transfer_id) THEN
        RAISE EXCEPTION 'the money of posting % has gone on from suspense', NEW.transfer_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
