-- The procedure: people, the catalogue, sign-ups. Times are microseconds since the Unix epoch, amounts minor units.

CREATE TABLE exchange.account (
    id            bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login         text    NOT NULL CONSTRAINT account_login_unique UNIQUE CHECK (login = lower(login)),
    name          text    NOT NULL,
    roles         text[]  NOT NULL,
    password_hash text,
    is_demo       boolean NOT NULL,
    is_active     boolean NOT NULL DEFAULT true,
    created_at_us bigint  NOT NULL
);

-- Of a token only the SHA-256 is kept: who reads this table cannot sign in with it.
CREATE TABLE exchange.session (
    token_sha256  bytea  PRIMARY KEY,
    account       bigint NOT NULL REFERENCES exchange.account,
    created_at_us bigint NOT NULL,
    expires_at_us bigint NOT NULL
);
CREATE INDEX session_account ON exchange.session (account, created_at_us);
CREATE INDEX session_expiry ON exchange.session (expires_at_us);

CREATE TABLE exchange.api_token (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_sha256  bytea  NOT NULL CONSTRAINT api_token_sha256_unique UNIQUE,
    account       bigint NOT NULL REFERENCES exchange.account,
    label         text   NOT NULL,
    created_at_us bigint NOT NULL
);
CREATE INDEX api_token_account ON exchange.api_token (account, id);

-- A lot as a person reads it. `terms` holds the reserve as well, so this row never leaves the exchange as it is.
-- `outcome` and `final_view` are written once, when settlement meets the lot's last record.
CREATE TABLE exchange.lot (
    id              bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code            text    NOT NULL CONSTRAINT lot_code_unique UNIQUE,
    category        text    NOT NULL,
    region          text    NOT NULL,
    title_zh        text    NOT NULL,
    title_en        text    NOT NULL,
    description_zh  text    NOT NULL,
    description_en  text    NOT NULL,
    seller_zh       text    NOT NULL,
    seller_en       text    NOT NULL,
    terms           jsonb   NOT NULL,
    deposit         bigint  NOT NULL CHECK (deposit >= 0),
    currency        text    NOT NULL,
    is_demo         boolean NOT NULL,
    published_by    bigint  NOT NULL,
    published_at_us bigint  NOT NULL,
    is_announced    boolean NOT NULL DEFAULT false,
    outcome         text    CHECK (outcome IN ('sold', 'passed', 'withdrawn')),
    closed_at_us    bigint,
    final_view      json,
    CHECK ((outcome IS NULL) = (closed_at_us IS NULL) AND (outcome IS NULL) = (final_view IS NULL))
);
CREATE INDEX lot_under_way ON exchange.lot (id) WHERE outcome IS NULL;
CREATE INDEX lot_closed ON exchange.lot (closed_at_us DESC, id DESC) WHERE outcome IS NOT NULL;
CREATE INDEX lot_not_announced ON exchange.lot (id) WHERE NOT is_announced;

CREATE TABLE exchange.sign_up (
    lot           bigint NOT NULL REFERENCES exchange.lot,
    account       bigint NOT NULL REFERENCES exchange.account,
    reference     text   NOT NULL DEFAULT '',
    state         text   NOT NULL CHECK (state IN ('awaiting_deposit', 'admission_pending', 'admitted', 'not_admitted')),
    paddle        bigint NOT NULL DEFAULT 0,
    created_at_us bigint NOT NULL,
    PRIMARY KEY (lot, account)
);
CREATE INDEX sign_up_account ON exchange.sign_up (account, created_at_us DESC);
CREATE INDEX sign_up_pending ON exchange.sign_up (lot) WHERE state = 'admission_pending';
CREATE UNIQUE INDEX sign_up_reference_unique ON exchange.sign_up (reference) WHERE reference <> '';
