import { forEachChild, type SyntaxNode } from "unbash";
import type { Scope } from "./scope.ts";

/** Walks every program in the substitutions below a node, however deep in words, arithmetic and tests. */
export function visitSubstitutions(node: SyntaxNode, scope: Scope): void {
  switch (node.type) {
    case "CommandExpansion":
    case "ProcessSubstitution":
    case "ArithmeticCommandExpansion":
      scope.analysis.hasSubstitution = true;
      if (node.script === undefined) {
        scope.analysis.runsUnknown();
        return;
      }
      scope.runner.script(node.script, substitutionScope(node, scope));
      return;
    case "ParameterExpansion":
      // `${!x}` and `${x@P}` are read once more as shell text.
      if (node.prefix === "!" || node.operation?.type === "Transform" || node.operation?.type === "Unknown") {
        scope.analysis.readsAgain = true;
      }
      break;
    case "ArithmeticExpansion":
    case "ArithmeticCommand":
      if (node.expression === undefined && /\S/.test("body" in node ? node.body : node.text.slice(3, -2))) {
        scope.analysis.runsUnknown();
      }
      scope.analysis.readsAgain = true;
      break;
    default:
  }
  forEachChild(node, (child) => visitSubstitutions(child, scope));
}

function substitutionScope(node: SyntaxNode, scope: Scope): Scope {
  const inner = { ...scope, variables: scope.variables.branch() };
  if (node.type !== "ProcessSubstitution" || node.operator !== ">") return inner;
  return { ...inner, pipedFrom: [...scope.pipedFrom, scope.writer], input: null };
}
