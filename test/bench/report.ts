// What a scenario found, as tables and as goals with a verdict, in Markdown. Verdicts are told, nothing fails by them.
export interface Table {
  head: string[];
  rows: string[][];
}

export interface Goal {
  what: string;
  /** At most so much; at least with `atLeast`. */
  limit: number;
  measured: number;
  unit: string;
  atLeast?: boolean;
}

export interface Section {
  name: string;
  title: string;
  /** Sentences above the tables. */
  notes: string[];
  tables: Table[];
  goals: Goal[];
  /** Everything that was measured, for the JSON file. */
  data: unknown;
}

export function met({ limit, measured, atLeast = false }: Goal): boolean {
  return atLeast ? measured >= limit : measured <= limit;
}

export function markdown(sections: Section[]): string {
  const goals = sections.flatMap((section) => section.goals);
  const verdicts = {
    head: ['goal', 'limit', 'measured', 'verdict'],
    rows: goals.map((goal) => [
      goal.what,
      `${goal.atLeast ? '≥' : '≤'} ${short(goal.limit)}${goal.unit}`,
      `${short(goal.measured)}${goal.unit}`,
      met(goal) ? 'met' : 'missed',
    ]),
  };
  return [
    ...sections.flatMap(({ title, notes, tables }) => [
      `### ${title}`,
      ...(notes.length === 0 ? [] : [notes.join(' ')]),
      ...tables.map(written),
    ]),
    ...(goals.length === 0 ? [] : ['### Goals', written(verdicts)]),
  ].join('\n\n');
}

const BEGINS = '<!-- printed by npm run bench -->';
const ENDS = '<!-- end of what it printed -->';

/** A document with this report in place of the one before. Throws without a place for it. */
export function inPlace(document: string, report: string): string {
  const [from, to] = [document.indexOf(BEGINS), document.indexOf(ENDS)];
  if (from < 0 || to < from) throw new Error(`no place between ${BEGINS} and ${ENDS}`);
  return `${document.slice(0, from)}${BEGINS}\n\n${report}\n\n${document.slice(to)}`;
}

export function written({ head, rows }: Table): string {
  return [head, head.map((_, n) => (n === 0 ? '---' : '---:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** Three digits that count. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', {
    maximumFractionDigits: digits,
    minimumFractionDigits: Math.min(digits, 2),
  });
}
