// A lot as it stands in the form, and the lot that it becomes: pure, so that every rule of the form can be tested.
// Belongs here: reading what was typed. Does not belong here: what a rulebook allows, which only the exchange says.

import { parseAmount } from "../client";
import type { EnglishTerms, LotFigures, LotTerms, NewLot } from "../schema";
import { isOwnField, ownFigures, readFigure, withFigures } from "./figures";

/** The steps of the form, and the fields that each asks for. */
export const STEP_FIELDS = {
  thing: ["rulebook", "category", "title_zh", "title_en", "description_zh", "description_en", "seller_zh", "seller_en", "region", "code"],
  price: ["valuation", "opening_price", "deposit", "deposit_by", "reserve_price", "commission", "bidders_min", "hours", "ladder", "figures", "opens_at", "host_opens", "notice_at"],
  place: ["latitude", "longitude", "address_zh", "address_en", "inspection_zh", "inspection_en", "contact_zh", "contact_en"],
  files: [],
} as const satisfies Record<string, readonly (keyof Draft)[]>;
export type Step = keyof typeof STEP_FIELDS;
export const STEPS = Object.keys(STEP_FIELDS) as Step[];

export const CATEGORIES = ["land", "mining", "forest", "rural", "equity", "vehicle", "confiscated", "emission", "property", "other"] as const;
export type Category = (typeof CATEGORIES)[number];

const HOUR_US = 3_600_000_000;
const MINUTE_MS = 60_000;
const ROUND_MS = 5 * MINUTE_MS;
const E6 = 1_000_000;
const UNNAMED = "—";

/** A step of the ladder as it was typed: from which price on, and by how much. */
export interface Rung {
  from: string;
  step: string;
}

/** What the form holds. Amounts are texts as typed, moments milliseconds, null for none. */
export interface Draft {
  rulebook: string;
  category: Category;
  code: string;
  title_zh: string;
  title_en: string;
  description_zh: string;
  description_en: string;
  seller_zh: string;
  seller_en: string;
  region: string;
  opening_price: string;
  valuation: string;
  reserve_price: string;
  deposit: string;
  commission: string;
  bidders_min: string;
  hours: string;
  ladder: Rung[];
  /** The thing's own figures of its programme, by their keys. */
  figures: Record<string, string>;
  host_opens: boolean;
  opens_at: number | null;
  deposit_by: number | null;
  notice_at: number | null;
  latitude: string;
  longitude: string;
  address_zh: string;
  address_en: string;
  inspection_zh: string;
  inspection_en: string;
  contact_zh: string;
  contact_en: string;
}

/** What is wrong with a field: the key of a phrase. */
export interface Fault {
  field: keyof Draft;
  text: string;
}

/** A lot as it is sent; what is left out has its default at the exchange. */
export type LotBody = Partial<NewLot> & Pick<NewLot, "category" | "title_zh" | "title_en" | "terms">;

export interface ReadLot {
  lot: LotBody;
  faults: Fault[];
}

export function emptyDraft(): Draft {
  return {
    rulebook: "", category: "property", code: "", title_zh: "", title_en: "", description_zh: "", description_en: "",
    seller_zh: "", seller_en: "", region: "", opening_price: "", valuation: "", reserve_price: "", deposit: "", commission: "",
    bidders_min: "", hours: "", ladder: [{ from: "", step: "" }], figures: {}, host_opens: false, opens_at: null, deposit_by: null, notice_at: null,
    latitude: "", longitude: "", address_zh: "", address_en: "", inspection_zh: "", inspection_en: "", contact_zh: "", contact_en: "",
  };
}

/** Take up a draft that was kept; what it does not hold, or holds as something else, is empty. */
export function restoredDraft(kept: unknown): Draft {
  const draft = emptyDraft();
  if (typeof kept !== "object" || kept === null) return draft;
  const isMoment = (value: unknown): boolean => value === null || typeof value === "number";
  for (const [name, value] of Object.entries(kept)) {
    const own = (draft as unknown as Record<string, unknown>)[name];
    if (own === undefined) continue;
    const fits = name === "figures" ? isTexts(value) : Array.isArray(own) ? Array.isArray(value) && value.every(isRung) : own === null ? isMoment(value) : typeof value === typeof own;
    if (fits) Object.assign(draft, { [name]: value });
  }
  if (!CATEGORIES.includes(draft.category)) draft.category = "property";
  return draft;
}

/** Tell whether nothing was typed into the ladder. */
export function isBlank(ladder: readonly Rung[]): boolean {
  return ladder.every(({ from, step }) => !from.trim() && !step.trim());
}

