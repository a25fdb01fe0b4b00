// Money as people read and write it: whole minor units in, text out, and the other way round.
// Belongs here: digits, grouping, units of ten thousand, 大写. Does not belong here: what may be bid.

const AMOUNT_MAX = 10n ** 15n;
const SHORT_FROM = 1_000_000; // ten thousand in whole units of most currencies
const FRACTION_DIGITS: Record<string, number> = { JPY: 0, KRW: 0, VND: 0, BHD: 3, KWD: 3 };
const SYMBOLS: Record<string, string> = { CNY: "¥", USD: "$", EUR: "€", GBP: "£", HKD: "HK$", JPY: "JP¥" };

export type AmountProblem = "EMPTY" | "NOT_AN_AMOUNT" | "TOO_FINE" | "ZERO" | "TOO_LARGE";

/** What a typed text means: minor units, or why it is no amount. */
export type ParsedAmount = { amount: number; problem?: undefined } | { amount?: undefined; problem: AmountProblem };

/** How many digits of the minor unit a currency has. */
export function fractionDigits(currency: string): number {
  return FRACTION_DIGITS[currency] ?? 2;
}

/** Format minor units with symbol and grouped digits; an even amount is shown without fraction unless `isExact`. */
export function formatAmount(minor: number, currency: string, { isExact = false } = {}): string {
  const sign = minor < 0 ? "−" : "";
  const digits = plainAmount(Math.abs(minor), currency, { isExact, isGrouped: true });
  return `${sign}${SYMBOLS[currency] ?? `${currency} `}${digits}`;
}

/** Format minor units as bare digits, the way an input field takes them. */
export function plainAmount(minor: number, currency: string, { isExact = false, isGrouped = false } = {}): string {
  const digits = fractionDigits(currency);
  const text = String(minor).padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits);
  const fraction = text.slice(text.length - digits);
  const shown = isGrouped ? whole.replace(/\B(?=(\d{3})+$)/g, ",") : whole;
  return digits && (isExact || /[1-9]/.test(fraction)) ? `${shown}.${fraction}` : shown;
}

/** Write an amount short, as the readers of a locale count: ¥1.28万 in zh-CN, ¥12.8k in en-GB. */
export function shortAmount(minor: number, currency: string, locale: string): string {
  const compact = new Intl.NumberFormat(locale, { notation: "compact", maximumSignificantDigits: 6 });
  return `${SYMBOLS[currency] ?? `${currency} `}${compact.format(minor / 10 ** fractionDigits(currency))}`;
}

/** What reads back an amount so that a slip shows: exact digits, the short form, 大写 where they are in use. */
export function readBackOf(minor: number, currency: string, locale: string): string[] {
  return [
    formatAmount(minor, currency, { isExact: true }),
    ...(minor >= SHORT_FROM ? [shortAmount(minor, currency, locale)] : []),
    ...(currency === "CNY" ? [capitalAmount(minor)] : []),
  ];
}

/** Write a deposit's reference in groups of four digits, the way people read it out. */
export function groupedReference(reference: string): string {
  return reference.replace(/(.{4})(?=.)/g, "$1 ");
}

type Unit = "" | "万" | "亿";
const UNITS: Record<Unit, bigint> = { "": 1n, 万: 10n ** 4n, 亿: 10n ** 8n };
const DIGITS = /^(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d+))?$/;

/**
 * Read what a person typed as minor units, strictly.
 *
 * Accepts digits, correctly grouped commas, a decimal part no finer than the minor unit, the currency's symbol
 * or 元 around it, and 万 / 亿 in descending order (1.5万, 1亿2000万). Full-width characters count as their
 * plain forms.
 */
export function parseAmount(typed: string, currency: string): ParsedAmount {
  const text = typed.normalize("NFKC").trim().replace(/^(?:[¥$€£]|HK\$|JP¥)\s*/, "").replace(/\s*元整?$/, "");
  if (!text) return { problem: "EMPTY" };
  const parts = splitByUnit(text.replace(/億/g, "亿").replace(/萬/g, "万"));
  if (!parts) return { problem: "NOT_AN_AMOUNT" };
  return total(parts, BigInt(fractionDigits(currency)));
}

function splitByUnit(text: string): [string, Unit][] | null {
  const match = /^(?:([\d,.]+)亿)?(?:([\d,.]+)万)?([\d,.]+)?$/.exec(text);
  if (!match) return null;
  const all: [string | undefined, Unit][] = [[match[1], "亿"], [match[2], "万"], [match[3], ""]];
  const given = all.filter((part): part is [string, Unit] => part[0] !== undefined);
  const isSound = given.length > 0 && given.every(([digits], index) => DIGITS.test(digits)
    && (index === given.length - 1 || !digits.includes(".")));
  return isSound ? given : null;
}

function total(parts: [string, Unit][], fraction: bigint): ParsedAmount {
  const scale = 10n ** fraction;
  let sum = 0n;
  for (const [digits, unit] of parts) {
    const [whole = "", decimals = ""] = digits.replace(/,/g, "").split(".");
    const numerator = BigInt(whole + decimals) * UNITS[unit] * scale;
    const denominator = 10n ** BigInt(decimals.length);
    if (numerator % denominator !== 0n) return { problem: "TOO_FINE" };
    sum += numerator / denominator;
  }
  if (sum === 0n) return { problem: "ZERO" };
  return sum > AMOUNT_MAX ? { problem: "TOO_LARGE" } : { amount: Number(sum) };
}

const NUMERALS = "零壹贰叁肆伍陆柒捌玖";
const PLACES = ["", "拾", "佰", "仟"];
const GROUPS = ["", "万", "亿", "万亿"];

/** Write yuan in the capital numerals of cheques (大写): 1_050_000 fen is 壹万零伍佰元整. */
export function capitalAmount(minor: number): string {
  const fen = minor % 10;
  const jiao = Math.floor(minor / 10) % 10;
  const yuan = Math.floor(minor / 100);
  const whole = yuan ? `${capitalWhole(yuan)}元` : "";
  if (!jiao && !fen) return `${whole || "零元"}整`;
  const tenths = jiao ? `${NUMERALS[jiao]}角` : yuan ? "零" : "";
  return whole + tenths + (fen ? `${NUMERALS[fen]}分` : "整");
}

function capitalWhole(yuan: number): string {
  const groups: number[] = [];
  for (let rest = yuan; rest > 0; rest = Math.floor(rest / 10_000)) groups.push(rest % 10_000);
  let text = "";
  let isGap = false;
  for (const [index, group] of [...groups.entries()].reverse()) {
    if (!group) {
      isGap = true;
      continue;
    }
    if (text && (isGap || group < 1000)) text += "零";
    text += capitalGroup(group) + groupName(groups, index);
    isGap = false;
  }
  return text;
}

/** 万亿 is said once: what follows in the group of 亿 carries the 亿, so the higher group then says only 万. */
function groupName(groups: number[], index: number): string {
  return index === 3 && groups[2] ? "万" : (GROUPS[index] ?? "");
}

function capitalGroup(group: number): string {
  let text = "";
  let isGap = false;
  for (let place = 3; place >= 0; place -= 1) {
    const digit = Math.floor(group / 10 ** place) % 10;
    if (!digit) {
      isGap = text !== "";
      continue;
    }
    text += `${isGap ? "零" : ""}${NUMERALS[digit]}${PLACES[place]}`;
    isGap = false;
  }
  return text;
}
