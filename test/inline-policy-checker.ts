import { createCheckJobs } from "../src/check-jobs.ts";
import { createPolicyChecker } from "../src/open-policy-checker.ts";
import type { PolicyChecker } from "../src/operations/rule-sets/policy-checker.ts";

/** The same jobs in this thread: TypeScript cannot be loaded in a worker of every Node. Arguments are copied all the same. */
export function createInlinePolicyChecker(): PolicyChecker {
  return createPolicyChecker(({ signal }) => {
    const jobs = createCheckJobs();
    let close = () => {};
    const closed = new Promise<void>((resolve) => {
      close = resolve;
    });
    signal.addEventListener("abort", () => close());
    return {
      closed,
      async call(name, argument) {
        signal.throwIfAborted();
        return structuredClone(await jobs[name as keyof typeof jobs](structuredClone(argument) as never));
      },
      close: async () => close(),
    };
  });
}
