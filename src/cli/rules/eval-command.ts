import { randomFillSync } from "node:crypto";
import { createUuidv7 } from "../../model/uuid.ts";
import { evaluateOffline } from "../../operations/decisions/evaluate-offline.ts";
import type { CliDeps } from "../deps.ts";
import { EXIT, EXIT_OF_EFFECT } from "../exit-codes.ts";
import { createPaint } from "../paint.ts";
import { printableJson } from "../printable.ts";
import { formatDecision } from "./decision-text.ts";
import { rulesPlace } from "./diagnostics-text.ts";
import { loadRules } from "./load-rules.ts";
import { type RequestOverrides, readRequest } from "./read-request.ts";

export interface EvalOptions extends RequestOverrides {
  readonly rules?: string;
  /** Epoch milliseconds; the default is the present. */
  readonly now?: number;
  readonly exitCode?: boolean;
  /** The default is `pretty` on a terminal and `json` elsewhere. */
  readonly format?: "pretty" | "json";
}

/**
 * Decides one request against the rules of a directory.
 * @returns the exit code
 * @throws CliError when the request or the rules are not valid
 */
export async function runEval(deps: CliDeps, file: string | undefined, options: EvalOptions): Promise<number> {
  const request = await readRequest(deps, file, options);
  const ruleSet = await loadRules(
    deps,
    rulesPlace(deps, options.rules),
    "the rules have errors, so nothing was evaluated",
    "A service with these rules would deny every action. Fix them; `verdict rules check` shows them again.",
  );
  const response = evaluateOffline({
    ruleSet,
    request,
    now: options.now ?? deps.now(),
    id: createUuidv7(randomFillSync)(deps.now()),
    microseconds: () => performance.now() * 1000,
  });
  const format = options.format ?? (deps.isInteractive ? "pretty" : "json");
  deps.stdout(
    format === "json"
      ? printableJson(response, deps.isInteractive)
      : formatDecision(response, createPaint(deps.env, deps.isInteractive)),
  );
  return options.exitCode === true ? EXIT_OF_EFFECT[response.decision] : EXIT.ok;
}
