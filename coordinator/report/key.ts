// What tells a finding from all others, from one audit to the next: policy, rule and device. Not its evidence, whose
// words and line numbers move while the finding stays.
import { createHash } from 'node:crypto';
import type { Verdict } from '../audit/verdict.js';

export function findingKey({ policy, rule, device }: Pick<Verdict, 'policy' | 'rule' | 'device'>): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([policy, rule, device]))
    .digest()
    .subarray(0, 16);
}
