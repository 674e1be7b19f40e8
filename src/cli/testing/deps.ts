import type { ReadResult } from "../../operations/rule-sets/check-rules.ts";

/** What `verdict test` reaches outside itself. Paths are absolute. */
export interface TestFiles {
  /** Every fixture file below a directory. */
  readFixtures(dir: string): Promise<ReadResult>;
  /**
   * Calls `onChange` when something below a directory may have changed, and once when the watch is up.
   * @returns stops watching
   */
  watch(dir: string, onChange: () => void, onError: (error: Error) => void): Promise<() => Promise<void>>;
  /** @returns rejects with the system's error */
  write(path: string, text: string): Promise<void>;
}