/** The id of a field on the page. */
export function fieldId(field: keyof Draft): string {
  return `lot-${field.replaceAll("_", "-")}`;
}

function isRung(value: unknown): boolean {
  return typeof value === "object" && value !== null && "from" in value && "step" in value
    && typeof value.from === "string" && typeof value.step === "string";
}

function isTexts(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.values(value).every((one) => typeof one === "string");
}

/** Return the first round moment at which a lot can open: some minutes after the earliest, so that there is time to publish. */
export function roundedOpening(earliestUs: number): number {
  return Math.ceil((earliestUs / 1000 + ROUND_MS) / ROUND_MS) * ROUND_MS;
}

/** Return the phase of English bidding whose ladder and length the form can change; none in other formats. */
export function englishPhase(terms: LotTerms): EnglishTerms | undefined {
  return terms.programme.find((phase): phase is EnglishTerms => phase.phase === "english");
}

/** The terms of a lot without a rulebook: one phase of English bidding. */
export function plainTerms(): LotTerms {
  const english = { phase: "english", increments: [] } as Partial<EnglishTerms>;
  return { currency: "CNY", opening_price: 0, opens_at_us: 0, programme: [english] } as unknown as LotTerms;
}

/**
 * Read the form.
 *
 * `figures` are the rulebook's own, null without a rulebook; what was typed goes before them. With `isTrial` a lot without
 * titles gets a stand-in, so that the exchange can look at the rest already.
 */
export function readLot(draft: Draft, figures: LotFigures | null, { isTrial = false } = {}): ReadLot {
  const reader = new Reader(draft);
  const opening = reader.amount("opening_price") ?? 0;
  if (!opening) reader.fault("opening_price", "price_needed");
  for (const field of ["title_zh", "title_en"] as const) if (!draft[field].trim()) reader.fault(field, "title_needed");
  const terms = termsOf(draft, figures?.terms ?? plainTerms(), reader, opening);
  const deposit = reader.amount("deposit") ?? figures?.deposit ?? 0;
  if (draft.deposit_by !== null && !deposit) reader.fault("deposit_by", "deadline_without_deposit");
  const stand = isTrial ? UNNAMED : "";
  const lot: LotBody = {
    category: draft.category,
    title_zh: draft.title_zh.trim() || stand,
    title_en: draft.title_en.trim() || stand,
    terms,
    deposit,
    region: draft.region.trim(),
    description_zh: draft.description_zh.trim(),
    description_en: draft.description_en.trim(),
    seller_zh: draft.seller_zh.trim(),
    seller_en: draft.seller_en.trim(),
    code: draft.code.trim() || null,
    rulebook: draft.rulebook,
    valuation: reader.amount("valuation") ?? 0,
    commission: reader.percent("commission") ?? figures?.commission ?? 0,
    notice_at_us: microseconds(draft.notice_at),
    deposit_by_us: microseconds(draft.deposit_by),
    place: reader.place(),
    inspection_zh: draft.inspection_zh.trim(),
    inspection_en: draft.inspection_en.trim(),
    contact_zh: draft.contact_zh.trim(),
    contact_en: draft.contact_en.trim(),
  };
  return { lot, faults: reader.faults };
}

function termsOf(draft: Draft, base: LotTerms, reader: Reader, opening: number): LotTerms {
  const english = englishPhase(base);
  const ladder = reader.ladder();
  const hours = reader.number("hours");
  const changed = english && {
    ...english,
    ...(ladder.length > 0 ? { increments: ladder } : {}),
    ...(hours !== null ? { duration_us: Math.round(hours * HOUR_US) } : {}),
  };
  if (english && ladder.length === 0 && english.increments.length === 0) reader.fault("ladder", "ladder_needed");
  for (const { key, kind } of ownFigures(base)) {
    const text = draft.figures[key] ?? "";
    if (text.trim() && readFigure(kind, text) === undefined) reader.fault("figures", "figure_wrong");
  }
  const bidders = reader.number("bidders_min");
  return {
    ...base,
    opening_price: opening,
    opens_at_us: draft.host_opens ? 0 : microseconds(draft.opens_at) || base.opens_at_us,
    reserve_price: reader.amount("reserve_price") ?? 0,
    ...(bidders !== null ? { bidders_min: Math.max(1, Math.round(bidders)) } : {}),
    programme: base.programme.map((phase) => withFigures(changed && phase === english ? changed : phase, draft.figures)),
  };
}

function microseconds(moment: number | null): number {
  return moment === null ? 0 : moment * 1000;
}

type TextField = { [Name in keyof Draft]: Draft[Name] extends string ? Name : never }[keyof Draft];

/** Reads fields, and keeps what cannot be read. */
class Reader {
  readonly faults: Fault[] = [];

