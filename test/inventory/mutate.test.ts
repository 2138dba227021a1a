// Good files with something changed at random: each is read or refused, never anything else, never slowly,
// and no device goes missing without a word.
import { describe, expect, test } from 'vitest';
import { InputError } from '../../coordinator/inventory/inventory.ts';
import { inventoryOf } from './files.ts';

const SEED = Number(process.env.NETSWEEP_TEST_SEED ?? Date.now() % 1_000_000);
const ROUNDS = Number(process.env.NETSWEEP_TEST_ROUNDS ?? 1500);
const DEVICES = ['R1', 'R2', 'R3', 'R4', 'R5'];

const GOOD: Record<string, string> = {
  'a.yaml': `defaults: {username: admin, password: topsecret}\ngroups:\n  core: {port: 22}\ndevices:\n${DEVICES.map((name, index) => `  ${name}:\n    host: 10.0.0.${index + 1}\n    password: topsecret\n    groups: [core]\n`).join('')}`,
  'b.json': JSON.stringify(
    DEVICES.map((name, index) => ({ name, host: `10.0.0.${index + 1}`, password: 'topsecret', port: 22 })),
    null,
    1,
  ),
  'c.csv': `name,host,platform,password,groups\n${DEVICES.map((name, index) => `${name},10.0.0.${index + 1},cisco_ios,"topsecret",a;b\n`).join('')}`,
  'd.py': `base = {"device_type": "cisco_ios", "password": "topsecret"}\n${DEVICES.map((name, index) => `${name} = {"device_type": "cisco_ios", "ip": "10.0.0.${index + 1}", "password": "topsecret", "port": 22}\n`).join('')}nodes = [${DEVICES.join(', ')}]\n`,
};

/** Shapes in which a line is a device: a line end that is lost joins two of them, and some signs mean something. */
const LINES: Record<string, { text: string; signs: RegExp }> = {
  'router.db': { text: DEVICES.map((name) => `${name};cisco;up\n`).join(''), signs: /[\n#]/ },
  'hosts.txt': { text: DEVICES.map((name) => `me@${name}:22\n`).join(''), signs: /[\n#,&!^]/ },
};

/** What other tools keep. */
const OTHERS: Record<string, string> = {
  'nornir.yaml': DEVICES.map(
    (name, index) =>
      `${name}:\n  hostname: 10.0.0.${index + 1}\n  password: topsecret\n  data: {role: core}\n`,
  ).join(''),
  '.netmiko.yml': `${DEVICES.map((name, index) => `${name}:\n  device_type: cisco_ios\n  host: 10.0.0.${index + 1}\n  password: topsecret\n`).join('')}core: [${DEVICES.join(', ')}]\n`,
};

describe(`a mutated file (NETSWEEP_TEST_SEED=${SEED} npx vitest run test/inventory/mutate.test.ts)`, () => {
  test.each(Object.keys(GOOD))('of the shape of %s is read whole or refused', async (file) => {
    const random = dice(SEED);
    const good = GOOD[file] ?? '';
    for (let round = 0; round < ROUNDS; round += 1) {
      const { text, mayLose, moves } = mutate(good, random);
      const started = process.cpuUsage();
      const outcome = await read(file, text);
      const context = `seed ${SEED}, round ${round}:\n${text}`;
      expect(process.cpuUsage(started).user / 1_000, context).toBeLessThan(3_000);
      if (typeof outcome === 'string') {
        // A cut may have put the password where a name stands.
        if (!moves) expect(outcome, context).not.toMatch(/topsecret/);
        expect(outcome, context).toMatch(/^[abcd]\.(yaml|json|csv|py):\d+:\d+: |^no device in /);
      } else if (!mayLose) expect(outcome, context).toBe(DEVICES.length);
    }
  });

  test.each([...Object.keys(LINES), ...Object.keys(OTHERS)])(
    'like %s loses no device in silence',
    async (file) => {
      const random = dice(SEED);
      const { text: good, signs } = LINES[file] ?? { text: OTHERS[file] ?? '', signs: null };
      for (let round = 0; round < ROUNDS / 3; round += 1) {
        const { text, mayLose, moves } = mutate(good, random);
        const started = process.cpuUsage();
        const outcome = await read(file, text);
        const context = `seed ${SEED}, round ${round}:\n${text}`;
        expect(process.cpuUsage(started).user / 1_000, context).toBeLessThan(3_000);
        if (typeof outcome === 'string') {
          if (!moves) expect(outcome, context).not.toMatch(/topsecret/);
          expect(outcome, context).toMatch(/^[\w.]+:\d+:\d+: |^no device in /);
          continue;
        }
        const meant = signs !== null && count(text, signs) !== count(good, signs);
        if (!mayLose && !meant) expect(outcome, context).toBeGreaterThanOrEqual(DEVICES.length);
      }
    },
  );
});

function count(text: string, signs: RegExp): number {
  return text.match(new RegExp(signs, 'g'))?.length ?? 0;
}

/** The number of devices, those that are left out among them, or what is wrong. */
async function read(file: string, text: string): Promise<number | string> {
  try {
    const { entries, leftOut } = await inventoryOf({ [file]: text });
    return entries.length + leftOut.length;
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}

/** One character changed, which must not lose a device, or something larger, which may. */
function mutate(good: string, random: () => number): { text: string; mayLose: boolean; moves: boolean } {
  const at = Math.floor(random() * good.length);
  const other = Math.floor(random() * good.length);
  const character = pick([...'"\'{}[](),:;=-*&!|>%@`\\\t\n\u0000\ufeff\u2028éxX0 <'], random);
  const kind = Math.floor(random() * 6);
  if (kind === 0) return { text: good.slice(0, at) + good.slice(at + 1), mayLose: false, moves: false };
  if (kind === 1)
    return { text: good.slice(0, at) + character + good.slice(at), mayLose: false, moves: false };
  if (kind === 2)
    return { text: good.slice(0, at) + character + good.slice(at + 1), mayLose: false, moves: false };
  if (kind === 3) return { text: good.slice(0, at), mayLose: true, moves: false };
  if (kind === 4) return { text: good.slice(0, at) + good.slice(other), mayLose: true, moves: true };
  return { text: `${good.slice(0, at)}#${good.slice(at)}`, mayLose: true, moves: false };
}

function pick<T>(items: T[], random: () => number): T {
  return items[Math.floor(random() * items.length)] as T; // never empty
}

/** A small generator of its own, so that a seed means the same everywhere. */
function dice(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
