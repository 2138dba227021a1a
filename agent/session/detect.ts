// `platform: auto`: which platform a device is of, from what it has shown - its SSH identification, its first
// prompt, and the answer to one harmless command. The decision is pure; the walk asks the terminal only when
// the prompt alone does not settle it. What shells answer counts as well: they don't know the command.
import { Kind, type PlatformFile, Stage } from '../../proto/gen/netsweep/v1/model.js';
import { DeviceFailure } from '../failure.js';
import { parserError } from '../line/output.js';
import { allRules, type Rules } from '../line/platform.js';
import { quote } from '../text.js';

/** Known to most command lines, and an error of a word that does nothing to the others. */
export const PROBE = 'show version';
/** Of the answer, what is looked at. */
const ANSWER_WITHIN = 16_384;
const LINE_WITHIN = 1024;
const WEIGHT = { answer: 4, prompt: 2, identification: 1 } as const;

export type Sign = keyof typeof WEIGHT;

export interface Evidence {
  /** As in `SSH-2.0-Cisco-1.25`; empty: unknown. */
  identification: string;
  prompt: string;
  /** To the probe; null: not asked. */
  answer: string | null;
}

export interface Candidate {
  rules: Rules;
  /** The strongest first. */
  signs: Sign[];
  score: number;
  /** Characters of the answer that fit: of two that fit, the more particular one is meant. */
  fit: number;
}

/** What a session needs of its terminal to find out. */
export interface Probed {
  readonly prompt: string;
  probe(line: string): Promise<string>;
}

export interface Found {
  rules: Rules;
  /** For the report. */
  note: string;
}

/** Platforms that something speaks for and nothing against, the best first. */
export function candidates(evidence: Evidence, known: readonly Rules[]): Candidate[] {
  const answer = evidence.answer === null ? null : head(evidence.answer);
  return known
    .flatMap((rules) => candidate({ ...evidence, answer }, rules) ?? [])
    .sort(
      (a, b) => b.score - a.score || b.fit - a.fit || compare(a.rules.platform.name, b.rules.platform.name),
    );
}

/** The first of the candidates, unless another is as likely and only the identification speaks for either. */
export function decide(ranked: readonly Candidate[]): Candidate | null {
  const [first, second] = ranked;
  if (first === undefined) return null;
  return first.signs[0] === 'identification' && second?.score === first.score ? null : first;
}

/** Asks the device as far as it takes. Throws a DeviceFailure when no platform fits. */
export async function findPlatform(
  terminal: Probed,
  identification: string,
  own: readonly PlatformFile[],
): Promise<Found> {
  const known = allRules(own);
  const seen = { identification, prompt: terminal.prompt };
  let ranked = candidates({ ...seen, answer: null }, known);
  if (!isSettled(ranked)) ranked = candidates({ ...seen, answer: await terminal.probe(PROBE) }, known);
  const best = decide(ranked);
  if (best === null) throw unknown(seen, ranked);
  const { name } = best.rules.platform;
  return { rules: best.rules, note: `platform auto: ${name} (by ${signWords(best)})` };
}

/** What a candidate is known by, the strongest sign. */
export function signWords({ signs }: Candidate): string {
  return WORDS[signs[0] ?? 'identification'];
}

const WORDS: Record<Sign, string> = {
  answer: `the answer to ${PROBE}`,
  prompt: 'its prompt',
  identification: 'its SSH identification',
};

/** One alone, by its prompt and its identification, and no shell: a command line may lie upon one. */
function isSettled(ranked: readonly Candidate[]): boolean {
  const [only, ...others] = ranked;
  return (
    only !== undefined && others.length === 0 && only.signs.length > 1 && only.rules.platform.mode === 'shell'
  );
}

function candidate(evidence: Evidence, rules: Rules): Candidate | null {
  const { identification, prompt, answer } = evidence;
  const { detect, platform } = rules;
  // A prompt that its sessions could not read speaks against it.
  if (platform.mode === 'shell' && !rules.prompt.test(prompt)) return null;
  const answered = answer === null ? null : (detect.probe?.exec(answer) ?? null);
  // Its own kind of refusal says nothing; another answer than the platform's speaks against it.
  if (detect.probe && answer !== null && answered === null && parserError(rules, answer) === null)
    return null;
  const signs: Sign[] = [];
  if (answered) signs.push('answer');
  if (detect.prompt?.test(prompt)) signs.push('prompt');
  if (identification !== '' && detect.banner?.test(identification)) signs.push('identification');
  // Many a device's SSH server is that of the shell underneath.
  const enough =
    platform.mode === 'exec' ? signs.some((sign) => sign !== 'identification') : signs.length > 0;
  if (!enough) return null;
  const score = signs.reduce((sum, sign) => sum + WEIGHT[sign], 0);
  return { rules, signs, score, fit: answered?.[0].length ?? 0 };
}

/** Bounded, as patterns are to be tried on it. */
function head(answer: string): string {
  const lines = answer.slice(0, ANSWER_WITHIN).split('\n');
  return lines.map((line) => line.slice(0, LINE_WITHIN)).join('\n');
}

function unknown(
  { identification, prompt }: { identification: string; prompt: string },
  ranked: readonly Candidate[],
): DeviceFailure {
  const names = ranked.slice(0, 4).map(({ rules }) => rules.platform.name);
  const between = names.length === 0 ? 'no known platform fits' : `it may be ${names.join(' or ')}`;
  const calls = identification === '' ? '' : ` calls itself ${JSON.stringify(quote(identification))} and`;
  return new DeviceFailure(
    Kind.PROMPT,
    Stage.SHELL,
    `${between}: the device${calls} prompts ${JSON.stringify(quote(prompt))}; name its platform`,
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : 1;
}
