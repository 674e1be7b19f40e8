import type { CallNode, Node } from "./ast.ts";
import { compileChain, findLocal } from "./compile-access.ts";
import { placeOf } from "./compile-operators.ts";
import { type Compiled, type Context, foldConstant, type Run } from "./compiled.ts";
import { VOLATILE_INPUTS } from "./environment.ts";
import { affixFact, equalsFact, type Fact } from "./facts.ts";
import { type Found, guarded, programFacts } from "./findings.ts";
import type { EvalFrame } from "./frame.ts";
import type { FunctionSpec, FunctionTable } from "./functions.ts";
import { compileGlob } from "./glob.ts";
import {
  type Address,
  type DomainPattern,
  normalizeDomain,
  parseAddress,
  parseCidr,
  parseDomainPattern,
} from "./network.ts";
import { plainPattern } from "./regex.ts";
import { CelError, isCelError, NO_SUCH_OVERLOAD } from "./values.ts";

export interface ResolvedCall {
  readonly spec: FunctionSpec;
  /** All arguments, the receiver of a method first. */
  readonly args: readonly Node[];
}

/** The dotted name that a node spells, such as `strings` or `math.x`; undefined for anything else. */
function qualifiedName(node: Node): string | undefined {
  if (node.kind === "ident") return node.name;
  if (node.kind !== "select") return undefined;
  const outer = qualifiedName(node.operand);
  return outer === undefined ? undefined : `${outer}.${node.field}`;
}

/** Finds the function that a call means: a method, a global one, or a global one with a dotted name. */
export function resolveCall(
  node: CallNode,
  functions: FunctionTable,
  isLocal: (name: string) => boolean,
): ResolvedCall | undefined {
  if (node.target === undefined) {
    const spec = functions.global(node.name.replace(/^\./, ""));
    return spec && { spec, args: node.args };
  }
  const qualifier = qualifiedName(node.target);
  if (qualifier !== undefined && !isLocal(qualifier.split(".")[0]!)) {
    const spec = functions.global(`${qualifier}.${node.name}`);
    if (spec !== undefined) return { spec, args: node.args };
  }
  const spec = functions.method(node.name);
  return spec && { spec, args: [node.target, ...node.args] };
}

export function compileCall(node: CallNode, context: Context, scratch: EvalFrame): Compiled {
  const chain = node.name === "action_arg" ? compileChain(node, context) : undefined;
  if (chain !== undefined) return chain;
  const { environment } = context;
  const call = resolveCall(node, environment.functions, (name) => findLocal(name, context.scope) !== undefined);
  if (call === undefined) return failing(new CelError(`unknown function \`${node.name}\``));
  const args = call.args.map((arg) => context.compile(arg));
  if (!call.spec.overloads.some((overload) => overload.parameters.length === args.length)) {
    return failing(NO_SUCH_OVERLOAD);
  }
  const special = specialise(call.spec, args, context);
  if (special !== undefined) return special;
  const prepared = call.spec.prepare?.(args.map((arg) => arg.constant));
  if (prepared !== undefined && "fault" in prepared) {
    environment.fault(node.offset, prepared.fault);
    // Not even run to fold it: its parser may not be loaded.
    return failing(new CelError(prepared.fault));
  }
  const implementation = prepared !== undefined && "run" in prepared ? prepared.run : call.spec.run;
  const run = callRun(
    implementation as (frame: EvalFrame, ...args: unknown[]) => unknown,
    args.map((arg) => arg.run),
  );
  const weight = args.reduce((sum, arg) => sum + arg.weight, 3);
  const facts = [...factsOf(call.spec, args, context), ...runsFacts(call.spec, args)];
  const found = foundBy(call, args, run, context);
  return foldConstant(guarded({ run, isLight: false, weight, facts, found }), args, scratch);
}

/** A call that cannot work. */
function failing(error: CelError): Compiled {
  return { run: () => error, isLight: true, weight: 1, facts: [] };
}

/** `shell(...)` of inputs, and texts that are made of what it found. */
function foundBy(
  { spec, args: nodes }: ResolvedCall,
  args: readonly Compiled[],
  run: Run,
  context: Context,
): Found | undefined {
  const [first, second] = args;
  if (spec.isMethod && spec.name === "join" && first?.found?.part === "texts") {
    const isPlain = second === undefined || typeof second.constant?.value === "string";
    return isPlain ? { slot: first.found.slot, part: "text" } : undefined;
  }
  const id =
    spec.isMethod || spec.name !== "shell" || first === undefined ? undefined : inputId(nodes[0]!, first, context);
  const slot = id === undefined ? undefined : context.environment.findings(`shell(${id})`, run);
  return slot === undefined ? undefined : { slot, part: "whole" };
}

/** Names what reads nothing but inputs that stay the same for a decision; undefined for anything else. */
function inputId(node: Node, { slot }: Compiled, context: Context): string | undefined {
  if (slot !== undefined) return VOLATILE_INPUTS.has(context.environment.keysOf(slot)[0]!) ? undefined : `#${slot}`;
  if (node.kind !== "call" || node.name !== "command_line" || node.target !== undefined) return undefined;
  const ids = node.args.map((arg) => inputId(arg, context.compile(arg), context));
  return ids.includes(undefined) ? undefined : `command_line(${ids.join(", ")})`;
}

/** `value.runs("git")` */
function runsFacts({ isMethod, name }: FunctionSpec, [value, program]: readonly Compiled[]): Fact[] {
  return isMethod && name === "runs" ? programFacts(value?.found, program?.constant?.value) : [];
}

