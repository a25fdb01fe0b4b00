// Which lots' papers were opened in this browser: the guide asks for them once.

const KEY = "luochui-papers-opened";
const KEPT_MAX = 200;

/** Whether the papers of a lot were opened here. */
export function wereOpened(lot: number): boolean {
  return opened().includes(lot);
}

/** Remember that they were. */
export function noteOpened(lot: number): void {
  try {
    localStorage.setItem(KEY, JSON.stringify([lot, ...opened().filter((one) => one !== lot)].slice(0, KEPT_MAX)));
  } catch {
    // Without a memory the guide asks again, which does no harm.
  }
}

function opened(): number[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found.filter((one) => typeof one === "number") : [];
  } catch {
    return [];
  }
}
