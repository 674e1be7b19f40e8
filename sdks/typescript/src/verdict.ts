import { Approvals } from "./approvals.ts";
import { canonicalJson } from "./canonical-json.ts";
import { asObject, type Decision, FAIL_OPEN, isObject, readDecision } from "./decision.ts";
import { DecisionCache } from "./decision-cache.ts";
import { ApprovalTimeout, InvalidRequest, PolicyDenied, ServerUnreachable, VerdictError } from "./errors.ts";
import { currentPlatform, type Platform } from "./platform.ts";
import { PolicyStream } from "./policy-stream.ts";
import { readSettings, type Settings, type VerdictOptions } from "./settings.ts";
import { Transport } from "./transport.ts";
import { waitForApproval } from "./wait-for-approval.ts";
import type { Approval, DryRun, DryRunRequest, EvaluateRequest } from "./wire.ts";

export interface ApprovalWait {
  /** How long a person has to answer, in milliseconds; 300000. */
  readonly approvalTimeoutMs?: number | undefined;
}

interface ForTests {
  /** Of the cache, instead of the platform's. */
  readonly cacheNow?: () => number;
  readonly streamHeard?: (what: "event" | "end") => void;
}

const APPROVAL_TIMEOUT_MS = 300_000;

/**
 * Asks Verdict before an agent acts. One for a process is enough; it holds no connection of its own but the event stream's.
 * @see ../../README.md for what it promises, in every language
 */
export class Verdict {
  readonly approvals: Approvals;
  readonly #settings: Settings;
  readonly #platform: Platform;
  readonly #transport: Transport;
  readonly #cache: DecisionCache;
  /** Absent unless it was asked for. */
  readonly #stream: PolicyStream | undefined;
  /** By the canonical form of the request: who asks the same meanwhile waits for that answer. */
  readonly #underWay = new Map<string, Promise<Asked>>();

