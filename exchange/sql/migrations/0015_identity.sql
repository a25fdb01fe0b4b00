-- Who a bidder is. Every declaration and every word of the centre on it stays; what holds now stands beside them.
-- Times are microseconds since the Unix epoch. Numbers are checked before they come here, and nothing here may fail over
-- one: what the server writes into its log of a failure would tell it.

CREATE TABLE exchange.identity (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account        bigint NOT NULL REFERENCES exchange.account,
    kind           text   NOT NULL,
    name           text   NOT NULL,
    document       text   NOT NULL,
    number         text   NOT NULL,
    telephone      text   NOT NULL,
    representative text   NOT NULL,
    agent          text   NOT NULL,
    region         text   NOT NULL,
    declared_by    bigint REFERENCES exchange.account,
    declared_at_us bigint NOT NULL
);
CREATE INDEX identity_account ON exchange.identity (account, id DESC);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange.identity
    FOR EACH STATEMENT EXECUTE FUNCTION exchange.refuse_change();

CREATE TABLE exchange.identity_review (
    id             bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    identity       bigint  NOT NULL REFERENCES exchange.identity,
    is_confirmed   boolean NOT NULL,
    reason         text    NOT NULL,
    reviewed_by    bigint  NOT NULL REFERENCES exchange.account,
    reviewed_at_us bigint  NOT NULL
);
CREATE INDEX identity_review_identity ON exchange.identity_review (identity, id DESC);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange.identity_review
    FOR EACH STATEMENT EXECUTE FUNCTION exchange.refuse_change();

-- Which declaration of an account holds. `stands_for` is a digest of document and number: two accounts never stand for
-- the same; null where another did already when this one was declared, or where the centre has returned it.
CREATE TABLE exchange.identity_standing (
    account    bigint PRIMARY KEY REFERENCES exchange.account,
    identity   bigint NOT NULL UNIQUE REFERENCES exchange.identity,
    state      text   NOT NULL CHECK (state IN ('declared', 'confirmed', 'returned')),
    stands_for bytea  UNIQUE
);
CREATE INDEX identity_standing_state ON exchange.identity_standing (state, identity);

-- Under which declaration somebody signed up: later ones change nothing of it.
ALTER TABLE exchange.sign_up ADD COLUMN identity bigint REFERENCES exchange.identity;

-- Who agreed to which terms of use; the text stands among the commitments, by its digest.
CREATE TABLE exchange.agreement (
    account      bigint NOT NULL REFERENCES exchange.account,
    commitment   bytea  NOT NULL REFERENCES exchange.commitment,
    agreed_at_us bigint NOT NULL,
    PRIMARY KEY (account, commitment)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange.agreement
    FOR EACH STATEMENT EXECUTE FUNCTION exchange.refuse_change();
