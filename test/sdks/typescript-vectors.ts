import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../src/package-root.ts";

type Json = Record<string, unknown>;

/** What the scripted server does with one request. */
export interface ScriptedAnswer {
  readonly when?: {
    readonly method: string;
    readonly path: string;
    readonly query?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
  };
  readonly respond?: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
    readonly raw?: string;
    readonly delay_ms?: number;
  };
  readonly behaviour?: "reset" | "hang" | "close_midway" | "hang_midway" | "redirect";
  /** Of an answer that ends or stops midway, instead of 200. */
  readonly status?: number;
  /** Of the event stream: it begins with this text, and stays open. */
  readonly open?: string;
  /** What the event stream does before this answer. */
  readonly stream?: StreamAct;
}

/** What the event stream that is open does, and what the client must have taken in then. */
export interface StreamAct {
  readonly delay_ms?: number;
  readonly send?: string;
  readonly close?: boolean;
  /** How many events, and ends of streams, the client has had in all. */
  readonly events?: number;
  readonly ends?: number;
}

export interface Outcome {
  readonly returns?: unknown;
  readonly raises?: string;
  readonly fields?: Json;
  readonly results?: readonly Json[];
  readonly ran?: number;
  readonly warnings?: number;
}

export interface Step extends StreamAct {
  readonly call: string;
  readonly request: Json;
  readonly requests?: readonly Json[];
  readonly approval?: string;
  readonly options?: Json;
  readonly action?: "raises";
  readonly advance_ms?: number;
  readonly parallel?: number;
  /** Absent of a step of the stream. */
  readonly outcome: Outcome;
}

export interface Vector {
  readonly name: string;
  readonly config?: Json;
  readonly server: readonly ScriptedAnswer[];
  /** What it does with each request for the event stream; without it, none may come. */
  readonly stream?: readonly ScriptedAnswer[];
  readonly steps: readonly Step[];
  readonly requests: number;
  readonly never_contains?: readonly string[];
  /** In all. */
  readonly warnings?: number;
}

export interface CanonicalVector {
  readonly name: string;
  readonly body: unknown;
  readonly canonical: string;
  readonly key: string;
}

export interface ConfigurationVector {
  readonly name: string;
  readonly args: Json;
  readonly env: Readonly<Record<string, string>>;
  readonly effective?: Json;
  readonly warnings?: number;
  readonly raises?: string;
  readonly never_contains?: readonly string[];
}

/** All vectors of a file of `sdks/vectors`, with `like` put in. */
export function readVectors<T>(name: string): readonly T[] {
  const { vectors } = expand(readJson(name)) as { vectors: Json[] };
  return vectors.map((vector) => ({ ...vector, ...withRequests(vector) })) as unknown as readonly T[];
}

function withRequests({ steps }: Json): Json {
  if (!Array.isArray(steps)) return {};
  return { steps: steps.map((step: Json) => ({ ...step, request: step.request ?? BASES.request })) };
}

function readJson(name: string): Json {
  return JSON.parse(readFileSync(join(packageRoot, "sdks", "vectors", `${name}.json`), "utf8")) as Json;
}

const BASES = readJson("bases");

function expand(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(expand);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([name, item]) => [name, expand(item)] as const);
  const { like, ...changes } = Object.fromEntries(members);
  if (typeof like !== "string") return Object.fromEntries(members);
  const merged = { ...(BASES[like] as Json), ...changes };
  return Object.fromEntries(Object.entries(merged).filter(([name]) => changes[name] !== null));
}