  constructor(private readonly draft: Draft) {}

  fault(field: keyof Draft, text: string): void {
    if (!this.faults.some((one) => one.field === field)) this.faults.push({ field, text });
  }

  amount(field: TextField): number | null {
    const typed = this.draft[field] as string;
    if (!typed.trim()) return null;
    const { amount, problem } = parseAmount(typed, "CNY");
    if (problem === "ZERO") return 0;
    if (amount === undefined) this.fault(field, `amount_${problem}`);
    return amount ?? null;
  }

  number(field: TextField): number | null {
    const typed = (this.draft[field] as string).normalize("NFKC").trim();
    if (!typed) return null;
    const value = Number(typed);
    if (Number.isFinite(value) && value > 0) return value;
    this.fault(field, "number_needed");
    return null;
  }

  percent(field: TextField): number | null {
    const typed = (this.draft[field] as string).normalize("NFKC").replace("%", "").trim();
    if (!typed) return null;
    const points = Math.round(Number(typed) * 100);
    if (Number.isFinite(points) && points >= 0 && points <= 10_000) return points;
    this.fault(field, "percent_needed");
    return null;
  }

  ladder(): [number, number][] {
    const rungs: [number, number][] = [];
    if (isBlank(this.draft.ladder)) return rungs;
    for (const [index, { from, step }] of this.draft.ladder.entries()) {
      const start = index === 0 && !from.trim() ? { amount: 0 } : parseAmount(from, "CNY");
      const raise = parseAmount(step, "CNY").amount;
      const threshold = start.amount ?? ("problem" in start && start.problem === "ZERO" ? 0 : undefined);
      const isAbove = index === 0 ? threshold === 0 : threshold !== undefined && threshold > (rungs.at(-1)?.[0] ?? -1);
      if (!isAbove || threshold === undefined || !raise) {
        this.fault("ladder", "ladder_wrong");
        return [];
      }
      rungs.push([threshold, raise]);
    }
    return rungs;
  }

  place(): NewLot["place"] {
    const [latitude, longitude] = [this.degrees("latitude", 90), this.degrees("longitude", 180)];
    if (latitude === null || longitude === null) {
      const isOne = (latitude === null) !== (longitude === null);
      const hasAddress = Boolean(this.draft.address_zh.trim() || this.draft.address_en.trim());
      if (isOne || hasAddress) this.fault(latitude === null ? "latitude" : "longitude", "point_needed");
      return null;
    }
    const address = { zh: this.draft.address_zh.trim(), en: this.draft.address_en.trim() };
    return { latitude_e6: latitude, longitude_e6: longitude, address };
  }

  private degrees(field: "latitude" | "longitude", most: number): number | null {
    const typed = this.draft[field].normalize("NFKC").trim();
    if (!typed) return null;
    const value = Number(typed);
    if (Number.isFinite(value) && Math.abs(value) <= most) return Math.round(value * E6);
    this.fault(field, `${field}_wrong`);
    return null;
  }
}

/** The field of the form that a parameter of a rulebook is about; undefined for one that the form does not show. */
export function fieldOf(parameter: string): keyof Draft | undefined {
  const plain: Record<string, keyof Draft> = {
    opening_price: "opening_price", reserve_price: "reserve_price", deposit: "deposit", deposit_deadline: "deposit_by",
    notice: "opens_at", commission: "commission",
  };
  const last = parameter.slice(parameter.lastIndexOf(".") + 1);
  const ofTerms: Record<string, keyof Draft> = { bidders_min: "bidders_min", increments: "ladder", duration: "hours" };
  return plain[parameter] ?? ofTerms[last] ?? (isOwnField(last) ? "figures" : undefined);
}

/** The field of the form in which a field of a lot is typed, by its path; undefined for one that the form does not show. */
export function fieldOfPath(path: string): keyof Draft | undefined {
  const plain: Record<string, keyof Draft> = {
    "terms.opens_at_us": "opens_at", deposit_by_us: "deposit_by", notice_at_us: "notice_at", "place.address": "address_zh",
    "place.latitude_e6": "latitude", "place.longitude_e6": "longitude",
  };
  if (path in plain) return plain[path];
  const last = path.replace(/^terms\./, "");
  if (last in emptyDraft()) return last as keyof Draft;
  const ofPhase: Record<string, keyof Draft> = { increments: "ladder", duration_us: "hours" };
  if (!/^programme\.\d+\.(\w+)/.test(last)) return undefined;
  return ofPhase[last.split(".")[2] ?? ""] ?? (last.split(".").slice(2).some(isOwnField) ? "figures" : undefined);
}
