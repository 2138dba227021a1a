// Audits that have ended, made by hand: real policies, verdicts as a test wants them.
import { bookOf } from '../../coordinator/audit/book.ts';
import { AuditTally } from '../../coordinator/audit/tally.ts';
import type { Evidence, Verdict, VerdictStatus } from '../../coordinator/audit/verdict.ts';
import type { Settled } from '../../coordinator/report/settled.ts';
import { readTexts, TODAY } from '../audit/policies.ts';

/** What no report may take for its own. */
export const HOSTILE = `</script><img src=x onerror=alert(1)>"'&]]>\u0007\u001b[31m<b>`;

const POLICY = `netsweep_policy: 1
name: lab
rules:
  - {id: TELNET-1, severity: critical, title: no telnet, command: show running-config, absent: '^telnet', remedy: no telnet, reference: 'RFC 1149, https://example.net/hardening#telnet.'}
  - {id: NTP-1, severity: medium, title: two NTP servers, command: show running-config, present: '^ntp'}
  - {id: TEXT-1, severity: low, title: ${JSON.stringify(`a title with ${HOSTILE.replace(/[\u0000-\u001f]/g, '')}`)}, command: show version, present: x, remedy: ${JSON.stringify(HOSTILE)}}
`;

export interface SaidOf {
  device: string;
  segment?: string;
  /** By rule. */
  statuses: Record<string, VerdictStatus>;
  evidence?: Partial<Evidence>[];
}

export function settledAudit(said: readonly SaidOf[], policy = POLICY): Settled {
  const { policies, errors } = readTexts({ 'lab.yaml': policy });
  if (errors.length > 0) throw new Error(errors.join('\n'));
  const book = bookOf(policies, TODAY);
  const tally = new AuditTally(book);
  const verdicts = said.map(({ device, statuses, evidence = [{}] }) =>
    Object.entries(statuses).map(([id, status]): Verdict => {
      const place = book.rules.findIndex((rule) => rule.id === id);
      const rule = book.rules[place];
      if (rule === undefined) throw new Error(`no rule ${id}`);
      tally.add(place, status);
      const { severity, title, remedy, reference } = rule;
      const waiver =
        status === 'waived' ? { owner: 'netops', reason: 'CHG0412', expires: '2027-01-31' } : null;
      const about = {
        policy: rule.policy,
        rule: id,
        severity,
        title,
        device,
        status,
        waiver,
        remedy,
        reference,
      };
      return { ...about, evidence: evidence.map(evidenceOf) };
    }),
  );
  tally.devices = said.length;
  const audited = said.map(({ device, segment = 'default', statuses }) => ({
    name: device,
    platform: 'cisco_ios',
    fields: { name: device, segment },
    rules: Object.keys(statuses).map((id) => book.rules.findIndex((rule) => rule.id === id)),
    waivers: {},
    commands: [],
    found: [],
  }));
  return {
    book,
    audited,
    tally,
    sweep: '01K00000000000000000000000',
    atMs: TODAY,
    async *verdicts() {
      yield* verdicts;
    },
  };
}

function evidenceOf(one: Partial<Evidence>): Evidence {
  const plain = { command: 'show running-config', line: 3, expected: 'no such line', found: 'telnet on' };
  return { ...plain, message: null, ...one };
}

export async function whole(pieces: AsyncIterable<string>): Promise<string> {
  const texts: string[] = [];
  for await (const piece of pieces) texts.push(piece);
  return texts.join('');
}
