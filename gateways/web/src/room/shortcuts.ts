// Keys of the bidding room. None of them bids: they lead to where Enter does.

/** What a key leads to. */
export type Shortcut = "help" | "asking" | "free" | "max" | "course" | "signals" | "next" | "previous";

export const KEYS: readonly (readonly [key: string, shortcut: Shortcut])[] = [
  ["?", "help"], ["b", "asking"], ["a", "free"], ["m", "max"], ["h", "course"], ["s", "signals"], ["]", "next"], ["[", "previous"],
];

const KEPT = "luochui.shortcuts";
const TYPED_INTO = new Set(["INPUT", "TEXTAREA", "SELECT"]);

interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  isComposing: boolean;
  target: EventTarget | null;
}

/** The shortcut that a key stands for; null for none, as while something is typed. */
export function shortcutOf(pressed: Pressed): Shortcut | null {
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey || pressed.isComposing) return null;
  const target = pressed.target as Partial<HTMLElement> | null;
  if (TYPED_INTO.has(target?.tagName ?? "") || target?.isContentEditable) return null;
  return KEYS.find(([key]) => key === pressed.key.toLowerCase())?.[1] ?? null;
}

/** Whether shortcuts are on; they are until somebody switches them off. */
export function areOn(): boolean {
  try {
    return localStorage.getItem(KEPT) !== "off";
  } catch {
    return true;
  }
}

/** Switch shortcuts on or off and remember it. */
export function switchTo(isOn: boolean): void {
  try {
    localStorage.setItem(KEPT, isOn ? "on" : "off");
  } catch {
    // A browser without storage forgets the choice.
  }
}
