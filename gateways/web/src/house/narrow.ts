// Whether the screen is a telephone's.

import { onMounted, onUnmounted, ref, type Ref } from "vue";

/** Whether the screen is too narrow for a table of many columns. */
export function useNarrow(): Ref<boolean> {
  const wanted = matchMedia("(max-width: 44rem)");
  const isNarrow = ref(wanted.matches);
  const follow = (): void => {
    isNarrow.value = wanted.matches;
  };
  onMounted(() => wanted.addEventListener("change", follow));
  onUnmounted(() => wanted.removeEventListener("change", follow));
  return isNarrow;
}
