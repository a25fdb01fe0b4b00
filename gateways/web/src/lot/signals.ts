// Sound and vibration for what must not be missed. Both are off until the reader switches them on.

import { ref } from "vue";

export type Signal = "outbid" | "extended" | "warning" | "hammer" | "mine" | "announced";

const KEY = "luochui.signals";
const NOTES: Record<Signal, readonly [hertz: number, seconds: number][]> = {
  outbid: [[660, 0.12], [440, 0.2]],
  extended: [[520, 0.1]],
  warning: [[780, 0.1], [780, 0.1]],
  hammer: [[180, 0.08], [120, 0.25]],
  mine: [[520, 0.1], [780, 0.18]],
  announced: [[620, 0.12], [620, 0.12], [820, 0.18]],
};
const SHAKES: Record<Signal, number[]> = {
  outbid: [120, 60, 120], extended: [60], warning: [80, 60, 80], hammer: [250], mine: [60], announced: [60, 60, 60],
};

/** Whether signals are given; changed with `switchSignals`. */
export const isSignalling = ref(remembered());

let sound: AudioContext | null = null;

/** Switch signals on or off and remember it; browsers allow sound only after such a click. */
export function switchSignals(): void {
  isSignalling.value = !isSignalling.value;
  if (isSignalling.value) give("mine");
  try {
    localStorage.setItem(KEY, isSignalling.value ? "on" : "off");
  } catch {
    // A browser without storage forgets the choice.
  }
}

/** Give a signal, if the reader wants them. */
export function give(signal: Signal): void {
  // Before the reader has touched the page a browser refuses both, and complains.
  if (!isSignalling.value || navigator.userActivation?.hasBeenActive === false) return;
  if ("vibrate" in navigator) navigator.vibrate(SHAKES[signal]);
  sound ??= new AudioContext();
  let at = sound.currentTime;
  for (const [hertz, seconds] of NOTES[signal]) {
    const tone = sound.createOscillator();
    const volume = sound.createGain();
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(0.15, at);
    volume.gain.exponentialRampToValueAtTime(0.001, at + seconds);
    tone.connect(volume).connect(sound.destination);
    tone.start(at);
    tone.stop(at + seconds);
    at += seconds;
  }
}

function remembered(): boolean {
  try {
    return localStorage.getItem(KEY) === "on";
  } catch {
    return false;
  }
}
