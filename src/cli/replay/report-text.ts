import type {
  Groups,
  Outcome,
  ReplayExample,
  ReplayReport,
  Transition,
} from "../../operations/replay/replay-export.ts";
import type { Paint } from "../paint.ts";
import { printable } from "../printable.ts";

/** Groups of each kind that people are shown; `--format json` has more. */
const GROUPS_SHOWN = 10;
/** Of one record, where it was redacted. */
const PLACES_SHOWN = 3;

/** A replay for people: how many, then what changes with examples, then for whom. */
export function formatReplay(report: ReplayReport, paint: Paint): string {
  const { changed, transitions, same_decision, by_rule, by_identity, by_action } = report;
  const sections = [
    formatTotals(report, paint),
    ...transitions.map(({ transition, count, examples }) =>
      section(`${painted(transition, paint)} (${number(count)})`, examples.map(formatExample)),
    ),
    ...(same_decision.count === 0
      ? []
      : [
          section(
            `same decision, other rules or obligations (${number(same_decision.count)})`,
            same_decision.examples.map(formatExample),
          ),
        ]),
    formatGroups("by rule", by_rule, ({ before, after }) => `${before ?? "no rule"} -> ${after ?? "no rule"}`),
    ...(changed === 0
      ? []
      : [
          formatGroups("by identity", by_identity, ({ identity }) => identity),
          formatGroups("by action", by_action, ({ action_type, action_name }) => `${action_type} ${action_name}`),
        ]),
    formatUndecidable(report),
    formatMalformed(report),
  ];
  return sections.filter((text) => text !== "").join("\n");
}

function formatTotals(report: ReplayReport, paint: Paint): string {
  const { decisions, records, revision, unchanged, changed, same_decision, undecidable, not_by_rules, malformed } =
    report;
  const rows: [string, number, string?][] = [
    ["unchanged", unchanged],
    ["changed", changed],
    ["same, by other rules", same_decision.count],
    ["undecidable", undecidable.count, "it depends on what was redacted"],
    ...Object.entries(not_by_rules).map(([code, count]): [string, number, string] => ["not by rules", count, code]),
    ["malformed lines", malformed.count],
  ];
  const lines = rows
    .filter(([label, count]) => count > 0 || label === "unchanged" || label === "changed")
    .map(([label, count, note]) => {
      const text = `${label.padEnd(20)}  ${number(count).padStart(number(decisions).length)}`;
      return note === undefined ? text : `${text}  ${paint.quiet(printable(note))}`;
    });
  const headline = `${number(decisions)} decisions, of ${number(records)} records, decided again by ${printable(revision)}`;
  return section((changed > 0 ? paint.attention : paint.good)(headline), lines);
}

function formatExample({ id, time, identity, action_type, action_name, before, after }: ReplayExample): string {
  const rules = `${deciding(before)} -> ${deciding(after)}`;
  return printable(`${time}  ${id}  ${identity}  ${action_type} ${action_name}  ${rules}`);
}

const deciding = ({ rules, reason_code }: Outcome) =>
  rules.length === 0 ? "no rule" : `${rules.join(", ")}${reason_code === "rule_error" ? " (in error)" : ""}`;

interface Counted {
  readonly count: number;
  readonly transitions: Readonly<Partial<Record<Transition, number>>>;
}

function formatGroups<Group extends Counted>(
  title: string,
  { groups, others }: Groups<Group>,
  nameOf: (group: Group) => string,
): string {
  if (groups.length === 0) return "";
  const width = number(groups[0]!.count).length;
  const shown = groups.slice(0, GROUPS_SHOWN).map((group) => {
    const parts = Object.entries(group.transitions).map(([transition, count]) => `${transition} ${number(count)}`);
    return printable(`${number(group.count).padStart(width)}  ${nameOf(group)}  (${parts.join(", ")})`);
  });
  const rest = groups.slice(GROUPS_SHOWN).reduce((sum, { count }) => sum + count, others);
  return section(title, [...shown, ...(rest === 0 ? [] : [`${number(rest).padStart(width)}  others`])]);
}

function formatUndecidable({ undecidable: { count, examples } }: ReplayReport): string {
  if (count === 0) return "";
  const lines = examples.map(({ id, time, identity, action_type, action_name, redacted }) => {
    const places = [...redacted.slice(0, PLACES_SHOWN), ...(redacted.length > PLACES_SHOWN ? ["..."] : [])].join(" ");
    return printable(`${time}  ${id}  ${identity}  ${action_type} ${action_name}  ${places}`);
  });
  return section(`undecidable (${number(count)})`, lines);
}

function formatMalformed({ malformed: { count, examples } }: ReplayReport): string {
  if (count === 0) return "";
  return section(
    `malformed lines (${number(count)})`,
    examples.map(({ line, detail }) => `line ${number(line)}: ${detail}`),
  );
}

/** @param lines that a terminal can show */
const section = (title: string, lines: readonly string[]) => `${title}\n${lines.map((line) => `  ${line}\n`).join("")}`;

function painted(transition: Transition, { good, bad, attention }: Paint): string {
  if (transition.endsWith("->allow")) return bad(transition);
  return transition.endsWith("->deny") ? attention(transition) : good(transition);
}

const number = (value: number) => value.toLocaleString("en");
