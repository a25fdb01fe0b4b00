// Files that are to be published with a lot that does not exist yet: kept in order, sent once it does, each with its progress.

import { reactive } from "vue";
import { ApiError } from "../house/api";
import { upload } from "../house/upload";
import type { LotFile } from "../schema";

export const ACCEPTED = ".jpg,.jpeg,.png,.webp,.pdf,.docx,.xlsx,.txt";
export const FILES_MAX = 40;
const MIB = 1 << 20;
const FILE_BYTES_MAX = 20 * MIB;

export interface QueuedFile {
  key: number;
  file: File;
  captionZh: string;
  captionEn: string;
  /** How much of it has gone, 0 to 1; null while it waits. */
  share: number | null;
  isThere: boolean;
  problem: ApiError | null;
}

export interface LeftOut {
  name: string;
  why: string;
}

/** Say why a file would be refused, as far as its name and size tell; the exchange looks at what is in it. */
export function whyNot({ name, size }: Pick<File, "name" | "size">): string | null {
  const ending = name.slice(name.lastIndexOf(".")).toLowerCase();
  if (!name.includes(".") || !ACCEPTED.split(",").includes(ending)) return "wrong_file_kind";
  if (size === 0) return "empty_file";
  return size > FILE_BYTES_MAX ? "file_too_large" : null;
}

export function useQueue() {
  const files = reactive<QueuedFile[]>([]);
  let last = 0;

  /** Take files up, and return the names of those that cannot be taken with the key of the phrase that says why. */
  function add(chosen: Iterable<File>): LeftOut[] {
    const leftOut: LeftOut[] = [];
    for (const file of chosen) {
      const why = files.length >= FILES_MAX ? "too_many_files" : whyNot(file);
      if (why) leftOut.push({ name: file.name, why });
      else files.push({ key: ++last, file, captionZh: "", captionEn: "", share: null, isThere: false, problem: null });
    }
    return leftOut;
  }

  /** Move a file one place towards the front; the first photo is the lot's picture. */
  function forward(file: QueuedFile): void {
    const at = files.indexOf(file);
    if (at > 0) files.splice(at - 1, 2, file, files[at - 1]!);
  }

  /** Send every file that is not there yet, one after the other; true when all of them are. */
  async function send(lot: number): Promise<boolean> {
    for (const one of files.filter((file) => !file.isThere)) {
      [one.share, one.problem] = [0, null];
      try {
        await upload<LotFile>(filePath(lot, one.captionZh, one.captionEn), one.file, (gone) => { one.share = gone; });
        one.isThere = true;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        one.problem = error;
      }
      one.share = null;
    }
    return files.every((one) => one.isThere);
  }

  return { files, add, forward, send, clear: () => files.splice(0) };
}

export function filePath(lot: number, zh: string, en: string): string {
  return `/lots/${lot}/files?${new URLSearchParams({ caption_zh: zh.trim(), caption_en: en.trim() })}`;
}
