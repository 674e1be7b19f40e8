import type { Node } from "./ast.ts";
import { resolveCall } from "./compile-calls.ts";
import { flatten } from "./compile-logic.ts";
import type { Compiled } from "./compiled.ts";
import type { FunctionTable } from "./functions.ts";
import { childrenOf, startOf } from "./tree.ts";
import type { Branch, BranchObserver, BranchOutcome } from "./types.ts";
import { unparse } from "./unparse.ts";
import { isCelError } from "./values.ts";

/** Finds the branches of one expression and, once it is compiled with `wrap`, tells of each outcome. */
export class BranchProbe {
  readonly #observe: BranchObserver;
  readonly #functions: FunctionTable;
  readonly #branches = new Map<Node, Branch>();
  /** Branches that the compiler found to be constant: they cannot go the other way. */
  readonly #fixed = new Set<Branch>();

  constructor(root: Node, functions: FunctionTable, observe: BranchObserver) {
    this.#observe = observe;
    this.#functions = functions;
    this.#add(root, "condition", undefined);
    this.#visit(root, this.#branches.get(root)!);
  }

  /** What an evaluation can do, in the order of the source. Complete once the whole expression is compiled. */
  branches(): Branch[] {
    const open = [...this.#branches.values()].filter((branch) => !this.#fixed.has(branch));
    return open.sort((a, b) => a.offset - b.offset);
  }

  readonly wrap = (node: Node, compiled: Compiled): Compiled => {
    const branch = this.#branches.get(node);
    if (branch === undefined) return compiled;
    if (compiled.constant !== undefined) {
      this.#fixed.add(branch);
      return compiled;
    }
    const observe = this.#observe;
    const { run } = compiled;
    const isTaken = branch.outcomes.includes("taken");
    return {
      ...compiled,
      run: (frame) => {
        const value = run(frame);
        if (isTaken ? !isCelError(value) : typeof value === "boolean") {
          observe(branch, isTaken ? "taken" : value === true ? "true" : "false");
        }
        return value;
      },
    };
  };

  #visit(node: Node, parent: Branch): void {
    switch (node.kind) {
      case "and":
      case "or":
        for (const term of flatten(node)) this.#visit(term, this.#add(term, "term", parent));
        return;
      case "conditional":
        this.#visit(node.test, this.#add(node.test, "test", parent));
        this.#visit(node.whenTrue, this.#add(node.whenTrue, "arm", parent));
        this.#visit(node.whenFalse, this.#add(node.whenFalse, "arm", parent));
        return;
      case "comprehension": {
        this.#visit(node.range, parent);
        const { filter, body } = node;
        if (filter !== undefined) this.#visit(filter, this.#add(filter, "predicate", parent));
        this.#visit(body, PREDICATE_MACROS.has(node.macro) ? this.#add(body, "predicate", parent) : parent);
        return;
      }
      default:
        for (const child of childrenOf(node)) this.#visit(child, parent);
    }
  }

  #add(node: Node, role: Branch["role"], parent: Branch | undefined): Branch {
    const outcomes: readonly BranchOutcome[] =
      role === "arm" && !isBoolean(node, this.#functions) ? ["taken"] : ["true", "false"];
    const branch: Branch = { role, offset: startOf(node), text: unparse(node), outcomes, parent };
    this.#branches.set(node, branch);
    return branch;
  }
}

/** Macros whose body says yes or no to an element. */
const PREDICATE_MACROS: ReadonlySet<string> = new Set(["all", "exists", "exists_one", "filter"]);
const RELATIONS: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">=", "in"]);

/** Whether a node can be nothing but a boolean or an error, as far as its own form tells. */
function isBoolean(node: Node, functions: FunctionTable): boolean {
  switch (node.kind) {
    case "literal":
      return typeof node.value === "boolean";
    case "binary":
      return RELATIONS.has(node.operator);
    case "comprehension":
      return PREDICATE_MACROS.has(node.macro) && node.macro !== "filter";
    case "call": {
      const overloads = resolveCall(node, functions, () => false)?.spec.overloads ?? [];
      return overloads.length > 0 && overloads.every(({ result }) => result.kind === "bool");
    }
    default:
      return node.kind === "and" || node.kind === "or" || node.kind === "not" || node.kind === "has";
  }
}
