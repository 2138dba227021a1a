// Charts as SVG within the page; every one has its figures as words, for those who don't see it.
import { html, type Markup } from './markup.js';

export interface Slice {
  name: string;
  count: number;
  /** Of the style sheet. */
  colour: string;
}

const WIDTH = 1000;

/** One bar whose parts add up to the whole. */
export function stackedBar(slices: readonly Slice[]): Markup {
  const all = slices.reduce((sum, { count }) => sum + count, 0);
  const words = slices.map(({ name, count }) => `${name} ${count}`).join(', ');
  let x = 0;
  const parts = slices
    .filter(({ count }) => count > 0)
    .map(({ name, count, colour }) => {
      const width = (WIDTH * count) / Math.max(1, all);
      const rect = html`<rect class="${colour}" x="${x.toFixed(1)}" y="0" width="${Math.max(2, width).toFixed(1)}" height="24"><title>${name}: ${count}</title></rect>`;
      x += width;
      return rect;
    });
  return html`<svg class="bar" viewBox="0 0 ${WIDTH} 24" preserveAspectRatio="none" role="img" aria-label="${words}">${parts}</svg>`;
}

/** A score as a part of a hundred. */
export function scoreBar(score: number | null): Markup {
  const width = score ?? 0;
  return html`<svg class="scorebar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="8"/><rect class="${scoreColour(score)}" width="${width}" height="8"/></svg>`;
}

export function scoreColour(score: number | null): string {
  if (score === null) return 'c-unknown';
  if (score >= 90) return 'c-pass';
  return score >= 70 ? 'c-medium' : 'c-critical';
}

export interface Point {
  label: string;
  value: number;
}

/** Scores over time, from 0 to 100, oldest first. */
export function line(points: readonly Point[]): Markup {
  const step = WIDTH / Math.max(1, points.length - 1);
  const at = points.map(({ value }, place) => [place * step, 110 - value] as const);
  const words = points.map(({ label, value }) => `${label}: ${value}`).join(', ');
  const path = at.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');
  const marks = at.map(
    ([x, y], place) =>
      html`<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="4"><title>${points[place]?.label ?? ''}: ${points[place]?.value ?? 0}</title></circle>`,
  );
  const grid = [0, 50, 100].map(
    (value) => html`<line class="grid" x1="0" x2="${WIDTH}" y1="${110 - value}" y2="${110 - value}"/>`,
  );
  return html`<svg class="trend" viewBox="-10 0 ${WIDTH + 20} 120" preserveAspectRatio="none" role="img" aria-label="score, oldest first: ${words}">${grid}<polyline points="${path}"/>${marks}</svg>`;
}