  /**
   * @param platform what it takes from where it runs; for tests
   * @throws ConfigurationError
   */
  constructor(options: VerdictOptions = {}, platform: Partial<Platform> & ForTests = {}) {
    this.#platform = { ...currentPlatform(), ...platform };
    this.#settings = readSettings(options, this.#platform.env, this.#platform.warn);
    this.#transport = new Transport(this.#settings, this.#platform);
    this.#cache = new DecisionCache(
      { ttlSeconds: this.#settings.cacheTtlSeconds, entriesMax: this.#settings.cacheMaxEntries },
      platform.cacheNow ?? this.#platform.now,
    );
    this.#stream = this.#settings.events === "on" && this.#cache.isOn ? this.#createStream(platform) : undefined;
    this.approvals = new Approvals(this.#transport, this.#settings);
  }

  /** What it was made of, without the key. */
  get settings(): Omit<Settings, "apiKey"> {
    const { apiKey: _, ...settings } = this.#settings;
    return settings;
  }

  /**
   * Asks. `approval_required` is returned.
   * @throws PolicyDenied on a deny, unless `raiseOnDeny` is false; ServerUnreachable, VerdictError, InvalidRequest
   */
  async evaluate(
    request: EvaluateRequest,
    { raiseOnDeny = true }: { readonly raiseOnDeny?: boolean } = {},
  ): Promise<Decision> {
    const text = this.#canonical(request);
    // The way of most calls: no promise but this function's own.
    const decision = this.#known(request, text) ?? (await this.#ask(text, request.approval_id !== undefined));
    if (decision.decision === "deny" && raiseOnDeny) throw new PolicyDenied(decision);
    return decision;
  }

  /**
   * Whether it is allowed; waits for a person where one is needed. False on a deny, on every HTTP error, and on a request
   * that cannot be sent.
   * @throws ApprovalTimeout, ServerUnreachable
   */
  async check(request: EvaluateRequest, wait: ApprovalWait = {}): Promise<boolean> {
    try {
      await this.#permit(request, wait);
      return true;
    } catch (error) {
      if (error instanceof ApprovalTimeout || error instanceof ServerUnreachable) throw error;
      return false;
    }
  }

  /**
   * Asks, waits for a person where one is needed, and runs the action once; what that throws passes through. Describe in
   * `request` exactly what the action will do.
   * @throws PolicyDenied, ApprovalDenied, ApprovalTimeout, ServerUnreachable, VerdictError, InvalidRequest
   */
  async guard<T>(
    request: EvaluateRequest,
    action: (decision: Decision) => T,
    wait: ApprovalWait = {},
  ): Promise<Awaited<T>> {
    const decision = await this.#permit(request, wait);
    return await action(decision);
  }

  /**
   * Waits for people's answer. @param approval one, or its id
   * @returns the approval once it is granted; send its id as `approval_id` then, with the very same request
   * @throws ApprovalDenied, ApprovalTimeout, ServerUnreachable, VerdictError, InvalidRequest
   */
  async waitForApproval(
    approval: string | { readonly id: string },
    { timeoutMs = APPROVAL_TIMEOUT_MS }: { readonly timeoutMs?: number | undefined } = {},
  ): Promise<Approval> {
    const deadline = this.#platform.now() + timeoutMs;
    const id = typeof approval === "string" ? approval : approval.id;
    return waitForApproval(this.#transport, this.#platform, { id, deadline, timeoutMs: this.#settings.timeoutMs });
  }

  /** Asks 1 to 100 at once, past the cache. @returns for each, in order; a deny is not thrown. @throws ServerUnreachable, VerdictError, InvalidRequest */
  async evaluateBatch(requests: readonly EvaluateRequest[]): Promise<(Decision | VerdictError)[]> {
    const body = `{"requests":[${requests.map((request) => this.#canonical(request)).join(",")}]}`;
    const mayRepeatBroken = requests.every(({ approval_id }) => approval_id === undefined);
    let answer: unknown;
    try {
      answer = await this.#post("/v1/policy/evaluate/batch", body, this.#deadline(), mayRepeatBroken);
    } catch (error) {
      const decision = this.#failOpen(error, mayRepeatBroken);
      return requests.map(() => decision);
    }
    const { results } = asObject(answer);
    if (!Array.isArray(results) || results.length !== requests.length)
      throw new VerdictError(200, "malformed_answer", "The answer does not have one result for each request.");
    return results.map((result) => this.#readResult(result));
  }

  /** Runs fixtures on rules, and decides nothing. @throws ServerUnreachable, VerdictError, InvalidRequest */
  async dryRun(body: DryRunRequest): Promise<DryRun> {
    return asObject(await this.#post("/v1/policy/dry-run", canonicalJson(body), this.#deadline(), true)) as DryRun;
  }

  /** Forgets what is kept, and ends the event stream; with `events`, nothing is kept any more. There is nothing else to close. */
  close(): void {
    this.#stream?.close();
    this.#cache.clear();
  }

  #createStream({ streamHeard }: ForTests): PolicyStream {
    const { openStream, random, warn } = this.#platform;
    const surroundings = { openStream, random, warn, now: () => this.#cache.now(), streamHeard };
    return new PolicyStream(this.#settings, surroundings, this.#cache);
  }

  /** What has to be the same when an answer comes as when it was asked for, to be kept; undefined while the cache is off. */
  #epoch(): number | undefined {
    const told = this.#stream === undefined ? 0 : this.#stream.epoch();
    // Both only grow: the sum is the same when both are.
    return this.#cache.isOn && told !== undefined ? told + this.#cache.changes : undefined;
  }

  /** Of a call that begins now, by the platform's clock. */
  #deadline(): number {
    return this.#platform.now() + this.#settings.timeoutMs;
  }

  /** @returns an allow. @throws everything else */
  async #permit(request: EvaluateRequest, { approvalTimeoutMs }: ApprovalWait): Promise<Decision> {
    // Taken once: whatever changes the request while a person looks at it, what they granted is what is asked for.
    const text = this.#canonical(request);
    const first = this.#known(request, text) ?? (await this.#ask(text, request.approval_id !== undefined));
    // With an approval somebody was asked already: a second question could be followed by a third.
    if (first.decision !== "approval_required" || request.approval_id !== undefined) return allowed(first);
    if (first.approval === undefined)
      throw new VerdictError(200, "malformed_answer", "The answer wants an approval, and has no usable id of one.");
    const { id } = await this.waitForApproval(first.approval, { timeoutMs: approvalTimeoutMs });
    const again = canonicalJson({ ...(JSON.parse(text) as object), approval_id: id });
    return allowed(await this.#ask(again, true));
  }

  /** The request as it is sent. @throws InvalidRequest */
  #canonical(request: EvaluateRequest): string {
    if (typeof request !== "object" || request === null) throw new InvalidRequest("The request is not an object.");
    const { identity } = this.#settings;
    return canonicalJson(identity === undefined || request.identity !== undefined ? request : { ...request, identity });
  }

  #known(request: EvaluateRequest, text: string): Decision | undefined {
    const mayBeUsed = request.approval_id === undefined && this.#epoch() !== undefined;
    return mayBeUsed ? this.#cache.get(text) : undefined;
  }

  /** @throws ServerUnreachable, VerdictError */
  async #ask(text: string, hasApproval: boolean): Promise<Decision> {
    const deadline = this.#deadline();
    try {
      if (hasApproval || this.#epoch() === undefined)
        return (await this.#fetchDecision(text, deadline, !hasApproval)).decision;
      const other = this.#underWay.get(text);
      if (other === undefined) return (await this.#lead(text, deadline)).decision;
      // What may not be used again is not shared either: then each asks for itself, in what is left of its time.
      return (await other).kept ?? (await this.#fetchDecision(text, deadline, true)).decision;
    } catch (error) {
      return this.#failOpen(error, !hasApproval);
    }
  }

  async #lead(text: string, deadline: number): Promise<Asked> {
    const asked = this.#fetchDecision(text, deadline, true);
    this.#underWay.set(text, asked);
    try {
      return await asked;
    } finally {
      this.#underWay.delete(text);
    }
  }

  async #fetchDecision(text: string, deadline: number, isPlain: boolean): Promise<Asked> {
    const askedAt = this.#cache.now();
    const epoch = this.#epoch();
    const { decision, isWhole } = readDecision(await this.#post("/v1/policy/evaluate", text, deadline, isPlain));
    // Before its own revision is seen, which only ends what was asked for before this came.
    const mayBeKept = isPlain && isWhole && epoch !== undefined && epoch === this.#epoch();
    this.#cache.see(decision.policyRevision);
    return { decision, kept: mayBeKept ? this.#cache.keep(text, decision, askedAt) : undefined };
  }

  #readResult(result: unknown): Decision | VerdictError {
    if (!isObject(result)) return new VerdictError(200, "malformed_answer", "A result is not a JSON object.");
    const { code, status, detail } = result;
    if (typeof code === "string")
      return new VerdictError(
        isWholeNumber(status) ? status : 200,
        code,
        typeof detail === "string" ? detail : "",
        result,
      );
    const { decision } = readDecision(result);
    this.#cache.see(decision.policyRevision);
    return decision;
  }

  // SECURITY: the only way to an allow without an answer. HTTP errors and answers that are none do not come through.
  #failOpen(error: unknown, mayFailOpen: boolean): Decision {
    if (!(error instanceof ServerUnreachable) || this.#settings.failMode !== "open" || !mayFailOpen) throw error;
    this.#platform.warn(`${error.message} The fail mode is open: going on without a decision.`);
    return FAIL_OPEN;
  }

  #post(path: string, body: string, deadline: number, mayRepeatBroken: boolean): Promise<unknown> {
    const timeoutMs = deadline - this.#platform.now();
    return this.#transport.send({ method: "POST", path, body, timeoutMs, mayRepeatBroken, mayRepeatBusy: true });
  }
}

const isWholeNumber = (value: unknown): value is number => Number.isInteger(value);

interface Asked {
  readonly decision: Decision;
  /** The same as others get it; undefined when it may not be used again. */
  readonly kept: Decision | undefined;
}

/** INVARIANT: whatever is not exactly an allow does not run an action. */
function allowed(decision: Decision): Decision {
  if (decision.decision === "allow") return decision;
  throw new PolicyDenied(decision);
}
