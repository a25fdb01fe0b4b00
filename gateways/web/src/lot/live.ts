// The live connection of a page, as things that the page is drawn from.

import { onMounted, onUnmounted, shallowRef, triggerRef, type ShallowRef } from "vue";
import { LiveConnection, type ConnectionState } from "../client";
import type { ServerFrame } from "../schema";
import { EVERYDAY, pace, SHOWN_EVERY_MS } from "./pace";

export interface Live {
  connection: LiveConnection;
  state: ShallowRef<ConnectionState>;
  /** The server's time in microseconds, null while unknown; moves ten times a second while somebody looks, with what is drawn then. */
  nowUs: ShallowRef<number | null>;
}

/** Open a connection for as long as the component lives; `onFrame` hears every frame. `path` names another live floor. */
export function useLive(onFrame: (frame: ServerFrame) => void, path?: string): Live {
  const state = shallowRef<ConnectionState>("disconnected");
  const nowUs = shallowRef<number | null>(null);
  const connection = new LiveConnection({
    ...(path ? { path } : {}),
    onFrame,
    onState: (next) => {
      state.value = next;
      triggerRef(state); // also when it ended again in the same state: the close code may be another
    },
  });
  const tick = () => {
    nowUs.value = connection.clock.nowUs();
  };
  let ticking: ReturnType<typeof setInterval> | undefined;
  const hurry = () => {
    if (!document.hidden) connection.hurry();
  };
  onMounted(() => {
    connection.connect();
    addEventListener("online", hurry);
    document.addEventListener("visibilitychange", hurry);
    ticking = setInterval(() => {
      if (!document.hidden) pace.tell(EVERYDAY, tick);
    }, SHOWN_EVERY_MS);
  });
  onUnmounted(() => {
    clearInterval(ticking);
    removeEventListener("online", hurry);
    document.removeEventListener("visibilitychange", hurry);
    connection.close();
  });
  return { connection, state, nowUs };
}
