// Who is at this page.

import { shallowRef } from "vue";
import type { Me } from "../schema";
import { ApiError, get, remove } from "./api";

/** Who is here; nobody until `whoIsHere` has asked. */
export const me = shallowRef<Me>({
  account: null,
  must_change_password: false,
  may_register: false,
  demo: false,
  version: "",
  server_time_us: 0,
  centre: { name: { zh: "", en: "" }, phone: "", complaint_line: "", region: "", footer: { zh: "", en: "" } },
});

export const FINANCE = ["finance", "cashier", "checker", "accountant", "auditor"] as const;
export const STAFF: readonly string[] = ["host", "admin", ...FINANCE];

/** Ask the exchange who is signed in. */
export async function whoIsHere(): Promise<void> {
  try {
    me.value = await get<Me>("/me");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}

/** Tell whether the account has one of the roles. */
export function hasRole(...roles: readonly string[]): boolean {
  return roles.some((role) => me.value.account?.roles.some((own) => own === role));
}

/** Address of the sign-in page that leads back here. */
export function signInAddress(): string {
  return `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`;
}

/** Address of the registration that leads back here. */
export function registerAddress(): string {
  return `/register?next=${encodeURIComponent(location.pathname + location.search)}`;
}

/** Sign out and go to the catalogue. Raises ApiError. */
export async function signOut(): Promise<void> {
  try {
    await remove("/session");
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "NOT_SIGNED_IN") throw error;
  }
  location.assign("/");
}
