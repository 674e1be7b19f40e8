// Charts as text, without a library: bars for a figure of several things, lines for figures over a scale.
const WIDTH = 720;
const COLOURS = ["#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed", "#475569"];
const LEFT = 70;
const RIGHT = 20;
const TOP = 44;

/** @param bars `[{ name, value, isOurs? }]`; ours are drawn in a colour of their own. A value of 0 has no bar. */
export function barChart({ title, unit, bars, format = shortNumber }) {
  const labels = 210;
  const row = 30;
  const longest = Math.max(...bars.map(({ value }) => value));
  const room = WIDTH - labels - 110;
  const drawn = bars.map(({ name, value, isOurs }, nth) => {
    const y = TOP + nth * row;
    const width = longest > 0 ? (value / longest) * room : 0;
    return [
      text(labels - 8, y + 15, name, "end"),
      `<rect x="${labels}" y="${y}" width="${width.toFixed(1)}" height="20" rx="2" fill="${COLOURS[isOurs ? 0 : 5]}"/>`,
      text(labels + width + 6, y + 15, `${format(value)} ${unit}`),
    ].join("");
  });
  return svg(TOP + bars.length * row + 10, title, drawn);
}

/** @param lines `[{ name, points: [[x, y]] }]`. @param logX,logY logarithmic scales, which leave out what is not above 0 */
export function lineChart({ title, x, y, lines, logX = false, logY = false, height = 320 }) {
  const visible = ([atX, atY]) => (!logX || atX > 0) && (!logY || atY > 0);
  const shown = lines.map(({ name, points }) => ({ name, points: points.filter(visible) }));
  const all = shown.flatMap(({ points }) => points);
  if (all.length === 0) throw new RangeError(`${title}: there is no point to draw`);
  const bottom = height - 66;
  const scaleX = scaleOf(
    all.map(([value]) => value),
    logX,
    LEFT,
    WIDTH - RIGHT,
  );
  const scaleY = scaleOf(
    logY ? all.map(([, value]) => value) : [0, ...all.map(([, value]) => value)],
    logY,
    bottom,
    TOP,
  );
  const axes = [
    `<path d="M${LEFT} ${TOP}V${bottom}H${WIDTH - RIGHT}" fill="none" stroke="#94a3b8"/>`,
    ...scaleX.ticks.map((tick) => text(scaleX.at(tick), bottom + 16, shortNumber(tick), "middle")),
    ...scaleY.ticks.map((tick) => text(LEFT - 6, scaleY.at(tick) + 4, shortNumber(tick), "end")),
    text((LEFT + WIDTH - RIGHT) / 2, bottom + 32, x, "middle"),
    text(8, TOP - 8, y),
  ];
  const drawn = shown.flatMap(({ name, points }, nth) => {
    const colour = COLOURS[nth % COLOURS.length];
    const path = points.map((point) => `${scaleX.at(point[0]).toFixed(1)},${scaleY.at(point[1]).toFixed(1)}`).join(" ");
    const legend = LEFT + nth * ((WIDTH - LEFT - RIGHT) / shown.length);
    return [
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      `<rect x="${legend}" y="${height - 18}" width="10" height="10" fill="${colour}"/>`,
      text(legend + 14, height - 9, name),
    ];
  });
  return svg(height, title, [...axes, ...drawn]);
}

/** @returns where a value is drawn between `from` and `to`, and values to write at the axis */
function scaleOf(values, isLog, from, to) {
  const of = isLog ? Math.log10 : (value) => value;
  const [low, high] = [of(Math.min(...values)), of(Math.max(...values))];
  const span = high - low || 1;
  const at = (value) => from + ((of(value) - low) / span) * (to - from);
  if (!isLog) return { at, ticks: [0, 1, 2, 3, 4].map((nth) => low + (span * nth) / 4) };
  const powers = Array.from(
    { length: Math.floor(high) - Math.ceil(low) + 1 },
    (_, nth) => 10 ** (Math.ceil(low) + nth),
  );
  return { at, ticks: powers.length > 1 ? powers : [10 ** low, 10 ** high] };
}

/** Three digits, as in `1.25`, `48`, `12.5k` and `3.1M`. */
export function shortNumber(value) {
  if (value >= 999_500) return `${trimmed(value / 1e6)}M`;
  if (value >= 999.5) return `${trimmed(value / 1e3)}k`;
  return trimmed(value);
}

const trimmed = (value) => String(Number(value.toPrecision(3)));

const escaped = (words) => words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const text = (x, y, words, anchor = "start") =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escaped(words)}</text>`;

/** White behind it, so that it can be read on a dark page. */
function svg(height, title, parts) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="#0f172a">
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
<text x="8" y="20" font-size="14" font-weight="600">${escaped(title)}</text>
${parts.join("\n")}
</svg>
`;
}
