import {
  differenceLines,
  type RanReport,
  type RuleCoverage,
  type TestedCase,
  type TestReport,
} from "../../operations/rule-sets/test-rules.ts";

/** One page without scripts and without anything loaded from elsewhere. */
export function htmlReport(report: TestReport): string {
  const body = report.status === "invalid" ? invalidBody(report.diagnostics) : ranBody(report);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Fixtures: ${report.status}</title>
<style>${STYLE}</style>
</head>
<body>
<h1 class="${report.status === "passed" ? "good" : "bad"}">Fixtures: ${report.status}</h1>
${body}</body>
</html>
`;
}

const STYLE = `
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #8884; }
code { font: 13px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
summary { cursor: pointer; }
.good { color: #1a7f37; } .bad { color: #cf222e; } .quiet { opacity: .7; }
`;

function invalidBody(diagnostics: Extract<TestReport, { status: "invalid" }>["diagnostics"]): string {
  const rows = diagnostics.map((d) => row(place(d), escapeHtml(d.message), escapeHtml(d.code)));
  return `<p>Rules or fixtures have errors, so nothing was tested.</p>\n${table(["place", "problem", "code"], rows)}`;
}

function ranBody({ revision, cases, omitted, coverage }: RanReport): string {
  const failed = cases.filter(({ differences }) => differences.length > 0);
  const { ruleShare, branchShare, rules } = coverage;
  const facts = [
    row(
      "cases",
      `${cases.length}, ${failed.length} failed${omitted === 0 ? "" : `, ${omitted} left out by the filter`}`,
    ),
    row("rules shown", `${ruleShare.percent}% (${ruleShare.covered} of ${ruleShare.total})`),
    row("branches shown", `${branchShare.percent}% (${branchShare.covered} of ${branchShare.total})`),
    row("revision", `<code>${escapeHtml(revision)}</code>`),
  ];
  return [
    table(["", ""], facts),
    ...(failed.length > 0 ? ["<h2>Failed</h2>\n", ...failed.map(failureSection)] : []),
    "<h2>Rules</h2>\n",
    ...rules.map(ruleSection),
    "<h2>Cases</h2>\n",
    table(["", "case", "decision", "rules"], cases.map(caseRow)),
  ].join("");
}

function failureSection(tested: TestedCase): string {
  const { name, position } = tested.case;
  const rules = tested.explanation.map(({ id, outcome, falseTerms = [], message = "" }) => {
    const terms = falseTerms.map(({ text }) => `<br>false: <code>${escapeHtml(text)}</code>`).join("");
    return row(escapeHtml(id), `${outcome.replace("_", " ")} ${escapeHtml(message)}${terms}`);
  });
  const told = [...differenceLines(tested), `reason: ${tested.decision.reason}`].map(escapeHtml).join("<br>");
  return `<h3>${escapeHtml(name)} <span class="quiet">${place(position)}</span></h3>\n<p>${told}</p>\n${table(["rule", "outcome"], rules)}`;
}

function ruleSection({ id, position, matched, notMatched, decided, gaps, branches }: RuleCoverage): string {
  const partial = branches.filter(({ missing }) => missing.length > 0);
  const isWhole = gaps.length === 0 && partial.length === 0;
  const counts = `matched ${matched}, not matched ${notMatched}, decided ${decided}`;
  const told = [
    ...gaps.map((gap) => gap.replaceAll("_", " ")),
    ...(partial.length > 0 ? [`${partial.length} branches not whole`] : []),
  ];
  const state = isWhole ? `<span class="good">whole</span>` : `<span class="bad">${told.join(", ")}</span>`;
  const rows = branches.map(({ text, role, seen, missing, position: at }) => {
    const missed = missing.length === 0 ? "" : `<span class="bad">never ${missing.join(" or ")}</span>`;
    return row(`<code>${escapeHtml(text)}</code>`, role, seen.join(", "), missed, place(at));
  });
  const details = branches.length === 0 ? "" : table(["branch", "is", "was", "", "place"], rows);
  return `<details><summary>${escapeHtml(id)} ${state} <span class="quiet">${counts}, ${place(position)}</span></summary>\n${details}</details>\n`;
}

function caseRow({ case: { name, position }, decision, differences }: TestedCase): string {
  const mark = differences.length === 0 ? `<span class="good">holds</span>` : `<span class="bad">fails</span>`;
  return row(
    mark,
    `${escapeHtml(name)} <span class="quiet">${place(position)}</span>`,
    decision.decision,
    escapeHtml(decision.rules.join(", ")),
  );
}

/** @param cells HTML */
const row = (...cells: readonly string[]) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>\n`;

function table(head: readonly string[], rows: readonly string[]): string {
  const names = head.some((name) => name !== "") ? `<tr>${head.map((name) => `<th>${name}</th>`).join("")}</tr>\n` : "";
  return `<table>\n${names}${rows.join("")}</table>\n`;
}

const place = ({ file, line, column }: { file: string; line: number; column: number }) =>
  `<code>${escapeHtml(`${file}:${line}:${column}`)}</code>`;

/** SECURITY: everything that comes from a file, as text and as an attribute. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
