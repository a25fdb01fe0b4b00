-- What was asked for once is done once, and no act is without its entry.
-- Times are microseconds since the Unix epoch.

-- The answer to a change that its caller gave an id: asked again with the same id, it is given again. `answer` is null
-- where it could be read only once, such as a password. The id is kept as its SHA-256, and the request as its HMAC
-- under the id: nobody can guess from it what a request held.
CREATE TABLE exchange.kept_answer (
    account        bigint   NOT NULL REFERENCES exchange.account,
    command_sha256 bytea    NOT NULL,
    request_hmac   bytea    NOT NULL,
    status         smallint NOT NULL,
    answer         bytea,
    answered_at_us bigint   NOT NULL,
    PRIMARY KEY (account, command_sha256)
);
CREATE INDEX kept_answer_time ON exchange.kept_answer (answered_at_us);

-- An act in books of their own, as the ledger's and the engine's, is on record before it is done; once its outcome is
-- on record as well it is no longer open.
ALTER TABLE exchange.audit ADD COLUMN is_begun boolean NOT NULL DEFAULT false;
CREATE TABLE exchange.audit_open (
    position bigint PRIMARY KEY
);
