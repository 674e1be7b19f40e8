import type { ApprovalNews } from "../../approvals/index.ts";

/** `ApprovalNews` within one process: a listener runs before `publish` resolves, and nothing is lost. */
export function createMemoryApprovalNews(): ApprovalNews {
  const listeners = new Set<{ readonly notify: (id: string | undefined) => void }>();
  return {
    async publish(id) {
      for (const listener of [...listeners]) listener.notify(id);
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
