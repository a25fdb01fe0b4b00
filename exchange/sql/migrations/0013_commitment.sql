-- What bidders committed themselves to when they signed up: each text once, and in each sign-up which one it was and when.
CREATE TABLE exchange.commitment (
    sha256  bytea PRIMARY KEY,
    text_zh text  NOT NULL,
    text_en text  NOT NULL,
    CONSTRAINT commitment_has_its_digest CHECK (
        sha256 = sha256(convert_to(text_zh || E'\n\n' || text_en || E'\n', 'UTF8'))
    )
);

ALTER TABLE exchange.sign_up
    ADD COLUMN commitment bytea REFERENCES exchange.commitment,
    ADD COLUMN committed_at_us bigint,
    ADD CONSTRAINT sign_up_commits_at_a_time CHECK ((commitment IS NULL) = (committed_at_us IS NULL));

CREATE TRIGGER commitment_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange.commitment
    FOR EACH STATEMENT EXECUTE FUNCTION exchange.refuse_change();
