-- What accompanies the postings of deposits. All of these rows are facts too: written once, never changed.

CREATE TABLE ledger.deposit (
    lot_id         bigint  NOT NULL,
    bidder_id      bigint  NOT NULL,
    reference      text    NOT NULL UNIQUE CHECK (reference ~ '^[0-9]{16}$'),
    required       bigint  NOT NULL CHECK (required >= 0),
    currency       char(3) NOT NULL,
    payer_name     text    NOT NULL,
    account        text    COLLATE "C" NOT NULL UNIQUE,
    refund_account text    COLLATE "C" NOT NULL UNIQUE,
    price_account  text    COLLATE "C" NOT NULL,
    hold_id        uuid    NOT NULL UNIQUE,
    opened_at_us   bigint  NOT NULL,
    PRIMARY KEY (lot_id, bidder_id),
    FOREIGN KEY (account, currency) REFERENCES ledger.account (code, currency),
    FOREIGN KEY (refund_account, currency) REFERENCES ledger.account (code, currency),
    FOREIGN KEY (price_account, currency) REFERENCES ledger.account (code, currency)
);

CREATE INDEX deposit_of_bidder ON ledger.deposit (bidder_id, lot_id);

CREATE TABLE ledger.receipt (
    receipt_id     text    PRIMARY KEY,
    booked         bigint  GENERATED ALWAYS AS IDENTITY,
    reference      text    NOT NULL,
    amount         bigint  NOT NULL CHECK (amount > 0),
    currency       char(3) NOT NULL,
    payer_name     text    NOT NULL,
    received_at_us bigint  NOT NULL,
    status         text    NOT NULL CHECK (status IN ('credited', 'suspense')),
    reason         text,
    lot_id         bigint,
    bidder_id      bigint,
    transfer_id    uuid    NOT NULL UNIQUE REFERENCES ledger.transfer (id),
    CONSTRAINT receipt_gives_reason CHECK ((status = 'suspense') = (reason IS NOT NULL)),
    CONSTRAINT receipt_names_deposit CHECK (status = 'suspense' OR (lot_id IS NOT NULL AND bidder_id IS NOT NULL))
);

CREATE INDEX receipt_in_order ON ledger.receipt (booked);
CREATE INDEX receipt_of_deposit ON ledger.receipt (lot_id, bidder_id) WHERE status = 'credited';

CREATE TABLE ledger.settlement (
    lot_id           bigint  PRIMARY KEY,
    source_sequence  bigint  NOT NULL,
    winner_bidder_id bigint,
    price            bigint  NOT NULL CHECK (price >= 0),
    currency         char(3) NOT NULL,
    settled_at_us    bigint  NOT NULL
);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.deposit
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.receipt
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.settlement
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

REVOKE UPDATE, DELETE, TRUNCATE ON ledger.deposit, ledger.receipt, ledger.settlement FROM PUBLIC;
