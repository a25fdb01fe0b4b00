-- What a bidder is told of his own money is looked for by him, and not by lot.
CREATE INDEX receipt_of_bidder ON ledger.receipt (bidder_id, booked) WHERE bidder_id IS NOT NULL;
CREATE INDEX payout_of_bidder ON ledger.payout (bidder_id, payout_id) WHERE bidder_id IS NOT NULL;
