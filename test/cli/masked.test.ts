import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Masked } from '../../coordinator/cli/masked.ts';
import { foldView } from '../../coordinator/cli/views/fold.ts';
import { ndjsonView } from '../../coordinator/cli/views/json.ts';
import type { View } from '../../coordinator/cli/views/view.ts';
import type { ReadOutput } from '../../coordinator/combine/result.ts';
import type { Output, Report } from '../../proto/gen/netsweep/v1/model.ts';
import { Platforms } from '../../proto/platform.ts';
import { okReport, output } from '../combine/reports.ts';
import { desk, show } from './desk.ts';

const SECRETS = ['$1$mERr$hx5rVt7rPNoS4wqbXKX7m0', 'p0lice', '094F471A1A0A'];

function config(community = 'p0lice'): string {
  return [
    'hostname R1',
    `enable secret 5 ${SECRETS[0]}`,
    `snmp-server community ${community} RO`,
    `username admin password 7 ${SECRETS[2]}`,
    'interface Gi0/0',
    '',
  ].join('\n');
}

type Parts = Omit<ReturnType<typeof desk>, 'read'> & { read: ReadOutput };

/** What a view shows of masked reports. */
async function shown(viewOf: (parts: Parts) => View, reports: Report[]): Promise<string> {
  const parts = desk();
  const masked = new Masked(parts.read, new Platforms());
  const view = viewOf({ ...parts, read: masked.read });
  const all: Report[] = [];
  for await (const report of masked.ahead(reports)) all.push(report);
  await show(view, parts.sink, all);
  return parts.out.text;
}

describe('masked outputs', () => {
  test('have no secret in them, and the size and digest of what is shown', async () => {
    const text = await shown(
      ({ sink, read }) => ndjsonView(sink, read),
      [okReport('R1', output('show run', config()))],
    );
    const { outputs } = JSON.parse(text);
    expect(SECRETS.filter((secret) => text.includes(secret))).toEqual([]);
    expect(outputs[0].output).toContain(
      'hostname R1\nenable secret 5 <redacted>\nsnmp-server community <redacted> RO\n',
    );
    expect(outputs[0].bytes).toBe(Buffer.byteLength(outputs[0].output));
    expect(outputs[0].sha256).toBe(createHash('sha256').update(outputs[0].output).digest('hex'));
  });

  test('that differ in secrets alone are one', async () => {
    const reports = ['p0lice', 'other', 'third'].map((community, n) =>
      okReport(`R${n + 1}`, output('show run', config(community))),
    );
    const text = await shown((parts) => foldView(parts), reports);
    expect(text).toContain('R[1-3] (3)\n');
    expect(text.match(/hostname/g)).toHaveLength(1);
    expect(text).toContain('community <redacted> RO');
  });

  test('are read again where they are too large to be held', async () => {
    const line = `snmp-server community ${SECRETS[1]} RO\n`;
    const large = `${line}${'interface Gi0/0\n'.repeat(100_000)}${line}`;
    let bodies = 0;
    const look = ({ sink, read }: Parts): View => ({
      bodies: true,
      async report({ outputs: [one] }) {
        bodies += one?.body.length ?? 0;
        for await (const piece of read(one as Output)) await sink.write(piece);
      },
    });
    const text = await shown(look, [okReport('R1', output('show run', large))]);
    expect(bodies).toBe(0);
    expect(text).toBe(large.replaceAll(SECRETS[1] ?? '', '<redacted>'));
  });

  test('of a platform that nobody knows are read as any device', async () => {
    const report = okReport('R1', output('show run', config()));
    const strange = { ...report, platform: 'strange_os' };
    const text = await shown(({ sink, read }) => ndjsonView(sink, read), [strange]);
    expect(SECRETS.filter((secret) => text.includes(secret))).toEqual([]);
  });
});
