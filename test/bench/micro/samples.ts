// What stations are fed with: configurations as the rehearsal fleet renders them, and results made of them.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { makeCli } from '../../../agent/fleet/clis.ts';
import { FLEET_DEFAULTS } from '../../../agent/fleet/options.ts';
import { planFleet } from '../../../agent/fleet/plan.ts';
import { Output, Proof, Status } from '../../../proto/gen/netsweep/v1/model.ts';
import { Attempt } from '../../../proto/gen/netsweep/v1/session.ts';

export const COMMAND = 'show running-config';
export const PROMPT = 'R1#';
/** As stations get it from the session. */
export const OUTPUT_BYTES = 16 << 10;

/** Configurations of so many devices, each of OUTPUT_BYTES, with a device's line ends and its last line. */
export function configurations(devices: number): Buffer[] {
  const { seed } = FLEET_DEFAULTS;
  return planFleet({ devices }).map((device) => {
    const state = { privileged: true, configuring: false, rows: 0 };
    const answer = makeCli({ device, seed, configLines: 800 }).answer(COMMAND, state);
    if (answer.do !== 'print') throw new Error(`${device.name} prints no configuration`);
    const whole = answer.text();
    const lines = whole.slice(0, OUTPUT_BYTES - 5);
    return Buffer.from(`${lines.slice(0, lines.lastIndexOf('\r\n'))}\r\nend\r\n`, 'latin1');
  });
}

/** An output as a worker records it. */
export function recorded(raw: Buffer): Output {
  const text = Buffer.from(raw.toString('latin1').replaceAll('\r\n', '\n'));
  return Output.create({
    command: COMMAND,
    proof: Proof.COMPLETE,
    encoding: 'utf-8',
    bytes: text.length,
    sha256: createHash('sha256').update(text).digest(),
    durationMs: 40,
    body: gzipSync(text, { level: 1 }),
  });
}

export function attempt(output: Output): Attempt {
  return Attempt.create({ status: Status.OK, leftClean: true, durationMs: 300, outputs: [output] });
}

export class TemporaryFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'netsweep-bench-micro-'));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