function callRun(implementation: (frame: EvalFrame, ...args: unknown[]) => unknown, runs: readonly Run[]): Run {
  const [a, b] = runs as [Run, Run];
  if (runs.length === 1) {
    return (frame) => {
      const x = a(frame);
      return isCelError(x) ? x : implementation(frame, x);
    };
  }
  if (runs.length === 2) {
    return (frame) => {
      const x = a(frame);
      if (isCelError(x)) return x;
      const y = b(frame);
      return isCelError(y) ? y : implementation(frame, x, y);
    };
  }
  return (frame) => {
    const values: unknown[] = [];
    for (const run of runs) {
      const value = run(frame);
      if (isCelError(value)) return value;
      values.push(value);
    }
    return implementation(frame, ...values);
  };
}

/** What a value that is no text makes of a test of texts. */
function notText(value: unknown): unknown {
  return isCelError(value) ? value : NO_SUCH_OVERLOAD;
}

/** Shapes that rules are full of, and that take no fuel. */
function specialise(spec: FunctionSpec, args: readonly Compiled[], context: Context): Compiled | undefined {
  const [first, second] = args as [Compiled, Compiled | undefined];
  const part = second?.constant?.value;
  if (first.constant !== undefined || typeof part !== "string") return undefined;
  const { run: operand, isLight, weight } = first;
  const traits = { isLight, weight: weight + 1, facts: factsOf(spec, args, context) };
  if (spec.isMethod && spec.name === "startsWith") {
    const run = (frame: EvalFrame): unknown => {
      const text = operand(frame);
      return typeof text === "string" ? text.startsWith(part) : notText(text);
    };
    return { run, ...traits };
  }
  if (spec.isMethod && spec.name === "endsWith") {
    const run = (frame: EvalFrame): unknown => {
      const text = operand(frame);
      return typeof text === "string" ? text.endsWith(part) : notText(text);
    };
    return { run, ...traits };
  }
  if (spec.name === "dest_domain_matches") return compileDomain(first, part, context);
  if (spec.name === "dest_ip_in_cidr") return compileCidr(first, part, context);
  return undefined;
}

/** Compares with the domain in its normal form, which is made once per decision. */
function compileDomain(domain: Compiled, text: string, context: Context): Compiled | undefined {
  const pattern = parseDomainPattern(text);
  if (isCelError(pattern) || domain.slot === undefined) return undefined;
  const normal = context.environment.derive("domain", domain.slot, (value) =>
    typeof value === "string" ? normalizeDomain(value) : NO_SUCH_OVERLOAD,
  );
  if (normal === undefined) return undefined;
  const { run: read, weight } = normal;
  return {
    run: domainRun(read, pattern),
    isLight: true,
    weight: weight + 1,
    facts: domainFacts(normal, pattern, context),
  };
}

/** Tests the address in its parsed form, which is made once per decision. */
function compileCidr(ip: Compiled, text: string, context: Context): Compiled | undefined {
  const range = parseCidr(text);
  if (isCelError(range) || ip.slot === undefined) return undefined;
  const parsed = context.environment.derive("ip", ip.slot, (value) =>
    typeof value === "string" ? parseAddress(value) : NO_SUCH_OVERLOAD,
  );
  if (parsed === undefined) return undefined;
  const { run: read, weight } = parsed;
  const run = (frame: EvalFrame): unknown => {
    const address = read(frame);
    return isCelError(address) ? address : range.contains(address as Address);
  };
  return { run, isLight: true, weight: weight + 1, facts: [] };
}

function domainRun(read: Run, pattern: DomainPattern): Run {
  const { exact, suffix } = pattern;
  if (exact !== undefined) {
    return (frame) => {
      const name = read(frame);
      return isCelError(name) ? name : name === exact;
    };
  }
  const below = suffix!;
  return (frame) => {
    const name = read(frame);
    return typeof name === "string" ? name.length > below.length && name.endsWith(below) : name;
  };
}

function domainFacts(normal: Compiled, pattern: DomainPattern, context: Context): Fact[] {
  const place = placeOf(normal, context);
  if (place === undefined) return [];
  return [
    pattern.exact === undefined ? affixFact(place, "suffix", pattern.suffix!) : equalsFact(place, [pattern.exact]),
  ];
}

/** What a test of a text at a path demands of the text's start and end. */
function factsOf(spec: FunctionSpec, args: readonly Compiled[], context: Context): Fact[] {
  const isGlob = spec.name === "glob";
  const [pattern, operand] = isGlob ? [args[0], args[1]] : [args[1], args[0]];
  const place = operand && placeOf(operand, context);
  const text = pattern?.constant?.value;
  if (place === undefined || typeof text !== "string" || args.length !== 2) return [];
  const affixes = affixesOf(spec.name, text);
  return (["prefix", "suffix"] as const).flatMap((op) => (affixes[op] ? [affixFact(place, op, affixes[op])] : []));
}

function affixesOf(name: string, text: string): { prefix?: string; suffix?: string } {
  if (name === "startsWith") return { prefix: text };
  if (name === "endsWith") return { suffix: text };
  if (name === "glob") return compileGlob(text);
  const plain = name === "matches" ? plainPattern(text) : undefined;
  if (plain === undefined) return {};
  return { ...(plain.atStart && { prefix: plain.text }), ...(plain.atEnd && { suffix: plain.text }) };
}
