import type { KeyChanges } from "../../identity/types.ts";

/** `KeyChanges` within one process: a listener runs before `publish` resolves. */
export function createMemoryKeyChanges(): KeyChanges {
  const listeners = new Set<{ readonly notify: () => void }>();
  return {
    async publish() {
      for (const listener of [...listeners]) listener.notify();
    },
    async subscribe(notify) {
      const listener = { notify };
      listeners.add(listener);
      return async () => {
        listeners.delete(listener);
      };
    },
    async close() {
      listeners.clear();
    },
  };
}
