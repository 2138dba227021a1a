// How well devices do, from 0 to 100: what passes among what was judged, a grave rule counting for more. What is waived
// or not known is left out, and said beside it.
import type { Severity, Verdict, VerdictStatus } from '../audit/verdict.js';

const WEIGHTS: Record<Severity, number> = { critical: 10, high: 5, medium: 2, low: 1 };

export class Standing {
  readonly counts: Record<VerdictStatus, number> = {
    pass: 0,
    fail: 0,
    error: 0,
    unknown: 0,
    waived: 0,
    'not-applicable': 0,
  };
  readonly findings: Record<Severity, number> = { critical: 0, high: 0, medium: 0, low: 0 };
  devices = 0;
  #passed = 0;
  #judged = 0;

  add({ status, severity }: Pick<Verdict, 'status' | 'severity'>): void {
    this.counts[status]++;
    if (status === 'fail') this.findings[severity]++;
    if (status !== 'pass' && status !== 'fail' && status !== 'error') return;
    this.#judged += WEIGHTS[severity];
    if (status === 'pass') this.#passed += WEIGHTS[severity];
  }

  /** Null: nothing was judged. Rounded down: 100 means that nothing is left to do. */
  get score(): number | null {
    return this.#judged === 0 ? null : Math.floor((100 * this.#passed) / this.#judged);
  }
}

export function scoreText(score: number | null): string {
  return score === null ? 'none' : String(score);
}
