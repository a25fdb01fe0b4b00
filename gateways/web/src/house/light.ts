// Light or dark: as the reader's system has it, until he chooses otherwise.

import { computed, ref } from "vue";

/** The pages that the server writes read it too: `gateways/portal/visit.py`. */
const COOKIE = "luochui_light";
const REMEMBERED_SECONDS = 365 * 24 * 3600;
const system = matchMedia("(prefers-color-scheme: dark)");
const isSystemDark = ref(system.matches);
const chosen = ref<"light" | "dark" | null>(remembered());

system.addEventListener("change", () => {
  isSystemDark.value = system.matches;
  show();
});

/** Whether the page is dark now. */
export const isDark = computed(() => (chosen.value === null ? isSystemDark.value : chosen.value === "dark"));

show();

/** Change to the other one and remember that. */
export function toggleLight(): void {
  chosen.value = isDark.value ? "light" : "dark";
  show();
  document.cookie = `${COOKIE}=${chosen.value}; path=/; max-age=${REMEMBERED_SECONDS}; samesite=lax`;
}

function show(): void {
  if (chosen.value) document.documentElement.dataset["light"] = chosen.value;
  document.documentElement.classList.toggle("dark", isDark.value); // what Element Plus goes by
}

function remembered(): "light" | "dark" | null {
  const kept = new RegExp(`(?:^|; )${COOKIE}=(light|dark)(?:;|$)`).exec(document.cookie)?.[1];
  return (kept as "light" | "dark" | undefined) ?? null;
}
