-- Which account takes deposits: whoever changes it decides where every bidder pays, so it takes two persons. The first
-- account of a currency takes its deposits as soon as it is entered; nobody was told another one before.

CREATE TABLE ledger.deposit_account_proposal (
    proposal_id    bigint  PRIMARY KEY CHECK (proposal_id > 0),
    currency       char(3) NOT NULL,
    slug           text    COLLATE "C" NOT NULL REFERENCES ledger.bank_account (slug),
    reason         text    NOT NULL CHECK (reason <> ''),
    proposed_by    bigint  NOT NULL CHECK (proposed_by > 0),
    proposed_at_us bigint  NOT NULL
);
CREATE INDEX deposit_account_of_currency ON ledger.deposit_account_proposal (currency, proposal_id);

CREATE TABLE ledger.deposit_account_decision (
    proposal_id   bigint  PRIMARY KEY REFERENCES ledger.deposit_account_proposal (proposal_id),
    is_confirmed  boolean NOT NULL,
    reason        text    NOT NULL,
    decided_by    bigint  NOT NULL CHECK (decided_by > 0),
    decided_at_us bigint  NOT NULL,
    CONSTRAINT change_declined_with_reason CHECK (is_confirmed OR reason <> '')
);

-- Until now the main account entered last took deposits, without a second person: where that was not the first account
-- of its currency, it stays the answer, on record as what it was.
WITH present AS (
    SELECT DISTINCT ON (currency) * FROM ledger.bank_account
    ORDER BY currency, account = 'assets:bank:' || lower(currency) DESC,
        CASE WHEN account = 'assets:bank:' || lower(currency) THEN -opened_at_us ELSE opened_at_us END, slug
), first_entered AS (
    SELECT DISTINCT ON (currency) currency, slug FROM ledger.bank_account ORDER BY currency, opened_at_us, slug
), changed AS (
    INSERT INTO ledger.deposit_account_proposal
    SELECT row_number() OVER (ORDER BY present.opened_at_us, present.slug), present.currency, present.slug,
        'entered as the main account before two persons were asked', greatest(present.opened_by, 1),
        present.opened_at_us
    FROM present JOIN first_entered USING (currency) WHERE present.slug <> first_entered.slug
    RETURNING *
)
INSERT INTO ledger.deposit_account_decision
SELECT proposal_id, true, reason, proposed_by, proposed_at_us FROM changed;

CREATE FUNCTION ledger.guard_deposit_account_proposal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM ledger.bank_account account WHERE account.slug = NEW.slug AND account.currency = NEW.currency
    ) OR EXISTS (
        SELECT FROM ledger.deposit_account_proposal other LEFT JOIN ledger.deposit_account_decision decision USING (proposal_id)
        WHERE other.currency = NEW.currency AND decision.proposal_id IS NULL
    ) THEN
        RAISE EXCEPTION 'account % is none of currency %, or another change waits', NEW.slug, NEW.currency
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guarded BEFORE INSERT ON ledger.deposit_account_proposal
    FOR EACH ROW EXECUTE FUNCTION ledger.guard_deposit_account_proposal();

CREATE FUNCTION ledger.guard_deposit_account_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.is_confirmed AND NEW.decided_by = (
        SELECT proposed_by FROM ledger.deposit_account_proposal proposal WHERE proposal.proposal_id = NEW.proposal_id
    ) THEN
        RAISE EXCEPTION 'where deposits are paid to is decided by two persons' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guarded BEFORE INSERT ON ledger.deposit_account_decision
    FOR EACH ROW EXECUTE FUNCTION ledger.guard_deposit_account_decision();

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.deposit_account_proposal
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.deposit_account_decision
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON ledger.deposit_account_proposal, ledger.deposit_account_decision FROM PUBLIC;
