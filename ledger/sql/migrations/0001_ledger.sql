-- Accounts, transfers and their entries. The rows of transfer, entry and refused_transfer are facts and stay
-- as they were written; account and head carry the running totals that those facts add up to.

CREATE SCHEMA IF NOT EXISTS ledger;

CREATE TABLE ledger.account (
    code            text     COLLATE "C" PRIMARY KEY,
    currency        char(3)  NOT NULL,
    flags           smallint NOT NULL,
    is_closed       boolean  NOT NULL DEFAULT false,
    debits_pending  bigint   NOT NULL DEFAULT 0 CHECK (debits_pending >= 0),
    debits_posted   bigint   NOT NULL DEFAULT 0 CHECK (debits_posted >= 0),
    credits_pending bigint   NOT NULL DEFAULT 0 CHECK (credits_pending >= 0),
    credits_posted  bigint   NOT NULL DEFAULT 0 CHECK (credits_posted >= 0),
    version         bigint   NOT NULL DEFAULT 0 CHECK (version >= 0),
    UNIQUE (code, currency),
    CONSTRAINT account_code_is_spelled CHECK (
        code ~ '^(assets|liabilities|equity|income|expenses)(:[a-z0-9][a-z0-9-]*)+$' AND length(code) <= 120
    ),
    CONSTRAINT account_flags_exclude_each_other CHECK (flags IN (0, 1, 2)),
    -- numeric, so that the sum of two bigints near the maximum fails the promise and not the arithmetic
    CONSTRAINT debits_must_not_exceed_credits CHECK (
        flags & 1 = 0 OR debits_pending::numeric + debits_posted <= credits_posted
    ),
    CONSTRAINT credits_must_not_exceed_debits CHECK (
        flags & 2 = 0 OR credits_pending::numeric + credits_posted <= debits_posted
    )
) WITH (fillfactor = 70);

CREATE TABLE ledger.transfer (
    sequence       bigint   PRIMARY KEY CHECK (sequence > 0),
    id             uuid     NOT NULL UNIQUE,
    kind           text     NOT NULL CHECK (kind IN ('posted', 'pending', 'post', 'void')),
    debit          text     COLLATE "C" NOT NULL,
    credit         text     COLLATE "C" NOT NULL,
    amount         bigint   NOT NULL CHECK (amount >= 0),
    currency       char(3)  NOT NULL,
    purpose        text     NOT NULL,
    pending_id     uuid     REFERENCES ledger.transfer (id),
    flags          smallint NOT NULL CHECK (flags BETWEEN 0 AND 31),
    event_at_us    bigint   NOT NULL,
    reference      text     NOT NULL,
    memo           text     NOT NULL,
    recorded_at_us bigint   NOT NULL,
    hash           bytea    NOT NULL CHECK (octet_length(hash) = 32),
    CONSTRAINT transfer_accounts_are_different CHECK (debit <> credit),
    CONSTRAINT transfer_ends_pending CHECK ((kind IN ('post', 'void')) = (pending_id IS NOT NULL)),
    -- both accounts have the transfer's currency
    FOREIGN KEY (debit, currency) REFERENCES ledger.account (code, currency),
    FOREIGN KEY (credit, currency) REFERENCES ledger.account (code, currency)
);

-- a pending transfer ends once, whoever tries; also finds the end of a hold
CREATE UNIQUE INDEX transfer_ends_once ON ledger.transfer (pending_id) WHERE pending_id IS NOT NULL;

CREATE TABLE ledger.entry (
    account         text    COLLATE "C" NOT NULL,
    account_version bigint  NOT NULL CHECK (account_version > 0),
    sequence        bigint  NOT NULL REFERENCES ledger.transfer (sequence),
    side            text    NOT NULL CHECK (side IN ('debit', 'credit')),
    currency        char(3) NOT NULL,
    pending_change  bigint  NOT NULL,
    posted_change   bigint  NOT NULL CHECK (posted_change >= 0),
    debits_pending  bigint  NOT NULL CHECK (debits_pending >= 0),
    debits_posted   bigint  NOT NULL CHECK (debits_posted >= 0),
    credits_pending bigint  NOT NULL CHECK (credits_pending >= 0),
    credits_posted  bigint  NOT NULL CHECK (credits_posted >= 0),
    recorded_at_us  bigint  NOT NULL,
    -- the history of one account, in order and without two rows for one version
    PRIMARY KEY (account, account_version),
    FOREIGN KEY (account, currency) REFERENCES ledger.account (code, currency)
);

-- the two legs of each posting, for reading in order of posting; `side` is debit first when descending
CREATE UNIQUE INDEX entry_of_transfer ON ledger.entry (sequence, side DESC);

-- ids whose transfer was refused for a passing reason: they stay failed
CREATE TABLE ledger.refused_transfer (
    id             uuid     PRIMARY KEY,
    refusal        smallint NOT NULL,
    refused_at_us  bigint   NOT NULL
);

-- the one row that every writer locks first: it orders the writers and carries the end of the chain
CREATE TABLE ledger.head (
    is_only        boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    sequence       bigint  NOT NULL,
    hash           bytea   NOT NULL CHECK (octet_length(hash) = 32),
    recorded_at_us bigint  NOT NULL
);

INSERT INTO ledger.head (sequence, hash, recorded_at_us) VALUES (0, decode(repeat('00', 32), 'hex'), 0);

CREATE TABLE ledger.cursor (
    name     text   PRIMARY KEY,
    position bigint NOT NULL CHECK (position >= 0)
);

CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on %.% refused: the ledger only appends', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

CREATE FUNCTION ledger.guard_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.code <> OLD.code OR NEW.currency <> OLD.currency OR NEW.flags <> OLD.flags THEN
        RAISE EXCEPTION 'account % keeps its code, currency and flags', OLD.code
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.version <= OLD.version OR NEW.debits_posted < OLD.debits_posted
        OR NEW.credits_posted < OLD.credits_posted THEN
        RAISE EXCEPTION 'account % only moves forward', OLD.code USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION ledger.guard_head() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sequence <= OLD.sequence OR NEW.recorded_at_us < OLD.recorded_at_us THEN
        RAISE EXCEPTION 'the chain only grows' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.transfer
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.refused_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON ledger.account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON ledger.head
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER moves_forward BEFORE UPDATE ON ledger.account
    FOR EACH ROW EXECUTE FUNCTION ledger.guard_account();
CREATE TRIGGER grows BEFORE UPDATE ON ledger.head
    FOR EACH ROW EXECUTE FUNCTION ledger.guard_head();

-- a role that is not the owner may not even try
REVOKE UPDATE, DELETE, TRUNCATE ON ledger.transfer, ledger.entry, ledger.refused_transfer FROM PUBLIC;
