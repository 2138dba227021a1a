// Every recorded session, played to the real terminal: as it was sent, a byte at a time, and broken off at
// random places. For one platform or file: npx vitest run test/agent/recordings.test.ts -t cisco_ios
import { describe, expect, test } from 'vitest';
import { bytesOf, loadRecordings, type Recording, readRecording } from './recording.js';
import { expectSame, type Played, replay, sizeOf } from './replay.js';

const SEED = Number(process.env.NETSWEEP_TEST_SEED ?? Date.now() % 1_000_000);
const CUTS = 200;
/** Every so many a device is silent for a while before it closes. */
const LINGERS = 10;
const LINGER_MS = 1_500;

describe.concurrent.each(loadRecordings().map((recording) => [nameOf(recording), recording] as const))(
  '%s',
  (_, recording) => {
    test('is read to the byte', async () => {
      expectSame(recording, await replay(recording, 'whole'));
    });

    test('is read to the byte when it comes a byte at a time', async () => {
      expectSame(recording, await replay(recording, 'bytes'));
    });

    test(`passes nothing off as complete where it breaks off (NETSWEEP_TEST_SEED=${SEED})`, async () => {
      const whole = await replay(recording, 'whole');
      const wrong = await Promise.all(
        places(recording).map(async (cut, index) => {
          const lingerMs = index % LINGERS === 0 ? LINGER_MS : 0;
          const played = await replay(recording, { cut, lingerMs });
          // Who was silent for a while had shown a prompt, or nothing was taken for whole.
          const ends = lingerMs > 0 ? [] : whole.endedAt;
          const silent = (output: number) =>
            lingerMs > 0 && (whole.endedAt[output] ?? 0) > cut && fellSilentAtPrompt(recording, output, cut);
          return [...passedOff(recording, ends, played, cut, silent)];
        }),
      );
      expect(wrong.flat()).toEqual([]);
    });
  },
);

/**
 * What a session that was cut off claims wrongly; `ends`: what must have been sent of each output at least; `silent`:
 * whether it fell silent in the middle of one, at what reads as its prompt.
 */
function* passedOff(
  recording: Recording,
  ends: number[],
  played: Played,
  cut: number,
  silent: (output: number) => boolean,
): Generator<string> {
  const at = `cut after ${cut} bytes`;
  for (const [index, output] of played.outputs.entries()) {
    if (output.status !== 'complete') continue;
    if ((ends[index] ?? 0) > cut) yield `${at}: ${output.command} is not whole`;
    else if (output.output === recording.outputs[index]?.output) continue;
    else if (!silent(index) || !recording.outputs[index]?.output.startsWith(output.output))
      yield `${at}: ${output.command} is not as it was`;
  }
  const ended = played.outputs.filter(({ status }) => status !== 'truncated').length;
  if (played.failure === null && ended < recording.commands.length) yield `${at}: no failure is named`;
}

/**
 * Whether the last that came is what stands before the command, as `# ` before a comment: of a device that is silent
 * from there on nobody can tell that it had more to say.
 */
function fellSilentAtPrompt(recording: Recording, index: number, cut: number): boolean {
  const command = recording.commands[index] ?? '';
  const sent = Buffer.concat(recording.session.flatMap((step) => bytesOf(step) ?? []));
  const lines = sent.toString('latin1', 0, cut).split('\n');
  const asked = lines.find((line) => line.trimEnd().endsWith(command));
  // A prompt's trailing space may come late, so it reads as the prompt without it too.
  return (
    asked !== undefined && lines.at(-1)?.trimEnd() === asked.trimEnd().slice(0, -command.length).trimEnd()
  );
}

/** Where to cut: everywhere in a short session, at as many places of a longer one. */
function places(recording: Recording): number[] {
  const size = sizeOf(recording);
  if (size <= CUTS) return Array.from({ length: size }, (_, place) => place);
  const random = dice(SEED);
  return Array.from({ length: CUTS }, () => Math.floor(random() * size));
}

function nameOf({ file }: Recording): string {
  return file.replace(/^test\/recordings\//, '').replace(/\.yaml$/, '');
}

/** A small generator of its own, so that a seed means the same everywhere. */
function dice(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('a recording', () => {
  const minimal = 'platform: cisco_ios\ncommands: [show version]\nsession:\n';

  test('with a mistake is refused with its place', () => {
    expect(() => readRecording(`${minimal}  - says: "R1#"\n  - heard: "x"\n`, 'a.yaml')).toThrow(
      /^a\.yaml:5:5: session\.1/,
    );
  });

  test('that hears something else names the line and both texts', async () => {
    const recording = readRecording(
      `${minimal}  - says: "\\r\\nR1#"\n  - hears: "terminal len 0\\r"\n`,
      'a.yaml',
    );
    await expect(replay(recording, 'whole')).rejects.toThrow(
      'a.yaml:5: the device expects "terminal len 0\\r"; netsweep types "terminal length 0\\r"',
    );
  });
});
