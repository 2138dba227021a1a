// Results from an agent's stream through gRPC, ledger and store until they are acknowledged, outputs all different.
import type { Result } from '../../../proto/gen/netsweep/v1/agent.ts';
import { Verdict } from '../../../proto/gen/netsweep/v1/agent.ts';
import { type Body, device, Intake } from '../../intake/intake.ts';
import type { Micro } from './harness.ts';
import { attempt, configurations, recorded } from './samples.ts';

const RESULTS = 1_000;
const BATCHES = [1, 32];
/** Batches that are under way at a time. */
const AHEAD = 8;

export async function* intake(): AsyncGenerator<Micro> {
  const attempts = configurations(RESULTS).map((text) => attempt(recorded(text)));
  const bytes = attempts.reduce((sum, { outputs }) => sum + (outputs[0]?.bytes ?? 0), 0);
  const devices = attempts.map((_, index) => device(index, { host: `10.1.${index >> 8}.${index & 255}` }));
  let open: { intake: Intake; epoch: string } | null = null;
  try {
    for (const size of BATCHES)
      yield {
        title: `intake, results of 16 KiB, ${size} in a message`,
        items: RESULTS,
        bytes,
        prepare: async () => {
          await open?.intake[Symbol.asyncDispose]();
          const fresh = await Intake.open(devices);
          open = { intake: fresh, epoch: (await fresh.agent.granted()).epoch };
        },
        round: async () => {
          if (open === null) throw new Error('not prepared');
          await send(open.intake, messages(open.epoch, size));
        },
      };
  } finally {
    await (open as { intake: Intake } | null)?.intake[Symbol.asyncDispose]();
  }

  function messages(epoch: string, size: number): Body[] {
    const results = attempts.map(
      (value, index): Result => ({
        ...{ lease: 0, seq: index + 1, sweep: 'S', shard: 1, epoch, index },
        end: { $case: 'attempt', value },
      }),
    );
    return Array.from({ length: Math.ceil(results.length / size) }, (_, n) => ({
      $case: 'results',
      value: { chunks: [], results: results.slice(n * size, (n + 1) * size) },
    }));
  }
}

async function send({ agent }: Intake, messages: Body[]): Promise<void> {
  let [told, acknowledged] = [0, 0];
  while (acknowledged < RESULTS) {
    for (
      ;
      told < messages.length && told * RESULTS < acknowledged * messages.length + AHEAD * RESULTS;
      told++
    )
      agent.tell(messages[told] as Body); // it is below the length
    const answer = await agent.next();
    if (answer.$case !== 'acks') continue;
    if (answer.value.acks.some(({ verdict }) => verdict !== Verdict.STORED)) throw new Error('not stored');
    acknowledged += answer.value.acks.length;
  }
}
