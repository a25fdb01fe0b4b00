// What is wrong in a bank's file, from the line in which the API says it: pure.
//
// Belongs here: taking such a line apart. Does not belong here: words (FileFaults.vue).

const COLUMNS = [
  "account", "currency", "bank_reference", "booked_at", "direction", "amount", "value_date", "counterparty_name",
  "counterparty_account", "counterparty_bank", "remittance", "end_to_end_id", "sub_account", "balance",
] as const;

/** Line, place in the document (element, member, column, or the line once more), code, what stands there. The last word repeats the difference. */
const FAULT = new RegExp(
  `^(?:line (\\d+) )?(?:([/$]\\S*|line \\d+|${COLUMNS.join("|")}) )?([a-z][a-z0-9_]*)(?: (.*?))?(?: difference -?\\d+)?$`,
);

export interface FileFault {
  line: string;
  column: `column_${(typeof COLUMNS)[number]}` | null;
  code: string;
  detail: string;
}

/** Take a fault apart; null for what is not one. */
export function fault(text: string): FileFault | null {
  const [, line = "", place = "", code, detail = ""] = FAULT.exec(text) ?? [];
  if (!code) return null;
  const column = COLUMNS.find((name) => name === place);
  return { line, column: column ? `column_${column}` : null, code, detail };
}
