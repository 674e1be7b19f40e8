import { parseJsonText } from "../../model/json-text.ts";
import type { EvaluateRequest } from "../../model/request.ts";
import { CliError, describeFailure } from "../cli-error.ts";
import type { CliDeps } from "../deps.ts";
import { EXIT } from "../exit-codes.ts";
import { givenSecrets, redact } from "../redact.ts";
import { resolveTarget, type ServiceTarget, usage } from "../service/target.ts";
import { toHookRequest } from "./action.ts";
import type { DecisionService, HookDecision } from "./deps.ts";

export interface HookOptions extends ServiceTarget {
  /** Seconds in which the service has to answer; shorter than the host's own timeout. */
  readonly timeout: number;
  /** Seconds to wait for a person; the host asks its user when absent. */
  readonly wait?: number;
  /** What an allow is to the host: `allow` is not asked about again, `defer` leaves it to the host's own permissions. */
  readonly onAllow: "allow" | "defer";
}

/** With this code, and no other, Claude Code blocks the tool and shows stderr to the model. */
const BLOCK = EXIT.usage;
const POLL_SECONDS_MAX = 30;

/**
 * Answers one PreToolUse hook of Claude Code: its JSON on stdin, the decision as JSON on stdout.
 *
 * SECURITY: the host takes a hook that fails in any other way, or that is too slow, for one that has nothing against it. So every
 * failure is the exit code that blocks, and the deadline is this command's own.
 * @returns the exit code
 */
export async function runHookClaudeCode(deps: CliDeps, options: HookOptions): Promise<number> {
  try {
    const answer = await decideInTime(deps, options);
    if (answer !== undefined) deps.stdout(`${JSON.stringify({ hookSpecificOutput: answer })}\n`);
    return EXIT.ok;
  } catch (error) {
    deps.stderr(`Verdict did not decide, so this is blocked.\n${describeFailure(error).text}`);
    return BLOCK;
  }
}

interface HookAnswer {
  readonly hookEventName: "PreToolUse";
  readonly permissionDecision: "allow" | "deny" | "ask";
  readonly permissionDecisionReason: string;
}

async function decideInTime(deps: CliDeps, options: HookOptions): Promise<HookAnswer | undefined> {
  const { url, key } = resolveTarget(deps, options, { work: "ask for decisions", scope: "evaluate" });
  if (url === undefined || key === undefined) {
    throw usage("there is no API key", "Set VERDICT_API_KEY to one with the scope `evaluate`.");
  }
  const service = deps.openDecisionService({ url, key });
  const secrets = givenSecrets([], { VERDICT_API_KEY: key });
  const asked = await within(options.timeout, async (signal) => {
    const request = toHookRequest(await readInput(deps), deps.env.CLAUDE_PROJECT_DIR || undefined);
    return { request, decision: await service.evaluate(request, signal) };
  });
  if (asked.decision.decision !== "approval_required") return toAnswer(asked.decision, options.onAllow, secrets);
  if (options.wait !== undefined) return afterPerson(service, asked, { ...options, wait: options.wait }, secrets);
  const mode = asked.request.context?.permission_mode;
  return ASKING_MODES.has(mode) ? toAnswer(asked.decision, options.onAllow, secrets) : unasked(asked.decision, secrets);
}

/** SECURITY: in the other modes the host goes on without asking anybody, whatever a hook says but a deny. */
const ASKING_MODES: ReadonlySet<unknown> = new Set(["default", "acceptEdits", "plan"]);

const unasked = ({ reason }: HookDecision, secrets: readonly string[]) =>
  answerOf("deny", `${reason} Nobody is asked in this permission mode; the hook's --wait asks in Verdict.`, secrets);

/** Waits for a person, and asks once more with what they said. */
async function afterPerson(
  service: DecisionService,
  { request, decision: { approvalId, reason } }: { readonly request: EvaluateRequest; readonly decision: HookDecision },
  { wait, timeout, onAllow }: HookOptions & { readonly wait: number },
  secrets: readonly string[],
): Promise<HookAnswer | undefined> {
  if (approvalId === undefined) throw new CliError("the service wants an approval, and does not say which");
  if (!(await isAnswered(service, approvalId, wait))) {
    return answerOf("deny", `Nobody answered within ${wait} seconds: ${reason}`, secrets);
  }
  const decision = await within(timeout, (signal) => service.evaluate({ ...request, approval_id: approvalId }, signal));
  // Whoever was asked has answered: a second question could be followed by a third.
  return decision.decision === "approval_required"
    ? answerOf("deny", decision.reason, secrets)
    : toAnswer(decision, onAllow, secrets);
}

async function readInput(deps: CliDeps): Promise<unknown> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await deps.readStdin());
  } catch (cause) {
    throw new CliError("stdin is not UTF-8 text", { cause });
  }
  const json = parseJsonText(text);
  if (!json.ok) throw new CliError("stdin is not JSON that can be decided on", { faults: json.faults });
  return json.value;
}

/** @throws CliError when the work is not done in time, whether or not it heeds the signal */
async function within<T>(seconds: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = new CliError(`there was no decision within ${seconds} s`, {
    hint: "Is the service overloaded? --timeout gives it longer; keep the hook's own `timeout` longer still.",
  });
  const clock = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(late);
      clock.abort();
    }, seconds * 1000);
  });
  try {
    return await Promise.race([work(clock.signal), deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** @returns false when the time is up */
async function isAnswered(service: DecisionService, approvalId: string, seconds: number): Promise<boolean> {
  const end = performance.now() + seconds * 1000;
  for (let left = seconds; left > 0; left = (end - performance.now()) / 1000) {
    const wait = Math.min(POLL_SECONDS_MAX, Math.floor(left));
    const isPending = await within(left, (signal) => service.isPending(approvalId, wait, signal)).catch(
      (error: unknown) => {
        // The limit came first, or the service will answer a little later.
        if (performance.now() >= end || (error instanceof CliError && error.isPassing)) return true;
        throw error;
      },
    );
    if (!isPending) return true;
    // The service may not wait, or not be there for a moment.
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return false;
}

const PAUSE_MS = 500;

function toAnswer(decision: HookDecision, onAllow: HookOptions["onAllow"], secrets: readonly string[]) {
  const duties = decision.obligations.join(", ");
  if (duties !== "" && decision.decision !== "deny") {
    const why = `This would come with duties that nobody here can take on: ${duties}. ${decision.reason}`;
    return answerOf("deny", why, secrets);
  }
  switch (decision.decision) {
    case "allow":
      return onAllow === "defer" ? undefined : answerOf("allow", decision.reason, secrets);
    case "approval_required":
      return answerOf("ask", decision.reason, secrets);
    case "deny":
      return answerOf("deny", [decision.reason, decision.helpText].filter(Boolean).join(" "), secrets);
  }
}

const answerOf = (
  permission: HookAnswer["permissionDecision"],
  reason: string,
  secrets: readonly string[],
): HookAnswer => ({
  hookEventName: "PreToolUse",
  permissionDecision: permission,
  permissionDecisionReason: `Verdict: ${redact(reason, secrets)}`,
});
