// Pressing a button by keyboard.

/** A key that is held down is one intention: what the keyboard repeats presses nothing. */
export function pressOnce(key: KeyboardEvent): void {
  if (key.repeat) key.preventDefault();
}
