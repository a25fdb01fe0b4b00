-- Where a lot is and how to see it; what the centre has published; photos and documents of lots.
-- Times are microseconds since the Unix epoch, latitude and longitude millionths of a degree (WGS-84).

ALTER TABLE exchange.lot
    ADD COLUMN latitude_e6   integer CHECK (latitude_e6 BETWEEN -90000000 AND 90000000),
    ADD COLUMN longitude_e6  integer CHECK (longitude_e6 BETWEEN -180000000 AND 180000000),
    ADD COLUMN address_zh    text NOT NULL DEFAULT '',
    ADD COLUMN address_en    text NOT NULL DEFAULT '',
    ADD COLUMN inspection_zh text NOT NULL DEFAULT '',
    ADD COLUMN inspection_en text NOT NULL DEFAULT '',
    ADD COLUMN contact_zh    text NOT NULL DEFAULT '',
    ADD COLUMN contact_en    text NOT NULL DEFAULT '',
    ADD CONSTRAINT lot_place_is_whole CHECK ((latitude_e6 IS NULL) = (longitude_e6 IS NULL));

-- A notice never changes: what was wrong in one is put right by another that names it. `of_record` is the sequence of
-- the lot's record that a notice tells of, so that telling it again changes nothing; null for one that staff wrote.
CREATE TABLE exchange.notice (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lot             bigint REFERENCES exchange.lot,
    kind            text   NOT NULL CHECK (kind IN ('announcement', 'clarification', 'change', 'suspension',
                                                    'resumption', 'termination', 'result', 'centre')),
    of_record       bigint CHECK (of_record > 0),
    corrects        bigint REFERENCES exchange.notice,
    title_zh        text   NOT NULL,
    title_en        text   NOT NULL,
    body_zh         text   NOT NULL,
    body_en         text   NOT NULL,
    published_by    bigint NOT NULL,
    published_at_us bigint NOT NULL,
    CONSTRAINT notice_of_a_lot_or_of_the_centre CHECK ((kind = 'centre') = (lot IS NULL)),
    CONSTRAINT notice_told_once UNIQUE (lot, kind, of_record)
);
CREATE INDEX notice_lot ON exchange.notice (lot, id);
CREATE INDEX notice_kind ON exchange.notice (kind, id DESC);
CREATE TRIGGER notice_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange.notice
    FOR EACH STATEMENT EXECUTE FUNCTION exchange.refuse_change();

INSERT INTO exchange.notice (
    lot, kind, of_record, title_zh, title_en, body_zh, body_en, published_by, published_at_us
)
SELECT id, 'announcement', 1, '公告：' || title_zh, 'Notice of sale: ' || title_en, description_zh, description_en,
       published_by, published_at_us
  FROM exchange.lot ORDER BY id;

-- Contents stand here once, whatever number of files they are of. They are compressed already, and read in slices.
CREATE TABLE exchange.file_content (
    sha256  bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),
    content bytea NOT NULL
);
ALTER TABLE exchange.file_content ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE TRIGGER file_content_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange.file_content
    FOR EACH STATEMENT EXECUTE FUNCTION exchange.refuse_change();

CREATE TABLE exchange.lot_file (
    id              bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lot             bigint  NOT NULL REFERENCES exchange.lot,
    kind            text    NOT NULL CHECK (kind IN ('photo', 'document')),
    name            text    NOT NULL,
    media_type      text    NOT NULL,
    size            bigint  NOT NULL CHECK (size > 0),
    sha256          bytea   NOT NULL REFERENCES exchange.file_content,
    thumbnail       bytea   REFERENCES exchange.file_content,
    width           integer NOT NULL DEFAULT 0,
    height          integer NOT NULL DEFAULT 0,
    caption_zh      text    NOT NULL,
    caption_en      text    NOT NULL,
    uploaded_by     bigint  NOT NULL,
    uploaded_at_us  bigint  NOT NULL,
    removed_at_us   bigint,
    removed_by      bigint,
    removed_reason  text    NOT NULL DEFAULT '',
    CHECK ((removed_at_us IS NULL) = (removed_by IS NULL) AND (removed_at_us IS NULL) = (removed_reason = ''))
);
CREATE INDEX lot_file_lot ON exchange.lot_file (lot, id);
CREATE UNIQUE INDEX lot_file_once ON exchange.lot_file (lot, sha256) WHERE removed_at_us IS NULL;

-- A file can be taken out of sight, once and with a reason; nothing else of it changes.
CREATE FUNCTION exchange.only_take_out_of_sight() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.removed_at_us IS NOT NULL
       OR (to_jsonb(OLD) - '{removed_at_us,removed_by,removed_reason}'::text[])
          <> (to_jsonb(NEW) - '{removed_at_us,removed_by,removed_reason}'::text[]) THEN
        RAISE EXCEPTION 'file % is on record as it is', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER lot_file_stays_as_it_is BEFORE UPDATE ON exchange.lot_file
    FOR EACH ROW EXECUTE FUNCTION exchange.only_take_out_of_sight();
CREATE TRIGGER lot_file_is_kept BEFORE DELETE OR TRUNCATE ON exchange.lot_file
    FOR EACH STATEMENT EXECUTE FUNCTION exchange.refuse_change();
