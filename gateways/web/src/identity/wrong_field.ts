// What is wrong with a declaration, beside the field that it concerns.
// Belongs here: telling it there. Does not belong here: which field a code is about (`draft`), and what concerns none of them.

import { shallowRef, type ShallowRef } from "vue";
import { ApiError, sentence } from "../house/api";
import { fieldOf, type Field } from "./draft";

export interface WrongField {
  field: Field;
  text: string;
}

/** The field that is wrong, null for none; `tell` leads to the one that an error concerns, and says whether there is one. */
export function useWrongField(fields: Readonly<ShallowRef<{ goTo(field: Field): Promise<void> } | null>>) {
  const wrong = shallowRef<WrongField | null>(null);

  async function tell(error: unknown): Promise<boolean> {
    const field = error instanceof ApiError ? fieldOf(error.code) : undefined;
    if (!field) return false;
    wrong.value = { field, text: sentence(error) };
    await fields.value?.goTo(field);
    return true;
  }

  return { wrong, tell };
}
