// The name of one intention.

/** Make 128 random bits in hexadecimal: the name of one intention, the same in every retry. */
export function commandId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
