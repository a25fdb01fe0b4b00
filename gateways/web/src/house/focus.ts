// Where the focus goes when it was lost: a button that was pressed is switched off while its answer is under way, or is gone.

/** Give the focus to a place if nobody has it any more, so that whoever works by keyboard goes on where he was. */
export function catchFocus(place: HTMLElement | null | undefined): void {
  const at = document.activeElement;
  if (at === null || at === document.body || (at instanceof HTMLButtonElement && at.disabled)) place?.focus();
}
