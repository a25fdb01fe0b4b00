// The live connection of a page, as things that the page is drawn from.

import { onMounted, onUnmounted, shallowRef, triggerRef, type ShallowRef } from "vue";
import { EMPTY_ROOM, LiveConnection, reduce, type ConnectionState, type Room } from "../client";
import type { ServerFrame } from "../schema";

const TICK_MS = 100;

export interface Live {
  connection: LiveConnection;
  state: ShallowRef<ConnectionState>;
  /** The server's time in microseconds, null while unknown; moves ten times a second while somebody looks. */
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
  let ticking: ReturnType<typeof setInterval> | undefined;
  const hurry = () => {
    if (!document.hidden) connection.hurry();
  };
  onMounted(() => {
    connection.connect();
    addEventListener("online", hurry);
    document.addEventListener("visibilitychange", hurry);
    ticking = setInterval(() => {
      if (!document.hidden) nowUs.value = connection.clock.nowUs();
    }, TICK_MS);
  });
  onUnmounted(() => {
    clearInterval(ticking);
    removeEventListener("online", hurry);
    document.removeEventListener("visibilitychange", hurry);
    connection.close();
  });
  return { connection, state, nowUs };
}

/** What the page knows of one lot, drawn at most once for each frame of the screen. */
export class RoomModel {
  readonly shown = shallowRef<Room>(EMPTY_ROOM);
  /** The newest state, which may be ahead of the one that is drawn. */
  latest: Room = EMPTY_ROOM;
  private isAwaited = false;

  /** Take a frame over. */
  take(frame: ServerFrame): void {
    this.set(reduce(this.latest, frame));
  }

  /** Replace the whole, and draw it at the next frame of the screen. */
  set(room: Room): void {
    if (room === this.latest) return;
    this.latest = room;
    if (this.isAwaited) return;
    this.isAwaited = true;
    // A hidden page gets no frames of the screen, but must be right when somebody looks again.
    const draw = () => {
      this.isAwaited = false;
      this.shown.value = this.latest;
    };
    if (document.hidden) setTimeout(draw, TICK_MS);
    else requestAnimationFrame(draw);
  }
}
