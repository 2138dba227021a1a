// What an audit says of one rule on one device, with the evidence for it. Plain data: it crosses threads, is kept,
// and every report is made from it.

/** From the least to the gravest. */
export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/**
 * `error`: the rule can't be evaluated; `unknown`: there is no whole output to judge; `waived`: it fails, and somebody
 * answers for that; `not-applicable`: there is nothing on the device that the rule speaks of.
 */
export type VerdictStatus = 'pass' | 'fail' | 'error' | 'unknown' | 'waived' | 'not-applicable';

/** Secrets are masked in all of it. */
export interface Evidence {
  command: string | null;
  /** Of the command's output, from 1. */
  line: number | null;
  expected: string;
  found: string;
  message: string | null;
}

export interface VerdictWaiver {
  owner: string;
  reason: string;
  /** The last day, `YYYY-MM-DD`. */
  expires: string;
}

export interface Verdict {
  policy: string;
  rule: string;
  severity: Severity;
  title: string;
  device: string;
  status: VerdictStatus;
  evidence: Evidence[];
  waiver: VerdictWaiver | null;
  remedy: string | null;
  reference: string | null;
}

/** Whether a severity is at least as grave as another. */
export function isAtLeast(severity: Severity, least: Severity): boolean {
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(least);
}
