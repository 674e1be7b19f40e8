import { serveCalls } from "./adapters/worker/serve-calls.ts";
import { createBlockJudge, type ExportCandidate } from "./operations/replay/replay-export.ts";
import { loadParsers } from "./operations/rule-sets/load-parsers.ts";

let judge: ReturnType<typeof createBlockJudge> | undefined;

serveCalls({
  async open(candidate: ExportCandidate) {
    await loadParsers(candidate.sources);
    judge = createBlockJudge(candidate);
  },
  judge: (block: Uint8Array) => judge!(block),
});
