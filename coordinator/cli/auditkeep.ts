// An audit handed to the coordinator to be kept, and `netsweep audit runs`, which shows those that are.
import { createHash } from 'node:crypto';
import type { KeepAuditReply, KeptAudit } from '../../proto/gen/netsweep/v1/audits.js';
import type { Policy } from '../audit/policy.js';
import type { Column } from '../combine/table.js';
import type { Values } from '../config.js';
import type { Connection } from '../connect.js';
import type { Past, Seen } from '../report/past.js';
import { deviceIn, type Recorded, recordOf, scoreOf } from '../report/record.js';
import type { Settled } from '../report/settled.js';
import { scoreText } from '../report/standing.js';
import type { Call } from './command.js';
import { EXIT, type ExitCode } from './exit.js';
import { openLink } from './link.js';
import { printTable } from './print.js';
import type { AUDIT_RUNS, SELECTION } from './settings.js';

/** A coordinator that does not answer holds no report up for longer. */
const KEEP_MS = 60_000;

/** Audits of the same policies and the same part of an inventory. */
export function lineOf(
  policies: readonly Policy[],
  { inventory, limit, hosts, exclude }: Values<typeof SELECTION>,
): string {
  const names = policies.map(({ name }) => name).sort();
  const text = JSON.stringify([names, inventory, limit, hosts, exclude]);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

export async function keepAudit(
  link: Connection,
  settled: Settled,
  policies: readonly Policy[],
  line: string,
): Promise<Past> {
  const recorded = await recordOf(settled, policies, line);
  const call = link.audits.keep({ deadline: Date.now() + KEEP_MS });
  call.write({ audit: recorded.audit, rule: undefined });
  for (const rule of recorded.rules) call.write({ audit: undefined, rule });
  call.end();
  const replies: KeepAuditReply[] = [];
  for await (const reply of call as AsyncIterable<KeepAuditReply>) replies.push(reply);
  return pastOf(recorded, replies);
}

function pastOf({ audit, rules }: Recorded, replies: readonly KeepAuditReply[]): Past {
  const earlier = replies.flatMap((reply) => reply.earlier ?? []).reverse();
  const trend = earlier.map((one) => ({
    atMs: one.atMs,
    score: scoreOf(one),
    findings: one.counts?.fail ?? 0,
  }));
  const before = earlier.at(-1);
  const score = scoreOf(audit);
  if (before === undefined) return { score, trend, change: null };
  const fresh: Seen[] = [];
  const fixed: Seen[] = [];
  let [open, oldestMs] = [0, Number.POSITIVE_INFINITY];
  for (const [place, change] of replies.flatMap((reply) => reply.rule ?? []).entries()) {
    const { policy, rule } = change;
    const failing = rules[place]?.failing ?? [];
    const news = new Set(change.fresh);
    for (const [at, key] of failing.entries()) {
      const device = deviceIn(key);
      const firstSeenMs = change.firstSeenMs[at] ?? audit.atMs;
      if (news.has(at)) fresh.push({ policy, rule, device, firstSeenMs });
      else [open, oldestMs] = [open + 1, Math.min(oldestMs, firstSeenMs)];
    }
    for (const { device, firstSeenMs } of change.fixed)
      fixed.push({ policy, rule, device: deviceIn(device), firstSeenMs });
  }
  const oldest = open === 0 ? null : oldestMs;
  return { score, trend, change: { atMs: before.atMs, fresh, fixed, open, oldestMs: oldest } };
}

const COLUMNS: Column<KeptAudit>[] = [
  { title: 'WHEN', cell: ({ atMs }) => new Date(atMs).toISOString().slice(0, 19).concat('Z') },
  { title: 'POLICIES', cell: ({ policies }) => policies.map(({ name }) => name).join(' ') },
  { title: 'DEVICES', cell: ({ devices }) => String(devices), right: true },
  { title: 'SCORE', cell: (audit) => scoreText(scoreOf(audit)), right: true },
  { title: 'FINDINGS', cell: ({ counts }) => String(counts?.fail ?? 0), right: true },
  { title: 'CRITICAL', cell: ({ counts }) => String(counts?.critical ?? 0), right: true },
  { title: 'HIGH', cell: ({ counts }) => String(counts?.high ?? 0), right: true, spare: true },
  { title: 'ERRORS', cell: ({ counts }) => String(counts?.error ?? 0), right: true },
  { title: 'UNKNOWN', cell: ({ counts }) => String(counts?.unknown ?? 0), right: true, spare: true },
  { title: 'SWEEP', spare: true, cell: ({ sweep }) => sweep },
];

export async function listAudits({ values, stop }: Call<typeof AUDIT_RUNS>): Promise<ExitCode> {
  await using link = await openLink(values, stop);
  const rows: KeptAudit[] = [];
  for await (const audit of link.audits.list({ limit: 0 }) as AsyncIterable<KeptAudit>) rows.push(audit);
  await printTable(rows, { json: values.json, columns: COLUMNS, object: auditObject });
  return EXIT.ok;
}

function auditObject(audit: KeptAudit) {
  const { sweep, atMs, policies, devices, counts, segments, rules } = audit;
  return {
    sweep,
    at: new Date(atMs).toISOString(),
    policies,
    devices,
    score: scoreOf(audit),
    counts,
    segments: segments.map((segment) => ({ ...segment, score: scoreOf(segment) })),
    rules,
  };
}
