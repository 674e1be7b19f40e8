import { serveCalls } from "./adapters/worker/serve-calls.ts";
import { createBlockJudge, type ExportCandidate } from "./operations/replay-export.ts";

let judge: ReturnType<typeof createBlockJudge> | undefined;

serveCalls({
  open(candidate: ExportCandidate) {
    judge = createBlockJudge(candidate);
  },
  judge: (block: Uint8Array) => judge!(block),
});
