// Files that are to be published with a lot that does not exist yet: kept in order, sent once it does, each with its progress.

import { reactive } from "vue";
import { ApiError } from "../house/api";
import { upload } from "../house/upload";
import type { LotFile } from "../schema";

export const ACCEPTED = ".jpg,.jpeg,.png,.webp,.pdf,.docx,.xlsx,.txt";
export const FILES_MAX = 40;

export interface QueuedFile {
  key: number;
  file: File;
  caption: string;
  /** How much of it has gone, 0 to 1; null while it waits. */
  share: number | null;
  isThere: boolean;
  problem: ApiError | null;
}

export function useQueue() {
  const files = reactive<QueuedFile[]>([]);
  let last = 0;

  function add(chosen: Iterable<File>): void {
    for (const file of chosen) {
      if (files.length >= FILES_MAX) return;
      files.push({ key: ++last, file, caption: "", share: null, isThere: false, problem: null });
    }
  }

  /** Send every file that is not there yet, one after the other; true when all of them are. */
  async function send(lot: number): Promise<boolean> {
    for (const one of files.filter((file) => !file.isThere)) {
      [one.share, one.problem] = [0, null];
      try {
        await upload<LotFile>(filePath(lot, one.caption, one.caption), one.file, (gone) => { one.share = gone; });
        one.isThere = true;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        one.problem = error;
      }
      one.share = null;
    }
    return files.every((one) => one.isThere);
  }

  return { files, add, send, clear: () => files.splice(0) };
}

export function filePath(lot: number, zh: string, en: string): string {
  return `/lots/${lot}/files?${new URLSearchParams({ caption_zh: zh.trim(), caption_en: en.trim() })}`;
}
