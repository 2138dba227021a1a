// An audit as one page that needs nothing but itself: no script, no font, no picture from elsewhere. Findings stand by
// rule, devices with the same evidence together, so that it stays small for fleets that are large.
import { Findings, summaryLine } from '../../audit/report.js';
import { SEVERITIES, type Severity, type VerdictStatus } from '../../audit/verdict.js';
import { count } from '../../inventory/wording.js';
import { byRule, type Past } from '../past.js';
import { byName, fieldText, type Settled } from '../settled.js';
import { Standing, scoreText } from '../standing.js';
import { line, scoreBar, stackedBar } from './charts.js';
import { html, type Markup } from './markup.js';
import { named, sections } from './sections.js';
import { STYLE } from './style.js';

const GRAVEST_FIRST: readonly Severity[] = [...SEVERITIES].reverse();
const MOST_FIXED = 200;

/** The same for every report, so that nothing that came along may be fetched or run. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

interface Gathered {
  findings: Findings;
  all: Standing;
  segments: Map<string, Standing>;
}

export async function* htmlReport(settled: Settled, past: Past): AsyncGenerator<string> {
  const gathered = await gather(settled);
  const { book, tally, sweep, atMs } = settled;
  const title = `Audit: ${book.policies.join(', ')}`;
  const when = isoMinute(atMs);
  const fresh = byRule(past.change?.fresh ?? []);
  yield html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">
<title>${title}, ${when}</title><style>${STYLE}</style></head><body>
<a class="skip" href="#findings">To the findings</a>
<header><h1>${title}</h1>
<p>${when} UTC, sweep <code>${sweep}</code>: ${summaryLine(tally)}.</p></header><main>
`.text;
  yield summary(gathered, past).text;
  yield segmentTable(gathered).text;
  yield sinceLast(gathered, past, atMs).text;
  yield html`<h2 id="findings">Findings</h2>
`.text;
  const fail = gathered.findings.sections('fail');
  if (fail.length === 0)
    yield html`<p>None${tally.counts.error + tally.counts.unknown > 0 ? ', as far as the rules could be evaluated' : ''}.</p>
`.text;
  for (const severity of GRAVEST_FIRST)
    yield* sections(
      fail.filter(({ rule }) => rule.severity === severity),
      { sweep, advice: true, fresh },
    );
  for (const [status, heading, about] of OTHERS) {
    const others = gathered.findings.sections(status);
    if (others.length === 0) continue;
    yield html`<h2>${heading} (${tally.counts[status]})</h2><p class="soft">${about}</p>
`.text;
    yield* sections(others, { sweep, advice: false, fresh: new Map() });
  }
  yield ruleTable(settled).text;
  yield html`</main><footer><p>Made by netsweep. A score counts what passes among what was judged, from 0 to 100: a critical rule
weighs 10, a high one 5, a medium one 2, a low one 1; what is waived, unknown or not applicable is left out.</p></footer></body></html>
`.text;
}

const OTHERS: [status: VerdictStatus, heading: string, about: string][] = [
  [
    'error',
    'Could not be evaluated',
    'Neither passed nor failed: the rule, or what it asks for, has to be looked at.',
  ],
  ['unknown', 'Unknown', 'There is no whole output to judge.'],
  ['waived', 'Waived', 'Fails, and somebody answers for that until a day.'],
];

async function gather({ audited, verdicts }: Settled): Promise<Gathered> {
  const gathered: Gathered = {
    findings: new Findings(),
    all: new Standing(),
    segments: new Map(),
  };
  const of = byName(audited);
  for await (const ofDevice of verdicts()) {
    const about = of.get(ofDevice[0]?.device ?? '');
    const name = about === undefined ? '' : fieldText(about, 'segment');
    const segment = gathered.segments.get(name) ?? new Standing();
    gathered.segments.set(name, segment);
    segment.devices++;
    for (const verdict of ofDevice) {
      segment.add(verdict);
      gathered.all.add(verdict);
      gathered.findings.add(verdict);
    }
  }
  return gathered;
}

function summary({ all }: Gathered, { trend }: Past): Markup {
  const { counts, findings } = all;
  const before = trend.at(-1)?.score ?? null;
  const moved = before === null || all.score === null ? '' : `, ${signed(all.score - before)}`;
  const slices = [
    ...GRAVEST_FIRST.map((severity) => ({
      name: `${severity} findings`,
      count: findings[severity],
      colour: `c-${severity}`,
    })),
    { name: 'errors', count: counts.error, colour: 'c-error' },
    { name: 'unknown', count: counts.unknown, colour: 'c-unknown' },
    { name: 'waived', count: counts.waived, colour: 'c-waived' },
    { name: 'passed', count: counts.pass, colour: 'c-pass' },
    { name: 'not applicable', count: counts['not-applicable'], colour: 'c-none' },
  ];
  const legend = slices
    .filter((slice) => slice.count > 0)
    .map(
      (slice) =>
        html`<li><svg viewBox="0 0 8 8" aria-hidden="true"><rect class="${slice.colour}" width="8" height="8"/></svg>${slice.name} ${slice.count}</li>`,
    );
  return html`<h2>Summary</h2><ul class="cards"><li><b>${scoreText(all.score)}</b>score of 100${moved}</li>${GRAVEST_FIRST.map(
    (severity) =>
      html`<li><b>${findings[severity]}</b><span class="grade ${severity}">${severity}</span></li>`,
  )}<li><b>${counts.error}</b>errors</li><li><b>${counts.unknown}</b>unknown</li><li><b>${counts.waived}</b>waived</li></ul>
${stackedBar(slices)}<ul class="legend">${legend}</ul>
`;
}

function segmentTable({ segments }: Gathered): Markup {
  const rows = [...segments].map(
    ([name, one]) =>
      html`<tr><th scope="row">${name === '' ? '(none)' : name}</th><td class="n">${one.devices}</td><td class="score">${scoreText(one.score)}${scoreBar(one.score)}</td>${GRAVEST_FIRST.map(
        (severity) => html`<td class="n">${one.findings[severity]}</td>`,
      )}<td class="n">${one.counts.error}</td><td class="n">${one.counts.unknown}</td></tr>
`,
  );
  return html`<h2>Segments</h2><div class="wide" tabindex="0" role="region" aria-label="Segments"><table><caption>Score and open findings of each segment</caption><thead><tr><th scope="col">Segment</th><th scope="col" class="n">Devices</th><th scope="col">Score</th>${GRAVEST_FIRST.map(
    (severity) => html`<th scope="col" class="n">${severity}</th>`,
  )}<th scope="col" class="n">errors</th><th scope="col" class="n">unknown</th></tr></thead><tbody>
${rows}</tbody></table></div>
`;
}

function sinceLast({ all }: Gathered, { trend, change }: Past, atMs: number): Markup {
  if (change === null) return html``;
  const points = [...trend, { atMs, score: all.score }].flatMap(({ atMs: at, score }) =>
    score === null ? [] : [{ label: isoMinute(at), value: score }],
  );
  const lists = [...byRule(change.fixed)].slice(0, MOST_FIXED).map(
    ([rule, devices]) => html`<li><code>${rule}</code> ${named(devices)}</li>
`,
  );
  return html`<h2>Since last time</h2><p>${count(change.fresh.length, 'new finding')}, ${change.fixed.length} fixed, ${change.open} still open since the audit of ${isoMinute(change.atMs)} UTC.</p>
${points.length > 1 ? html`<p class="soft">Score from ${points[0]?.label ?? ''} to ${points.at(-1)?.label ?? ''}</p>${line(points)}` : ''}
${lists.length > 0 ? html`<details><summary>Fixed findings</summary><ul>${lists}</ul></details>` : ''}
`;
}

function ruleTable({ book, tally }: Settled): Markup {
  const rows = book.rules.map(({ policy, id, severity, title }, number) => {
    const counts = tally.rules[number]?.counts;
    const cells = COLUMNS.map((status) => html`<td class="n">${counts?.[status] ?? 0}</td>`);
    return html`<tr><th scope="row">${id}</th><td><span class="grade ${severity}">${severity}</span></td><td>${title} <span class="soft">${policy}</span></td>${cells}</tr>
`;
  });
  return html`<h2>Rules</h2><div class="wide" tabindex="0" role="region" aria-label="Rules"><table><caption>Verdicts of each rule</caption><thead><tr><th scope="col">Rule</th><th scope="col">Severity</th><th scope="col">Title</th>${COLUMNS.map(
    (status) => html`<th scope="col" class="n">${status === 'not-applicable' ? 'n/a' : status}</th>`,
  )}</tr></thead><tbody>
${rows}</tbody></table></div>
`;
}

const COLUMNS: readonly VerdictStatus[] = ['fail', 'error', 'unknown', 'waived', 'pass', 'not-applicable'];

/** `2026-11-23 02:00`. */
function isoMinute(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 16).replace('T', ' ');
}

function signed(figure: number): string {
  return figure > 0 ? `+${figure}` : String(figure);
}
