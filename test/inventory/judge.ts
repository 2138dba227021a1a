// Whether what became of a mutated inventory is right: read whole or refused at a place, in good time, with no secret and nothing
// that a terminal would obey in what is said, and no device gone without a word.
import { type Dice, pick } from './dice.ts';
import { type Mutant, NAMES, type Opened, type Outcome, SECRET } from './mutants.ts';
import { type Mutation, mutate } from './mutation.ts';

/** CPU that one of them may take, in ms. */
const MOST_MS = 1_000;
const PLACED =
  /^[^\n]+?:\d+:\d+: .|^[^\n]+: and \d+ more errors?$|^no device in .|^no device is left of .|^-[lwx]\b.|^--map: ./;
/** What a terminal would obey, or show the wrong way round. */
const OBEYED = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

export interface Tally {
  name: string;
  mutations: number;
  read: number;
  refused: number;
  /** CPU of the slowest one, in ms. */
  slowestMs: number;
  wrong: string[];
}

/** Tries as many mutations; `seed` and the round tell one again. */
export async function tryMutations(mutant: Mutant, rounds: number, random: Dice): Promise<Tally> {
  const tally: Tally = { name: mutant.name, mutations: 0, read: 0, refused: 0, slowestMs: 0, wrong: [] };
  await using opened = await mutant.open();
  for (const good of mutant.good) {
    const untouched = await opened.read(good);
    if (untouched !== (mutant.devices?.length ?? untouched) || typeof untouched !== 'number')
      throw new Error(`${mutant.name}: the good one is not: ${untouched}\n${good}`);
  }
  for (let round = 0; round < rounds && tally.wrong.length < 20; round += 1)
    await tryOne(mutant, opened, tally, random);
  return tally;
}

async function tryOne(mutant: Mutant, opened: Opened, tally: Tally, random: Dice): Promise<void> {
  const good = pick(mutant.good, random);
  const mutation = mutate(good, random);
  const started = process.cpuUsage();
  const outcome = await opened.read(mutation.text).catch((error: unknown) => error);
  const { user, system } = process.cpuUsage(started);
  const tookMs = (user + system) / 1_000;
  tally.mutations += 1;
  if (typeof outcome === 'number') tally.read += 1;
  else tally.refused += 1;
  tally.slowestMs = Math.max(tally.slowestMs, tookMs);
  const wrong = tookMs > MOST_MS ? `it took ${tookMs} ms` : wrongWith(mutant, mutation, good, outcome);
  if (wrong !== null)
    tally.wrong.push(`${mutant.name}, mutation ${tally.mutations}: ${wrong}\n${mutation.text}`);
}

function wrongWith(
  mutant: Mutant,
  mutation: Mutation,
  good: string,
  outcome: Outcome | unknown,
): string | null {
  if (Array.isArray(outcome)) return wrongWords(outcome as string[], mutation); // Outcome's other kind
  if (typeof outcome !== 'number')
    return `it crashed: ${outcome instanceof Error ? outcome.stack : String(outcome)}`;
  if (mutant.devices === null) return null;
  const meant = mutant.signs !== null && signsOf(mutation.text, mutant.signs) !== signsOf(good, mutant.signs);
  if (meant && !mutation.mayLose) return null;
  const least = mutation.mayLose ? wholeDevices(good, mutation.whole) : mutant.devices.length;
  return outcome < least ? `${outcome} of ${least} devices, and not a word` : null;
}

function wrongWords(lines: string[], { moves }: Mutation): string | null {
  const unplaced = lines.find((line) => !PLACED.test(line));
  if (unplaced !== undefined) return `this names no place: ${unplaced}`;
  const obeyed = lines.find((line) => OBEYED.test(line));
  if (obeyed !== undefined) return `a terminal would obey this: ${JSON.stringify(obeyed)}`;
  // A cut may have put the password where a name stands.
  const told = moves ? undefined : lines.find((line) => line.includes(SECRET));
  return told === undefined ? null : `this tells a secret: ${told}`;
}

/** Devices that end before the change: those that another one's name follows. */
function wholeDevices(good: string, whole: number): number {
  const starts = NAMES.map((name) => good.indexOf(name)).filter((at) => at >= 0);
  return Math.max(0, starts.filter((at) => at < whole).length - 1);
}

function signsOf(text: string, signs: RegExp): string {
  return (text.match(new RegExp(signs, 'g')) ?? []).join('');
}

/** How many rounds each gets of a number of mutations in all. */
export function share(mutants: readonly Mutant[], mutations: number): Map<Mutant, number> {
  const sum = mutants.reduce((total, { weight }) => total + weight, 0);
  return new Map(mutants.map((one) => [one, Math.ceil((mutations * one.weight) / sum)]));
}
