import type { Effect } from "../model/decision.ts";

/** What scripts and CI rely on; `docs/cli.md` lists them. */
export const EXIT = {
  ok: 0,
  /** It was tried and did not succeed: rules with errors, a request that is not valid, a service that refused. */
  failed: 1,
  /** The command line is wrong, so nothing was tried. */
  usage: 2,
  denied: 3,
  approvalRequired: 4,
  /** Somebody was faster, or has answered before: for scripts, often no failure. */
  conflict: 5,
  /** Rules decide otherwise than others did, and the command line asked to hear of it so. */
  different: 6,
  /** Every fixture holds, but they show less of the rules than was asked for. */
  coverageTooLow: 7,
} as const;

/** INVARIANT: only an allow is 0. */
export const EXIT_OF_EFFECT = {
  allow: EXIT.ok,
  deny: EXIT.denied,
  approval_required: EXIT.approvalRequired,
} as const satisfies Record<Effect, number>;
