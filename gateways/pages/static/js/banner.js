// The one thing about a lot that everybody in the room should notice now.

import { formatAmount } from "./money.js";
import { say } from "./language.js";
import { isMine, latestOf } from "./reducer.js";
import { momentText } from "./standing.js";

const NEWS_LIFE_US = 20_000_000;

/** The banner of a room: `{kind, text}` with kind good, bad, warn or calm; null for none. */
export function banner(room, nowUs) {
  const { view } = room;
  switch (view.state) {
    case "knocked_down": return { kind: isMine(room) ? "good" : "calm", text: say("banner_knocked_down", { paddle: view.winner, amount: formatAmount(view.hammer_price, view.currency) }) };
    case "sold": return view.awards?.length ? { kind: "calm", text: say("banner_awarded", { n: view.awards.length }) } : sold(room);
    case "passed": return { kind: "calm", text: say("banner_passed", { reason: passReason(room) }) };
    case "withdrawn": return { kind: "bad", text: say("banner_withdrawn", { reason: latestOf(room.records, "LotWithdrawn")?.event.reason ?? "" }) };
    case "frozen": return { kind: "bad", text: frozen(view) };
    case "open": return running(room, nowUs);
    default: return null;
  }
}

function sold(room) {
  const amount = formatAmount(room.view.hammer_price, room.view.currency);
  if (isMine(room)) return { kind: "good", text: say("banner_won", { amount }) };
  return { kind: "calm", text: say("banner_sold", { amount, paddle: room.view.winner }) };
}

function passReason(room) {
  const reason = latestOf(room.records, "LotPassed")?.event.reason;
  return reason ? say(`passed_${reason}`) : "";
}

function frozen(view) {
  const resumes = view.resumes_at_us
    ? say("resumes_at", { moment: momentText(view.resumes_at_us) })
    : say("resumes_by_host");
  const cause = view.freeze_cause === "outage" ? say("banner_outage") : say("banner_frozen", { reason: view.freeze_reason });
  return `${cause} ${resumes}`;
}

function warned(view) {
  const isCounted = view.warnings <= view.fair_warnings_min;
  return isCounted ? say("banner_warning_of", { number: view.warnings, of: view.fair_warnings_min }) : say("banner_warning", { n: view.warnings });
}

function running(room, nowUs) {
  const { view, outbid } = room;
  if (outbid) {
    return { kind: "bad", text: say("banner_outbid", { price: formatAmount(outbid.price, view.currency), asking: formatAmount(outbid.asking, view.currency) }) };
  }
  if (view.warnings > 0) return { kind: "warn", text: warned(view) };
  const extension = latestOf(room.records, "LotExtended");
  if (extension && nowUs !== null && nowUs - extension.at_us < NEWS_LIFE_US) {
    return { kind: "warn", text: say("banner_extended", { n: extension.event.extension, moment: momentText(extension.event.ends_at_us, { isShort: true }) }) };
  }
  if (isMine(room)) return { kind: "good", text: say("banner_leading") };
  return null;
}
