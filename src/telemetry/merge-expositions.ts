/**
 * One text of several in the Prometheus text format, whose series differ by a label. Each metric is described once, and its
 * series are together, as the format wants it.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function mergeExpositions(texts: readonly string[]): string {
  const metrics = new Map<string, string[]>();
  for (const text of texts) {
    for (const metric of text.split(/\n(?=# HELP )/)) {
      const lines = metric.split("\n").filter((line) => line !== "");
      const description = lines.filter((line) => line.startsWith("# ")).join("\n");
      const samples = lines.filter((line) => !line.startsWith("# "));
      metrics.set(description, [...(metrics.get(description) ?? []), ...samples]);
    }
  }
  return [...metrics].map(([description, samples]) => `${[description, ...samples].join("\n")}\n`).join("\n");
}
