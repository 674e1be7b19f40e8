import { forEachChild, type SyntaxNode } from "unbash";
import type { Field } from "./field.ts";
import { refuseOpened, refuseSyntax, type Scope } from "./scope.ts";
import { refuseOperand } from "./stricter-syntax.ts";

/**
 * Walks every program in the substitutions below a node, however deep in words, arithmetic and tests. Gives what is known of the
 * output where the node is one.
 */
export function visitSubstitutions(node: SyntaxNode, scope: Scope): Field | undefined {
  switch (node.type) {
    case "CommandExpansion":
    case "ProcessSubstitution":
    case "ArithmeticCommandExpansion":
      scope.analysis.hasSubstitution = true;
      // The parser takes `${ command` without its end for a whole one.
      if (node.text.startsWith("${") && !node.text.endsWith("}")) refuseSyntax("unterminated substitution", scope);
      if (node.script === undefined) {
        scope.analysis.runsUnknown();
        return undefined;
      }
      return scope.runner.script(node.script, substitutionScope(node, scope));
    case "TestUnary":
    case "TestBinary":
      refuseOperand(node, scope);
      break;
    case "ParameterExpansion":
      if (node.parameter.includes(")")) refuseSyntax("no name of a parameter", scope);
      // `${!x}` and `${x@P}` are read once more as shell text.
      if (node.prefix === "!" || node.operation?.type === "Transform" || node.operation?.type === "Unknown") {
        scope.analysis.readsAgain = true;
        if (node.operation?.type === "Unknown") refuseOpened(node.text.slice(2), scope);
      }
      break;
    case "ArithmeticExpansion":
    case "ArithmeticCommand":
      if (node.expression === undefined && /\S/.test("body" in node ? node.body : node.text.slice(3, -2))) {
        scope.analysis.runsUnknown();
      }
      scope.analysis.readsAgain = true;
      break;
    case "Literal":
      refuseOpened(node.text, scope);
      noteQuoted(node.value, scope);
      break;
    case "SingleQuoted":
    case "AnsiCQuoted":
      noteQuoted(node.value, scope);
      break;
    case "Word":
      if (node.parts === undefined) refuseOpened(node.text, scope);
      break;
    default:
  }
  // Each level is read again from the text when it is first asked for.
  const inner = node.type.endsWith("Expansion") ? { ...scope, depth: scope.depth + 1 } : scope;
  scope.analysis.enter(inner.depth);
  forEachChild(node, (child) => void visitSubstitutions(child, inner));
  return undefined;
}

function substitutionScope(node: SyntaxNode, scope: Scope): Scope {
  // Bash reads what is in backquotes only when it runs.
  const isNested = scope.isNested || (node.type === "CommandExpansion" && node.text.startsWith("`"));
  const inner = { ...scope, variables: scope.variables.branch(), isNested };
  if (node.type !== "ProcessSubstitution" || node.operator !== ">") return inner;
  return { ...inner, pipedFrom: [...scope.pipedFrom, scope.writer], input: null };
}

function noteQuoted(text: string, { analysis }: Scope): void {
  if (text.includes("$(") || text.includes("`")) analysis.holdsQuotedSubstitution = true;
}
