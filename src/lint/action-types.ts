import { distance } from "fastest-levenshtein";
import type { Node } from "../cel/ast.ts";
import { KNOWN_ACTION_TYPES } from "../model/request.ts";
import type { Remark } from "./impossible-comparison.ts";
import { fieldOf, itemsOf } from "./read-files.ts";
import { inputPathOf, isText } from "./scope.ts";
import type { LintRule } from "./types.ts";
import { walk } from "./walk.ts";

/**
 * Action types in a condition that are nearly a known one. Any other type is a caller's own. Offsets are of the condition.
 */
export function findUnknownTypes({ condition }: LintRule): Remark[] {
  if (condition === undefined) return [];
  return [...walk(condition)].flatMap(({ node, scope }) => {
    if (node.kind !== "binary" || !/^(?:==|!=|in)$/.test(node.operator)) return [];
    const isType = (operand: Node) => inputPathOf(operand, scope)?.keys.join(".") === "action_type";
    const other = isType(node.left) ? node.right : isType(node.right) ? node.left : undefined;
    const constants = other?.kind === "list" ? other.elements : [other];
    return constants.flatMap((constant) =>
      constant !== undefined && isText(constant) ? remarkOn(constant.value, constant.offset) : [],
    );
  });
}

/** Those that the rule's `action.type` names. Offsets are of the file. */
export function findUnknownTypeGlobs({ node }: LintRule): Remark[] {
  const type = fieldOf(fieldOf(node, "action"), "type");
  const items = type?.kind === "scalar" ? [type] : itemsOf(type);
  return items.flatMap((item) =>
    item.kind === "scalar" && !/[*?]/.test(item.text) ? remarkOn(item.text, item.offset) : [],
  );
}

function remarkOn(value: string, offset: number): Remark[] {
  if ((KNOWN_ACTION_TYPES as readonly string[]).includes(value)) return [];
  const near = KNOWN_ACTION_TYPES.find((known) => distance(lettersOf(value), lettersOf(known)) <= 1);
  if (near === undefined) return [];
  return [
    { offset, message: `\`${value}\` is not an action type that is known, did you mean \`${near}\`? case counts` },
  ];
}

/** Without what is spelt differently from one language to the next. */
function lettersOf(type: string): string {
  return type.toLowerCase().replace(/[\s._-]/g, "");
}
