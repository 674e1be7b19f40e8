import { mkdirSync, writeFileSync } from "node:fs";
import { describeMachine } from "./machine.mjs";

const RESULTS = new URL("results/", import.meta.url);

/**
 * What a benchmark says, on the terminal as it comes, and in `bench/results/<name>.md` at the end: nothing is written of a run
 * that was broken off.
 */
export function startReport(name, title) {
  const parts = [];
  const charts = [];
  const say = (part) => {
    parts.push(part);
    console.log(`${part}\n`);
  };
  say(`# ${title}`);
  say(
    describeMachine()
      .map((line) => `- ${line}`)
      .join("\n"),
  );
  return {
    text: say,
    /** What is on the terminal already. */
    keep: (part) => parts.push(part),
    list: (items) => say(items.map((item) => `- ${item}`).join("\n")),
    table: (head, rows) => say(markdownTable(head, rows)),
    /** @param file without its ending; begins with the report's name */
    chart: (file, alt, svg) => {
      charts.push({ file: `${file}.svg`, svg });
      parts.push(`![${alt}](${file}.svg)`);
    },
    write: () => {
      mkdirSync(RESULTS, { recursive: true });
      for (const { file, svg } of charts) writeFileSync(new URL(file, RESULTS), svg);
      writeFileSync(new URL(`${name}.md`, RESULTS), `${parts.join("\n\n")}\n`);
    },
  };
}

const markdownTable = (head, rows) =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
