// One's own identity as the exchange has it, read when a page opens and again when somebody asks for it.

import { computed, onMounted, shallowRef } from "vue";
import { get } from "../house/api";
import type { MyIdentity } from "../schema";

/** Who one is: what holds, what keeps it from being read, and reading it again. */
export function useMine() {
  const mine = shallowRef<MyIdentity | null>(null);
  const trouble = shallowRef<unknown>(null);
  const holds = computed(() => mine.value?.history[0] ?? null);

  async function load(): Promise<void> {
    try {
      mine.value = await get<MyIdentity>("/me/identity");
      trouble.value = null;
    } catch (error) {
      trouble.value = error;
    }
  }

  onMounted(load);
  return { mine, trouble, holds, load };
}
