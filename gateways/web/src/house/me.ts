// Who is at this page.

import { shallowRef } from "vue";
import type { Me } from "../schema";
import { ApiError, get, loadMessages, remove } from "./api";

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

/** Why it is not known who is here: the exchange did not answer. Nobody is told to sign in for that. */
export const unanswered = shallowRef<ApiError | null>(null);

/** Where somebody may be who must choose another password first. */
const OPEN_BEFORE_PASSWORD = ["/account", "/sign-in"];

export const FINANCE = ["finance", "cashier", "checker", "accountant", "auditor"] as const;
export const STAFF: readonly string[] = ["host", "admin", ...FINANCE];

/** Ask the exchange who is signed in. */
export async function whoIsHere(): Promise<void> {
  try {
    me.value = await get<Me>("/me");
    unanswered.value = null;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    unanswered.value = error;
  }
}

/** Ask for what every page begins with; false while another page is on its way, where a password must be chosen first. */
export async function arrive(): Promise<boolean> {
  await Promise.all([loadMessages(), whoIsHere()]);
  if (!me.value.must_change_password || OPEN_BEFORE_PASSWORD.includes(location.pathname)) return true;
  location.replace(`/account?next=${encodeURIComponent(location.pathname + location.search)}`);
  return false;
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
