// What the parts of administration share: doing something and saying how it went.

import { ref } from "vue";
import { sentence } from "../house/api";
import { hasRole } from "../house/me";
import { language, say } from "../texts/language";

export const ROLES = ["bidder", "host", "finance", "cashier", "checker", "accountant", "auditor", "admin"] as const;

/** Whether whoever is here may change anything, and not only look. */
export const mayChange = (): boolean => hasRole("admin");

/** Roles in words. */
export const roleNames = (roles: readonly string[]): string => roles.map((role) => say(`role_${role}`)).join(language() === "zh" ? "、" : ", ");

/** Do things one at a time, and keep what came of the last one in words. */
export function useDoing() {
  const isBusy = ref(false);
  const problem = ref("");
  const success = ref("");

  async function doing<Result>(work: () => Promise<Result>, said = ""): Promise<Result | undefined> {
    isBusy.value = true;
    problem.value = success.value = "";
    try {
      const result = await work();
      success.value = said;
      return result;
    } catch (error) {
      problem.value = sentence(error);
      return undefined;
    } finally {
      isBusy.value = false;
    }
  }

  return { isBusy, problem, success, doing };
}

/** What stands behind ? in the part of the address behind #. */
export const hashQuery = (): URLSearchParams => new URLSearchParams(location.hash.split("?")[1] ?? "");
