-- What rules a lot's money: its clock, interest, order of default and fees; and what was done under them.
-- All of these rows are facts: written once, never changed.

CREATE TABLE ledger.lot_rule (
    lot_id                bigint  PRIMARY KEY,
    rulebook              text    NOT NULL,
    rulebook_digest       text    NOT NULL,
    refund_clock          text    NOT NULL CHECK (refund_clock ~ '^(hours|days|working_days):[1-9][0-9]{0,2}$'),
    refund_from           text    NOT NULL CHECK (refund_from IN ('bidding_ended', 'settlement', 'contract')),
    article_zh            text    NOT NULL,
    article_en            text    NOT NULL,
    interest_basis_points integer NOT NULL CHECK (interest_basis_points BETWEEN 0 AND 2400),
    interest_from         text    NOT NULL CHECK (interest_from IN ('received', 'bidding_ended')),
    default_order         text    NOT NULL CHECK (default_order <> ''),
    forfeits_to           text    NOT NULL CHECK (forfeits_to IN ('centre', 'seller', 'treasury', 'bidder')),
    seller_commission     text    NOT NULL CHECK (seller_commission ~ '^(|rate:[1-9][0-9]{0,2}|scale:court)$'),
    service_fee           text    NOT NULL CHECK (service_fee ~ '^(|rate:[1-9][0-9]{0,4}|scale:court)$'),
    buyer_commission      text    NOT NULL CHECK (buyer_commission ~ '^(|rate:[1-9][0-9]{0,2}|scale:court)$'),
    registered_by         bigint  NOT NULL,
    registered_at_us      bigint  NOT NULL
);

-- when bidding ended, which may be long before the sale was confirmed and settled
CREATE TABLE ledger.lot_end (
    lot_id              bigint PRIMARY KEY REFERENCES ledger.settlement (lot_id),
    bidding_ended_at_us bigint NOT NULL
);

-- when the contract was signed, where refunds wait for it
CREATE TABLE ledger.lot_contract (
    lot_id         bigint PRIMARY KEY,
    signed_at_us   bigint NOT NULL,
    recorded_by    bigint NOT NULL CHECK (recorded_by > 0),
    recorded_at_us bigint NOT NULL
);

-- what a sold lot's seller owes the centre; `booked` of it came out of the price in this step
CREATE TABLE ledger.lot_fee (
    lot_id       bigint  NOT NULL REFERENCES ledger.settlement (lot_id),
    kind         text    NOT NULL CHECK (kind IN ('seller_commission', 'service_fee')),
    step         integer NOT NULL CHECK (step > 0),
    due          bigint  NOT NULL CHECK (due > 0),
    booked       bigint  NOT NULL CHECK (booked >= 0 AND booked <= due),
    currency     char(3) NOT NULL,
    booked_by    bigint  NOT NULL CHECK (booked_by >= 0),
    booked_at_us bigint  NOT NULL,
    transfer_id  uuid    UNIQUE REFERENCES ledger.transfer (id),
    PRIMARY KEY (lot_id, kind, step),
    CONSTRAINT lot_fee_moves_money CHECK ((transfer_id IS NOT NULL) = (booked > 0))
);

-- an alarm goes off once for each deposit and level
CREATE TABLE ledger.refund_alert (
    alert_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lot_id       bigint NOT NULL,
    bidder_id    bigint NOT NULL,
    level        text   NOT NULL CHECK (level IN ('soon', 'overdue')),
    owed         bigint NOT NULL CHECK (owed > 0),
    currency     char(3) NOT NULL,
    due_at_us    bigint NOT NULL,
    raised_at_us bigint NOT NULL,
    UNIQUE (lot_id, bidder_id, level),
    FOREIGN KEY (lot_id, bidder_id) REFERENCES ledger.deposit (lot_id, bidder_id)
);

-- how a defaulter's deposit is to be divided, by the first person
CREATE TABLE ledger.default_proposal (
    lot_id         bigint  NOT NULL,
    bidder_id      bigint  NOT NULL,
    attempt        integer NOT NULL CHECK (attempt > 0),
    default_order  text    NOT NULL,
    forfeited      bigint  NOT NULL CHECK (forfeited > 0),
    currency       char(3) NOT NULL,
    claims         jsonb   NOT NULL,
    shares         jsonb   NOT NULL,
    proposed_by    bigint  NOT NULL CHECK (proposed_by > 0),
    proposed_at_us bigint  NOT NULL,
    PRIMARY KEY (lot_id, bidder_id, attempt),
    FOREIGN KEY (lot_id, bidder_id) REFERENCES ledger.deposit (lot_id, bidder_id)
);

-- what the second person said to it
CREATE TABLE ledger.default_decision (
    lot_id        bigint  NOT NULL,
    bidder_id     bigint  NOT NULL,
    attempt       integer NOT NULL,
    decision      text    NOT NULL CHECK (decision IN ('posted', 'declined')),
    reason        text    NOT NULL,
    decided_by    bigint  NOT NULL CHECK (decided_by > 0),
    decided_at_us bigint  NOT NULL,
    PRIMARY KEY (lot_id, bidder_id, attempt),
    FOREIGN KEY (lot_id, bidder_id, attempt) REFERENCES ledger.default_proposal (lot_id, bidder_id, attempt),
    CONSTRAINT default_decision_gives_reason CHECK (decision = 'posted' OR reason <> '')
);

-- a deposit is forfeited once
CREATE UNIQUE INDEX default_is_posted_once ON ledger.default_decision (lot_id, bidder_id) WHERE decision = 'posted';

CREATE FUNCTION ledger.guard_default_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.decision = 'posted' AND NEW.decided_by = (
        SELECT proposed_by FROM ledger.default_proposal proposal
        WHERE (proposal.lot_id, proposal.bidder_id, proposal.attempt) = (NEW.lot_id, NEW.bidder_id, NEW.attempt)
    ) THEN
        RAISE EXCEPTION 'the default of bidder % in lot % needs a second person', NEW.bidder_id, NEW.lot_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

-- one proposal after the other: the next only once the one before was declined
CREATE FUNCTION ledger.guard_default_proposal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text := (
        SELECT decision FROM ledger.default_decision decided
        WHERE (decided.lot_id, decided.bidder_id, decided.attempt)
            = (NEW.lot_id, NEW.bidder_id, NEW.attempt - 1)
    );
BEGIN
    IF NEW.attempt > 1 AND before IS DISTINCT FROM 'declined' THEN
        RAISE EXCEPTION 'the proposal before is not declined' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER two_persons BEFORE INSERT ON ledger.default_decision
    FOR EACH ROW EXECUTE FUNCTION ledger.guard_default_decision();
CREATE TRIGGER one_at_a_time BEFORE INSERT ON ledger.default_proposal
    FOR EACH ROW EXECUTE FUNCTION ledger.guard_default_proposal();

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.lot_rule
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.lot_end
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.lot_contract
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.lot_fee
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.refund_alert
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.default_proposal
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.default_decision
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

REVOKE UPDATE, DELETE, TRUNCATE ON ledger.lot_rule, ledger.lot_end, ledger.lot_contract, ledger.lot_fee,
    ledger.refund_alert, ledger.default_proposal, ledger.default_decision FROM PUBLIC;
