-- What reversals mean for suspense: an assignment that was reversed leaves its receipt open again; a receipt whose own
-- posting was reversed is no longer there; and neither takes money that has gone on.

-- receipts in suspense whose money is not there any more, by an act that stands or because they were reversed
CREATE VIEW ledger.suspense_worked_off AS
SELECT act.receipt_id FROM ledger.suspense_act act
WHERE act.act <> 'returned' AND NOT EXISTS (
    SELECT FROM ledger.reversal_decision undone WHERE undone.transfer_id = act.transfer_id AND undone.is_confirmed
)
UNION ALL
SELECT receipt.receipt_id FROM ledger.receipt
JOIN ledger.reversal_decision undone ON undone.transfer_id = receipt.transfer_id AND undone.is_confirmed
WHERE receipt.status = 'suspense';

DROP INDEX ledger.suspense_ends_once;

CREATE OR REPLACE FUNCTION ledger.guard_suspense_act() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM ledger.receipt WHERE receipt.receipt_id = NEW.receipt_id AND receipt.status = 'suspense'
    ) THEN
        RAISE EXCEPTION 'receipt % is not in suspense', NEW.receipt_id USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.step <> 1 + (SELECT count(*) FROM ledger.suspense_act act WHERE act.receipt_id = NEW.receipt_id)
        OR EXISTS (SELECT FROM ledger.suspense_worked_off gone WHERE gone.receipt_id = NEW.receipt_id)
    THEN
        RAISE EXCEPTION 'receipt % has been worked off', NEW.receipt_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

-- suspense is one account for all receipts, so its balance alone does not tell whose money is still there
CREATE FUNCTION ledger.guard_suspense_reversal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM ledger.receipt
        WHERE receipt.transfer_id = NEW.transfer_id AND receipt.status = 'suspense' AND (
            EXISTS (SELECT FROM ledger.suspense_worked_off gone WHERE gone.receipt_id = receipt.receipt_id)
            OR EXISTS (
                SELECT FROM ledger.payout_state
                WHERE cause = 'receipt:' || receipt.receipt_id
                    AND state NOT IN ('declined', 'cancelled', 'rejected', 'returned')
            )
            OR EXISTS (
                SELECT FROM ledger.payout_event
                WHERE source = 'receipt:' || receipt.receipt_id AND state = 'returned'
            )
        )
    ) OR EXISTS (
        SELECT FROM ledger.transfer WHERE transfer.id = NEW.transfer_id AND transfer.purpose = 'suspense_split'
    ) THEN
        RAISE EXCEPTION 'the money of posting % has gone on from suspense', NEW.transfer_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guarded_suspense BEFORE INSERT ON ledger.reversal_decision
    FOR EACH ROW WHEN (NEW.is_confirmed) EXECUTE FUNCTION ledger.guard_suspense_reversal();
