// A long list that the server searches: words, choices and a page, asked again a moment after the last change.

import { onMounted, ref, shallowRef, watch, type Ref } from "vue";
import { get } from "../house/api";

export const PAGE = 20;
const PAUSE_MS = 250;

/** What is found at an address; `choices` go by the names of the query's fields, and an empty one is not sent. */
export function useFound<Found>(address: string, text: Ref<string>, choices: Record<string, Ref<string>>) {
  const page = ref(1);
  const found = shallowRef<Found | null>(null);
  const problem = shallowRef<unknown>(null);
  let pausing: ReturnType<typeof setTimeout> | undefined;
  let asked = 0;

  async function load(): Promise<void> {
    const number = (asked += 1);
    const query = new URLSearchParams({ limit: String(PAGE), offset: String((page.value - 1) * PAGE) });
    if (text.value.trim()) query.set("q", text.value.trim());
    for (const [name, choice] of Object.entries(choices)) if (choice.value) query.set(name, choice.value);
    try {
      const answer = await get<Found>(`${address}?${query}`);
      if (number !== asked) return;
      found.value = answer;
      problem.value = null;
    } catch (error) {
      problem.value = error;
    }
  }

  onMounted(load);
  watch(page, load);
  watch([text, ...Object.values(choices)], () => {
    clearTimeout(pausing);
    pausing = setTimeout(() => {
      if (page.value === 1) void load();
      else page.value = 1;
    }, PAUSE_MS);
  });
  return { page, found, problem, load };
}
