import type {
  Case,
  CommandNode,
  CompoundList,
  Coproc,
  For,
  Function as FunctionNode,
  If,
  Select,
  TestExpression,
  While,
} from "unbash";
import { expandToOne, expandWord } from "./expand-word.ts";
import { inBranch, inLoop, type Scope } from "./scope.ts";
import { refuseCoproc, refuseFunction } from "./stricter-syntax.ts";
import { visitSubstitutions } from "./visit-substitutions.ts";

type Compound = Exclude<CommandNode, { type: "Command" | "Redirected" }>;

/** Runs every body of a compound command, whichever way its conditions turn out. */
export function runCompound(node: Compound, scope: Scope): void {
  switch (node.type) {
    case "Subshell":
      inBranch(scope, (branch) => runList(node.body, branch));
      return;
    case "BraceGroup":
      runList(node.body, scope);
      return;
    case "If":
      runIf(node, scope);
      return;
    case "While":
      runWhile(node, scope);
      return;
    case "For":
    case "Select":
      runFor(node, scope);
      return;
    case "ArithmeticFor":
      for (const part of [node.initialize, node.test, node.update])
        if (part !== undefined) visitSubstitutions(part, scope);
      scope.analysis.readsAgain = true;
      inLoop(scope, (loop) => runList(node.body, loop));
      return;
    case "Case":
      runCase(node, scope);
      return;
    case "Function":
      runFunction(node, scope);
      return;
    case "Coproc":
      runCoproc(node, scope);
      return;
    case "TestCommand":
      if (evaluatesArithmetic(node.expression)) scope.analysis.readsAgain = true;
      visitSubstitutions(node, scope);
      return;
    case "ArithmeticCommand":
      forgetAssigned(node.body, scope);
      visitSubstitutions(node, scope);
      return;
  }
}

function runList(list: CompoundList, scope: Scope): void {
  scope.runner.statements(list.commands, scope);
}

function runIf({ clause, then, elif, else: otherwise }: If, scope: Scope): void {
  runList(clause, scope);
  inBranch(scope, (branch) => runList(then, branch));
  for (const branch of elif) {
    inBranch(scope, (inner) => {
      runList(branch.clause, inner);
      runList(branch.then, inner);
    });
  }
  if (otherwise !== undefined) inBranch(scope, (branch) => runList(otherwise, branch));
}

function runWhile({ clause, body }: While, scope: Scope): void {
  inLoop(scope, (loop) => {
    runList(clause, loop);
    runList(body, loop);
  });
}

function runFor({ name, wordlist, body }: For | Select, scope: Scope): void {
  const words = wordlist?.flatMap((word) => expandWord(word, scope)) ?? [];
  const [only] = words;
  inLoop(scope, (loop) => {
    const isKnown = words.length === 1 && only !== undefined && !only.glob;
    loop.variables.set(name.text, isKnown ? only : { text: `$${name.text}`, dynamic: true });
    runList(body, loop);
  });
}

function runCase({ word, items }: Case, scope: Scope): void {
  expandToOne(word, scope);
  inBranch(scope, (branch) => {
    for (const { pattern, body } of items) {
      for (const each of pattern) visitSubstitutions(each, branch);
      runList(body, branch);
    }
  });
}

/** A body counts where it is defined: who calls it, and with what, is not followed. */
function runFunction(node: FunctionNode, scope: Scope): void {
  refuseFunction(node, scope);
  const { body } = node;
  scope.analysis.hasFunction = true;
  inLoop({ ...scope, input: undefined }, (later) => {
    if (body.type === "CompoundList") runList(body, later);
    else scope.runner.node(body, later);
  });
}

function runCoproc(node: Coproc, scope: Scope): void {
  refuseCoproc(node, scope);
  const { body } = node;
  scope.analysis.hasBackground = true;
  inBranch({ ...scope, background: true, input: null }, (branch) => {
    if (body.type === "CompoundList") runList(body, branch);
    else scope.runner.node(body, branch);
  });
}

/** `[[ -v 'a[$(id)]' ]]` and `[[ 'a[$(id)]' -eq 1 ]]` run what is in their words. */
function evaluatesArithmetic(test: TestExpression): boolean {
  switch (test.type) {
    case "TestUnary":
      return test.operator === "-v" || test.operator === "-R";
    case "TestBinary":
      return /^-(?:eq|ne|lt|le|gt|ge)$/.test(test.operator);
    case "TestLogical":
      return test.operands.some(evaluatesArithmetic);
    case "TestNot":
      return evaluatesArithmetic(test.operand);
    case "TestGroup":
      return evaluatesArithmetic(test.expression);
  }
}

function forgetAssigned(arithmetic: string, scope: Scope): void {
  for (const [, name = ""] of arithmetic.matchAll(
    /(?<![\w$])([A-Za-z_]\w*)\s*(?:[-+*/%&|^]|<<|>>)?=(?!=)|([A-Za-z_]\w*)(?:\+\+|--)/g,
  )) {
    if (name !== "") scope.variables.set(name, { text: `$${name}`, dynamic: true });
  }
}
