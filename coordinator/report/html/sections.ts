// One rule's verdicts of one status: what it is about, and each evidence with the devices that show it.
import type { Section } from '../../audit/report.js';
import { count } from '../../inventory/wording.js';
import { foldNames } from '../../nodeset/fold.js';
import { html, type Markup } from './markup.js';

/** Distinct evidences of a rule that are shown; the devices of the others are named together. */
const MOST_GROUPS = 25;
/** So many are shown at once, the rest on demand. */
const FIRST_GROUPS = 5;
const SHORT_NAMES = 200;
/** Names that do not fold would otherwise fill the page once for each rule. */
const MOST_NAMES = 8000;

export interface SectionParts {
  sweep: string;
  /** Whether remedy and reference are told. */
  advice: boolean;
  /** Devices on which the finding is new, by rule. */
  fresh: ReadonlyMap<string, readonly string[]>;
}

export function* sections(all: readonly Section[], parts: SectionParts): Generator<string> {
  for (const section of all) yield sectionOf(section, parts).text;
}

/** Devices folded; long lists behind a summary. */
export function named(devices: readonly string[]): Markup {
  const names = foldNames(devices);
  if (names.length <= SHORT_NAMES)
    return html`<span class="names">${names}</span>${devices.length > 1 ? ` (${devices.length})` : ''}`;
  const cut =
    names.length > MOST_NAMES ? `${names.slice(0, names.lastIndexOf(',', MOST_NAMES))}, ...` : names;
  return html`<details><summary>${count(devices.length, 'device')}</summary><span class="names">${cut}</span></details>`;
}

function sectionOf(
  { rule, groups, others, devices }: Section,
  { sweep, advice, fresh }: SectionParts,
): Markup {
  const { severity, remedy, reference } = rule;
  const news = fresh.get(rule.rule) ?? [];
  const all = [...groups.values()].sort((one, other) => other.devices.length - one.devices.length);
  const shown = all.slice(0, MOST_GROUPS).map(
    (group) => html`<div class="group">${named(group.devices)}<ul class="evidence">${group.lines.map(
      (line) => html`<li><code>${line}</code></li>`,
    )}</ul></div>
`,
  );
  const rest = [...all.slice(MOST_GROUPS).flatMap((group) => group.devices), ...others];
  return html`<article class="${severity}"><h3>${rule.rule}: ${rule.title}</h3>
<p><span class="grade ${severity}">${severity}</span>, ${count(devices, 'device')}${news.length > 0 ? html` <span class="new">${news.length} new</span>` : ''}</p>
${advice && remedy !== null ? html`<p class="soft">Remedy</p><pre>${remedy}</pre>` : ''}${advice && reference !== null ? html`<p class="soft">Reference: ${linked(reference)}</p>` : ''}
${shown.slice(0, FIRST_GROUPS)}${
  shown.length > FIRST_GROUPS
    ? html`<details><summary>${shown.length - FIRST_GROUPS} more</summary>${shown.slice(FIRST_GROUPS)}</details>`
    : ''
}${
  rest.length > 0
    ? html`<div class="group">${named(rest)}<p class="soft">Other evidence: <code>netsweep audit run --from ${sweep} --format csv</code></p></div>`
    : ''
}</article>
`;
}

/** Addresses of the web become links, which nothing follows by itself. */
function linked(text: string): Markup {
  const parts = text.split(/(https?:\/\/[^\s)>,]*[^\s)>,.;])/);
  return html`${parts.map((part, place) =>
    place % 2 === 1 ? html`<a href="${part}" rel="noopener noreferrer">${part}</a>` : part,
  )}`;
}
