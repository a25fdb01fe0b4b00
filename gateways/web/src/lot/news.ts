// The one thing about a lot that everybody in the room should notice now.

import { formatAmount, isMine, latestOf, type Room } from "../client";
import { measureOf, units } from "../room/measure";
import type { LotView } from "../schema";
import { say } from "../texts/language";
import { momentText, priceText, withQuantity } from "./standing";

const NEWS_LIFE_US = 20_000_000;

export interface News {
  kind: "good" | "bad" | "warn" | "calm";
  text: string;
}

/** The news of a room; null for none. */
export function newsOf(room: Room, nowUs: number | null): News | null {
  const { view } = room;
  if (view === null) return null;
  const money = (amount: number) => withQuantity(formatAmount(amount, view.currency), view);
  switch (view.state) {
    case "knocked_down":
      return { kind: isMine(room) ? "good" : "calm", text: say("banner_knocked_down", { paddle: view.winner, amount: money(view.hammer_price) }) };
    case "sold": {
      if (view.awards.length) return awarded(room, view);
      if (isMine(room)) return { kind: "good", text: say("banner_won", { amount: money(view.hammer_price) }) };
      return { kind: "calm", text: say("banner_sold", { amount: money(view.hammer_price), paddle: view.winner }) };
    }
    case "passed": {
      const reason = latestOf(room.records, "LotPassed")?.event.reason;
      return { kind: "calm", text: reason ? say("banner_passed", { reason: say(`passed_${reason}`) }) : say("state_passed") };
    }
    case "withdrawn":
      return { kind: "bad", text: withdrawnText(latestOf(room.records, "LotWithdrawn")?.event.reason) };
    case "frozen":
      return { kind: "bad", text: frozenText(view) };
    case "open":
      return running(room, view, nowUs);
    default:
      return null;
  }
}

function frozenText(view: LotView): string {
  const resumes = view.resumes_at_us ? say("resumes_at", { moment: momentText(view.resumes_at_us) }) : say("resumes_by_host");
  const cause = view.freeze_cause === "outage" ? say("banner_outage") : say("banner_frozen", { reason: view.freeze_reason });
  return `${cause} ${resumes}`;
}

/** Where one stands oneself is told together with a fair warning or an extension: nobody needs them more. */
function running(room: Room, view: LotView, nowUs: number | null): News | null {
  const warning = view.warnings > 0 ? warningText(view) : "";
  if (room.outbid) return { kind: "bad", text: [warning, outbidText(room)].filter(Boolean).join(" ") };
  if (warning) return { kind: "warn", text: warning };
  const leading = isMine(room) ? say("banner_leading") : "";
  const extension = latestOf(room.records, "LotExtended");
  if (extension && nowUs !== null && nowUs - extension.at_us < NEWS_LIFE_US) {
    const text = say("banner_extended", { n: extension.event.extension, moment: momentText(extension.event.ends_at_us, { isShort: true }) });
    return { kind: leading ? "good" : "warn", text: [leading, text].filter(Boolean).join(" ") };
  }
  return leading ? { kind: "good", text: leading } : null;
}

/** That one has been outbid, at what, and what would lead; empty where one has not. */
export function outbidText({ outbid, view }: Room): string {
  if (!outbid || !view) return "";
  const measure = measureOf(view);
  const price = measure.isMoney ? measure.text(outbid.price) : priceText(view);
  return outbid.asking ? say("banner_outbid", { price, asking: measure.text(outbid.asking) }) : say("banner_outbid_last", { price });
}

/** How many were given something, and what one has got oneself. */
function awarded({ you }: Room, view: LotView): News {
  const all = say("banner_awarded", { n: new Set(view.awards.map(({ paddle }) => paddle)).size });
  const own = view.awards.filter(({ paddle }) => paddle === you?.paddle);
  if (!own.length) return { kind: "calm", text: all };
  const unit = view.detail?.kind === "supply" ? view.detail.unit : "";
  const parts = own.map(({ item, quantity, amount }) => say("award_part", {
    what: item ? say("award_item", { item }) : units(unit).text(quantity), amount: formatAmount(amount, view.currency),
  }));
  return { kind: "good", text: `${all} ${say("banner_award_mine", { parts: parts.join("；") })}` };
}

function warningText(view: LotView): string {
  const isCounted = view.warnings <= view.fair_warnings_min;
  return isCounted ? say("banner_warning_of", { number: view.warnings, of: view.fair_warnings_min }) : say("banner_warning", { n: view.warnings });
}

/** Why it was withdrawn; records of long ago lie in an archive, and the notice beside says it. */
function withdrawnText(reason: string | undefined): string {
  return reason ? say("banner_withdrawn", { reason }) : say("state_withdrawn");
}
