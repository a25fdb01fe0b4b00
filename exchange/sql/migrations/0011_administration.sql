-- Who the centre is, who may do what and since when, and who did what. Of all three the past stays as it was.
-- Times are microseconds since the Unix epoch.

CREATE TABLE exchange.centre_version (
    version       bigint PRIMARY KEY CHECK (version > 0),
    card          json   NOT NULL,
    changed_by    bigint NOT NULL REFERENCES exchange.account,
    changed_at_us bigint NOT NULL,
    reason        text   NOT NULL
);
CREATE TRIGGER centre_version_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange.centre_version
    FOR EACH STATEMENT EXECUTE FUNCTION exchange.refuse_change();

-- Somebody else knows the password: its owner may do nothing before it is another one.
ALTER TABLE exchange.account
    ADD COLUMN must_change_password boolean NOT NULL DEFAULT false;

-- By number people speak of a sign-in, by address and program they recognise it.
ALTER TABLE exchange.session
    ADD COLUMN id      bigint GENERATED ALWAYS AS IDENTITY,
    ADD COLUMN address text   NOT NULL DEFAULT '',
    ADD COLUMN program text   NOT NULL DEFAULT '';

CREATE TABLE exchange.account_change (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account       bigint NOT NULL REFERENCES exchange.account,
    kind          text   NOT NULL CHECK (kind IN ('roles', 'let_in', 'kept_out', 'password_reset')),
    roles_before  text[] NOT NULL,
    roles_after   text[] NOT NULL,
    changed_by    bigint NOT NULL REFERENCES exchange.account,
    changed_at_us bigint NOT NULL,
    reason        text   NOT NULL
);
CREATE INDEX account_change_account ON exchange.account_change (account, id DESC);
CREATE TRIGGER account_change_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange.account_change
    FOR EACH STATEMENT EXECUTE FUNCTION exchange.refuse_change();

-- Who did what. `body` is the whole entry as JSON, the other columns are what it is looked up by. `link` is the
-- SHA-256 of the link before it and of the body, so a row that is missing or another one shows in all that follow.
CREATE TABLE exchange.audit (
    position  bigint PRIMARY KEY,
    at_us     bigint NOT NULL,
    account   bigint,
    operation text   NOT NULL,
    lot       bigint,
    body      bytea  NOT NULL,
    link      bytea  NOT NULL
);
CREATE INDEX audit_account ON exchange.audit (account, position) WHERE account IS NOT NULL;
CREATE INDEX audit_operation ON exchange.audit (operation, position);
CREATE INDEX audit_lot ON exchange.audit (lot, position) WHERE lot IS NOT NULL;
CREATE INDEX audit_time ON exchange.audit (at_us);

-- The end of the chain: without it nobody would miss the last rows. Writers stand in line for it.
CREATE TABLE exchange.audit_head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    position bigint  NOT NULL DEFAULT 0,
    link     bytea   NOT NULL DEFAULT ''
) WITH (fillfactor = 10);
INSERT INTO exchange.audit_head DEFAULT VALUES;

CREATE FUNCTION exchange.chain_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE exchange.audit_head AS head
       SET position = head.position + 1, link = sha256(head.link || NEW.body)
    RETURNING head.position, head.link INTO NEW.position, NEW.link;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_is_chained BEFORE INSERT ON exchange.audit
    FOR EACH ROW EXECUTE FUNCTION exchange.chain_audit();
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange.audit
    FOR EACH STATEMENT EXECUTE FUNCTION exchange.refuse_change();
