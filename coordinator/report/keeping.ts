// Kept audits over gRPC: one audit is compared and kept after the other, whoever sends them.
import type { Server, ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import {
  KeepAuditReply,
  type KeepAuditRequest,
  type KeptAudit,
  type ListAuditsRequest,
  type RuleOutcome,
} from '../../proto/gen/netsweep/v1/audits.js';
import { AuditsService } from '../../proto/gen/netsweep/v1/audits_service.js';
import { asStatus, ServiceError, stream } from '../intake/calls.js';
import type { AuditBook, AuditWrite } from './book.js';
import { nextOpen } from './open.js';

/** Earlier audits that a report shows. */
const TREND = 60;
const MOST_LISTED = 1_000;
const NEVER = new AbortController().signal;

export function serveAudits(server: Pick<Server, 'addService'>, book: AuditBook): void {
  let last: Promise<unknown> = Promise.resolve();
  server.addService(AuditsService, {
    keep: (call: ServerDuplexStream<KeepAuditRequest, KeepAuditReply>) => {
      const work = async () => {
        const { audit, rules } = await received(call);
        const kept = last.then(() => keep(book, audit, rules));
        last = kept.catch(() => undefined);
        for (const reply of await kept) call.write(reply);
      };
      work().then(
        () => call.end(),
        (error: unknown) => call.emit('error', asStatus(error)),
      );
    },
    list: (call: ServerWritableStream<ListAuditsRequest, KeptAudit>) =>
      stream(call, () => listed(book, call.request.limit), NEVER),
  });
}

async function* listed(book: AuditBook, limit: number): AsyncGenerator<KeptAudit> {
  yield* await book.audits(null, Math.min(limit || MOST_LISTED, MOST_LISTED));
}

/** Not by `for await`, which destroys the call at the end of what is read, and with it the answer. */
async function received(
  call: ServerDuplexStream<KeepAuditRequest, KeepAuditReply>,
): Promise<{ audit: KeptAudit; rules: RuleOutcome[] }> {
  let audit: KeptAudit | undefined;
  const rules: RuleOutcome[] = [];
  call.on('data', ({ audit: head, rule }: KeepAuditRequest) => {
    audit ??= head;
    if (rule !== undefined) rules.push(rule);
  });
  await new Promise<void>((resolve, reject) => {
    call.once('end', resolve);
    call.once('error', reject);
    call.once('cancelled', () => reject(new ServiceError(status.CANCELLED, 'the audit was not sent whole')));
  });
  if (audit === undefined) throw new ServiceError(status.INVALID_ARGUMENT, 'an audit is wanted');
  return { audit, rules };
}

async function keep(book: AuditBook, audit: KeptAudit, rules: RuleOutcome[]): Promise<KeepAuditReply[]> {
  const line = await book.audits(audit.line, TREND);
  const earlier = line.filter(({ sweep }) => sweep !== audit.sweep);
  // A scheduled audit that is taken up after its coordinator has ended may have been kept already.
  const isKept = earlier.length < line.length;
  const replies: KeepAuditReply[] = [];
  const writes: AuditWrite[] = isKept ? [] : [{ write: 'audit', audit }];
  for (const outcome of rules) {
    const { policy, rule } = outcome;
    const { open, change } = nextOpen(await book.openFindings(policy, rule), outcome, audit.atMs);
    writes.push({ write: 'openFindings', policy, rule, open });
    replies.push(KeepAuditReply.create({ rule: change }));
  }
  await book.commit(writes);
  return [...replies, ...earlier.map((one) => KeepAuditReply.create({ earlier: one }))];
}
