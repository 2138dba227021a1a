// An audit that has ended as the record that is kept of it, with what each rule came to on each device. Pure.
import { createHash } from 'node:crypto';
import { AuditCounts, KeptAudit, type RuleOutcome } from '../../proto/gen/netsweep/v1/audits.js';
import type { Policy } from '../audit/policy.js';
import type { StatusCounts } from '../audit/tally.js';
import type { Severity } from '../audit/verdict.js';
import { byName, fieldText, type Settled } from './settled.js';
import { Standing } from './standing.js';

/** A score that there is none of. */
const NO_SCORE = -1;

export interface Recorded {
  audit: KeptAudit;
  rules: RuleOutcome[];
}

/** `line`: what tells audits of the same policies and selection from others. */
export async function recordOf(
  { book, audited, tally, sweep, atMs, verdicts }: Settled,
  policies: readonly Policy[],
  line: string,
): Promise<Recorded> {
  const of = byName(audited);
  const all = new Standing();
  const segments = new Map<string, Standing>();
  const rules = book.rules.map(
    ({ policy, id }): RuleOutcome => ({ policy, rule: id, failing: [], settled: [] }),
  );
  const places = new Map(book.rules.map(({ policy, id }, place) => [`${policy} ${id}`, place]));
  for await (const ofDevice of verdicts()) {
    const about = of.get(ofDevice[0]?.device ?? '');
    const name = about === undefined ? '' : fieldText(about, 'segment');
    const segment = segments.get(name) ?? new Standing();
    segments.set(name, segment);
    segment.devices++;
    for (const verdict of ofDevice) {
      all.add(verdict);
      segment.add(verdict);
      const outcome = rules[places.get(`${verdict.policy} ${verdict.rule}`) ?? -1];
      // What is waived, unknown or an error is as open, or not, as it was.
      const key = keyOf(name, verdict.device);
      if (verdict.status === 'fail') outcome?.failing.push(key);
      else if (verdict.status === 'pass' || verdict.status === 'not-applicable') outcome?.settled.push(key);
    }
  }
  const audit = KeptAudit.create({
    sweep,
    atMs,
    line,
    policies: policies.map((policy) => ({ name: policy.name, digest: digestOf(policy) })),
    devices: tally.devices,
    score: all.score ?? NO_SCORE,
    counts: countsOf(all.counts, all.findings),
    segments: [...segments].map(([name, { devices, score, counts, findings }]) => ({
      name,
      devices,
      score: score ?? NO_SCORE,
      counts: countsOf(counts, findings),
    })),
    rules: book.rules.map(({ policy, id, severity }, number) => ({
      policy,
      rule: id,
      severity,
      counts: countsOf(tally.rules[number]?.counts),
    })),
  });
  return { audit, rules };
}

/** A device of one name in another segment is another: two inventories may have both. */
function keyOf(segment: string, device: string): string {
  return segment === '' || segment === 'default' ? device : `${segment}\n${device}`;
}

/** The device's name in such a key. */
export function deviceIn(key: string): string {
  return key.slice(key.indexOf('\n') + 1);
}

export function scoreOf({ score }: Pick<KeptAudit, 'score'>): number | null {
  return score === NO_SCORE ? null : score;
}

function countsOf(counts?: StatusCounts, findings?: Record<Severity, number>): AuditCounts {
  return AuditCounts.create({ ...counts, notApplicable: counts?.['not-applicable'] ?? 0, ...findings });
}

/** Of what a policy says, not of where in its file that stands. */
function digestOf({ name, rules, waivers, devices }: Policy): string {
  const text = JSON.stringify({ name, devices, rules, waivers }, (key, value) =>
    key === 'at' || key === 'directory' ? undefined : (value as unknown),
  );
  return createHash('sha256').update(text).digest('hex');
}
