// Digits grouped while they are typed, with the caret where the typist left it.

const TYPED = /^([¥￥]?)([\d,]+)((?:\.\d*)?)([万亿萬億]?)$/;

export interface Typed {
  text: string;
  caret: number;
}

/** Group the digits of what was typed; a text that is not a plain amount is left as it is. */
export function grouped(text: string, caret: number): Typed {
  const match = TYPED.exec(text.normalize("NFKC").replace(/\s/g, ""));
  if (!match) return { text, caret };
  const [, symbol = "", whole = "", fraction = "", unit = ""] = match;
  const digits = whole.replace(/,/g, "").replace(/^0+(?=\d)/, "");
  if (!digits) return { text, caret };
  const shown = symbol + digits.replace(/\B(?=(\d{3})+$)/g, ",") + fraction + unit;
  return { text: shown, caret: caretAfter(shown, significant(text.slice(caret))) };
}

/** Group the digits in a field and put the caret back where it was among them; return what stands there now, null while signs are composed. */
export function groupIn(input: Event): string | null {
  if ((input as InputEvent).isComposing) return null;
  const box = input.target as HTMLInputElement;
  const shown = grouped(box.value, box.selectionStart ?? box.value.length);
  if (shown.text !== box.value) {
    box.value = shown.text;
    box.setSelectionRange(shown.caret, shown.caret);
  }
  return shown.text;
}

/** How many characters of a text are more than commas and blanks. */
function significant(text: string): number {
  return text.replace(/[,\s]/g, "").length;
}

/** The caret keeps the same characters behind it, because those before it gain and lose commas. */
function caretAfter(text: string, behind: number): number {
  let at = text.length;
  for (let left = behind; left > 0 && at > 0; at -= 1) if (text[at - 1] !== ",") left -= 1;
  return text[at - 1] === "," ? at - 1 : at;
}

/** Put a unit behind an amount, or take it away again. */
export function withUnit(text: string, unit: "万" | "亿"): string {
  const bare = text.trim().replace(/[万亿萬億]$/, "");
  if (!bare || text.trim().endsWith(unit)) return bare;
  return bare + unit;
}
