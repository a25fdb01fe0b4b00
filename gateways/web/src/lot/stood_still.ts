// Marking a price that moved after it had stood still. Where it moves all the time the movement marks itself, and a
// mark that fades over each bid would have the screen drawn sixty times a second.

import { ref, watch, type Ref } from "vue";

const STILL_MS = 1_000;

/** Counts the moves of a text that came after it had stood still: a key that begins its mark anew. */
export function movesFromRest(text: () => string): Ref<number> {
  const moves = ref(0);
  let movedAtMs = -Infinity;
  watch(text, () => {
    const nowMs = performance.now();
    if (nowMs - movedAtMs >= STILL_MS) moves.value += 1;
    movedAtMs = nowMs;
  });
  return moves;
}
