// The rules in force for a lot: the rulebook it was published under, and what that asks for, with article and sureness.

import { ApiError, get, sentence } from "./api.js";
import { byId, element, fill, setText } from "./elements.js";
import { formatAmount } from "./money.js";
import { onLanguage, pick, say } from "./language.js";
import { momentText } from "./standing.js";

/** The foldable section of a lot's rulebook; the rulebook itself is fetched when somebody opens it. */
export class RulebookPanel {
  constructor(lot) {
    this.lot = lot;
    this.explained = null;
    this.error = null;
    byId("rulebook").addEventListener("toggle", () => this.load());
    onLanguage(() => this.draw());
    this.draw();
  }

  async load() {
    const { rulebook } = this.lot.rules;
    if (!rulebook || this.explained || !byId("rulebook").open) return;
    try {
      this.explained = await get(`/rulebooks/${encodeURIComponent(rulebook)}`);
      this.error = null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.error = error;
    }
    this.draw();
  }

  draw() {
    const { rules } = this.lot;
    const title = rules.rulebook_title ? pick(rules.rulebook_title) : rules.rulebook;
    setText(byId("rulebook-title"), rules.rulebook ? say("rules_of", { title }) : say("rules_own"));
    fill(byId("rulebook-facts"), this.facts().map(([label, text]) => row(say(label), text)));
    fill(byId("rulebook-limits"), this.limits());
  }

  facts() {
    const { rules, currency } = this.lot;
    return [
      ["rulebook_name", rules.rulebook],
      ["valuation", rules.valuation ? formatAmount(rules.valuation, currency) : ""],
      ["commission", rules.commission ? `${rules.commission / 100} %` : ""],
      ["notice_published", rules.notice_at_us ? momentText(rules.notice_at_us) : ""],
      ["relisted_from", rules.relisted_from ? element("a", { href: `/lots/${rules.relisted_from}` }, say("lot_number", { lot: rules.relisted_from })) : ""],
    ].filter(([, text]) => text);
  }

  limits() {
    const { rules, category } = this.lot;
    if (!rules.rulebook) return [element("p", { class: "quiet" }, say("rules_own_text"))];
    if (this.error) return [element("p", { class: "notice notice-bad", role: "alert" }, sentence(this.error))];
    if (!this.explained) return [element("p", { class: "quiet", role: "status" }, say("loading"))];
    const { digest, basis, notes, limits, duties } = this.explained;
    const bind = limits.filter((limit) => limit.categories === undefined || limit.categories.length === 0 || limit.categories.includes(category));
    return [
      digest === rules.rulebook_digest ? null : element("p", { class: "notice notice-bad" }, say("rules_changed")),
      element("p", { class: "quiet small" }, pick(basis)),
      element("p", { class: "prose" }, pick(notes)),
      element("h4", {}, say("rules_limits")),
      element("dl", { class: "terms" }, bind.map((limit) => row(pick(limit.name), pick(limit.allowed), source(limit)))),
      element("h4", {}, say("rules_duties")),
      element("dl", { class: "terms" }, duties.map((duty) => row(pick(duty.name), pick(duty.default), source(duty)))),
    ];
  }
}

function row(label, text, below = null) {
  return element("div", {}, element("dt", {}, label), element("dd", {}, text, below));
}

function source({ article, sure }) {
  const key = sure.replaceAll(/[ -]/g, "_");
  return element("span", { class: "line small quiet" }, pick(article), " · ", element("span", { class: `sure sure-${key}` }, say(`sure_${key}`)));
}
