// Something that a page does again and again while somebody looks at it.

import { onMounted, onUnmounted } from "vue";

/** Do `work` every so many milliseconds for as long as the component lives, but not while the page is hidden. */
export function useEvery(milliseconds: number, work: () => unknown): void {
  let repeating: ReturnType<typeof setInterval> | undefined;
  onMounted(() => {
    repeating = setInterval(() => {
      if (!document.hidden) void work();
    }, milliseconds);
  });
  onUnmounted(() => clearInterval(repeating));
}
