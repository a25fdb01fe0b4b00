// Light or dark: as the reader's system has it, until he chooses otherwise.

import { computed, ref } from "vue";

const KEY = "luochui.light";
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
  try {
    localStorage.setItem(KEY, chosen.value);
  } catch {
    // A browser without storage forgets the choice.
  }
}

function show(): void {
  if (chosen.value) document.documentElement.dataset["light"] = chosen.value;
  document.documentElement.classList.toggle("dark", isDark.value); // what Element Plus goes by
}

function remembered(): "light" | "dark" | null {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : null;
  } catch {
    return null;
  }
}
