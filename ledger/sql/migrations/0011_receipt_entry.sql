-- Who entered receipts by hand: written before the receipts are booked, so that whatever is booked has its person. An
-- entry that was refused afterwards, or repeated, stays as an attempt.
CREATE TABLE ledger.receipt_entry (
    entry         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    receipt_id    text   NOT NULL CHECK (receipt_id <> ''),
    entered_by    bigint NOT NULL CHECK (entered_by > 0),
    entered_at_us bigint NOT NULL
);
CREATE INDEX receipt_entry_of_receipt ON ledger.receipt_entry (receipt_id);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.receipt_entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

REVOKE UPDATE, DELETE, TRUNCATE ON ledger.receipt_entry FROM PUBLIC;
