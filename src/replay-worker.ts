import { serveCalls } from "./adapters/worker/serve-calls.ts";
import { loadParsers } from "./operations/load-parsers.ts";
import { createBlockJudge, type ExportCandidate } from "./operations/replay-export.ts";

let judge: ReturnType<typeof createBlockJudge> | undefined;

serveCalls({
  async open(candidate: ExportCandidate) {
    await loadParsers(candidate.sources);
    judge = createBlockJudge(candidate);
  },
  judge: (block: Uint8Array) => judge!(block),
});
