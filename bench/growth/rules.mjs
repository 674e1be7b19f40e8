import { activationOf, sourcesOf } from "../rule-set.mjs";
import { lineChart } from "../svg-chart.mjs";
import { decisionUs, ruleSetOf } from "./measure.mjs";

const COUNTS = [10, 100, 1000, 10_000, 100_000];
const TARGETS = { 1000: "2", 10000: "5", 100000: "20" };
const ACTIVATIONS = 1024;

/** Decisions and the load of the rules, in this process. */
export function growRules(report) {
  report.text("## Rules");
  const points = [];
  const rows = COUNTS.map((count) => {
    const sources = sourcesOf(count, Math.ceil(count / 1000));
    const before = process.cpuUsage();
    const ruleSet = ruleSetOf(sources);
    const { user, system } = process.cpuUsage(before);
    const activations = Array.from({ length: ACTIVATIONS }, (_, n) =>
      activationOf(Math.floor((n * count) / ACTIVATIONS)),
    );
    const candidates = activations.reduce((sum, each) => sum + ruleSet.select(each).candidates.length, 0) / ACTIVATIONS;
    const us = decisionUs(ruleSet, activations);
    points.push([count, us]);
    return [
      count.toLocaleString("en"),
      us.toFixed(2),
      TARGETS[count] ?? "",
      candidates.toFixed(2),
      ((user + system) / 1000).toFixed(0),
    ];
  });
  report.table(["rules", "us CPU a decision", "target", "rules looked at", "load, ms CPU"], rows);
  const lines = [{ name: "decide", points }];
  const axes = { x: "rules", y: "us", logX: true, logY: true };
  report.chart(
    "growth-rules",
    "Time of a decision by rules",
    lineChart({ title: "CPU of a decision by rules", ...axes, lines }),
  );
}
