/** What is known about a value before anything runs. `dyn` is anything at all. */
export type StaticType =
  | { readonly kind: ScalarKind }
  | { readonly kind: "list"; readonly element: StaticType }
  | { readonly kind: "map"; readonly value: StaticType }
  /** A map with known keys: selecting another one is a fault. */
  | { readonly kind: "object"; readonly name: string; readonly fields: Readonly<Record<string, StaticType>> };

export type ScalarKind =
  | "dyn"
  | "null"
  | "bool"
  | "int"
  | "uint"
  | "double"
  | "string"
  | "bytes"
  | "timestamp"
  | "duration"
  | "type";

export const DYN: StaticType = { kind: "dyn" };
export const NULL: StaticType = { kind: "null" };
export const BOOL: StaticType = { kind: "bool" };
export const INT: StaticType = { kind: "int" };
export const UINT: StaticType = { kind: "uint" };
export const DOUBLE: StaticType = { kind: "double" };
export const STRING: StaticType = { kind: "string" };
export const BYTES: StaticType = { kind: "bytes" };
export const TIMESTAMP: StaticType = { kind: "timestamp" };
export const DURATION: StaticType = { kind: "duration" };
export const TYPE: StaticType = { kind: "type" };
export const LIST: StaticType = { kind: "list", element: DYN };
export const MAP: StaticType = { kind: "map", value: DYN };

export function listOf(element: StaticType): StaticType {
  return { kind: "list", element };
}

export function isNumericType(type: StaticType): boolean {
  return type.kind === "int" || type.kind === "uint" || type.kind === "double";
}

export function isMapType(type: StaticType): boolean {
  return type.kind === "map" || type.kind === "object";
}

/** Whether a value of one type can be where the other is asked for; unknown parts give the benefit of the doubt. */
export function isAssignable(from: StaticType, to: StaticType): boolean {
  if (from.kind === "dyn" || to.kind === "dyn") return true;
  if (from.kind === "list" && to.kind === "list") return isAssignable(from.element, to.element);
  if (from.kind === "object" && to.kind === "object") return from.name === to.name;
  if (isMapType(from) && isMapType(to)) return true;
  return from.kind === to.kind;
}

/** Whether two values can ever be equal. Null may be compared with anything, and is then just unequal. */
export function isComparable(a: StaticType, b: StaticType): boolean {
  if (a.kind === "null" || b.kind === "null" || (isNumericType(a) && isNumericType(b))) return true;
  if (a.kind === "list" && b.kind === "list") return isComparable(a.element, b.element);
  if (isMapType(a) && isMapType(b)) return true;
  return isAssignable(a, b);
}

/** The type of a value that may be either. */
export function commonType(a: StaticType, b: StaticType): StaticType {
  if (a.kind === "list" && b.kind === "list") return listOf(commonType(a.element, b.element));
  if (a.kind === "object" || b.kind === "object") return a === b ? a : isMapType(a) && isMapType(b) ? MAP : DYN;
  if (a.kind === "map" && b.kind === "map") return { kind: "map", value: commonType(a.value, b.value) };
  return a.kind === b.kind ? a : DYN;
}

export function typeName(type: StaticType): string {
  if (type.kind === "list") return type.element.kind === "dyn" ? "list" : `list of ${typeName(type.element)}`;
  if (type.kind === "object") return `\`${type.name}\``;
  return type.kind;
}
