// One device judged by the rules that are for it: its outputs in, a judgement of each rule out, with evidence. Pure;
// what can't be evaluated is an error, what is not proved whole is unknown, and neither is ever a pass.
import type { Platform } from '../../proto/platform.js';
import { Mask } from '../combine/mask.js';
import { FieldMissing, type FieldValues } from './fieldtext.js';
import { inForce } from './inforce.js';
import { look } from './look.js';
import { error, NO_LINE, type Outcome, patternFor, type Sphere, shown } from './outcome.js';
import type { Rule } from './policy.js';
import { findLine, type Region, regionOf } from './region.js';
import type { Evidence, VerdictStatus } from './verdict.js';
import { expectedBy } from './words.js';

/** What a platform's data says that matters here. */
export type PlatformData = Pick<Platform, 'name' | 'errors' | 'volatile' | 'secrets'>;

export interface JudgedOutput {
  command: string;
  proof: 'complete' | 'suspect' | 'truncated';
  text: string;
  /** Why there is no text although the output is complete. */
  unreadable: string | null;
  /** When it last changed, Unix ms; null: nobody knows. */
  changedAtMs: number | null;
}

export interface JudgedDevice {
  /** Null: of the device nobody knows what it is. */
  platform: PlatformData | null;
  fields: FieldValues;
  outputs: readonly JudgedOutput[];
  /** Why outputs are missing, in words. */
  failure: string | null;
}

/** Rows of an output, as helper templates make them. */
export type RowsOf = (
  platform: string,
  command: string,
  text: string,
) => { rows: readonly unknown[] } | { wrong: string };

export interface Judgement {
  status: VerdictStatus;
  evidence: Evidence[];
  /** The rule is decided by what the other devices show. */
  sighting: string | null;
}

/** The parser complains at once. */
const ERROR_LINES = 5;

/** Judges one device by one rule after the other, and remembers what they share. */
export class Judge {
  readonly #mask: Mask;
  readonly #volatile: RegExp[];
  readonly #errors: RegExp[];
  readonly #maskedLines = new Map<string, string>();
  readonly #rows = new Map<string, ReturnType<RowsOf>>();
  readonly #regions = new Map<string, Region>();

  constructor(
    private readonly device: JudgedDevice,
    private readonly rowsOf: RowsOf,
  ) {
    const { secrets = [], volatile = [], errors = [] } = device.platform ?? {};
    this.#mask = new Mask({ secrets });
    this.#volatile = volatile.map((text) => new RegExp(text));
    this.#errors = errors.map((text) => new RegExp(text));
  }

  judge(rule: Rule): Judgement {
    const { platform } = this.device;
    const command = commandFor(rule, platform?.name ?? '');
    const say = (status: VerdictStatus, found: string, message: string | null): Judgement => ({
      status,
      evidence: [{ command, line: null, expected: shown(expectedBy(rule)), found, message }],
      sighting: null,
    });
    // What the device is was never found out.
    if (command === null && platform === null && this.device.failure !== null)
      return say('unknown', 'no output', this.device.failure);
    if (command === null)
      return say('error', '', `the rule has no command for ${platform?.name ?? 'this platform'}`);
    const output = this.device.outputs.find((one) => one.command === command);
    if (output === undefined)
      return say('unknown', 'no output', this.device.failure ?? 'the command was not run');
    if (output.proof !== 'complete')
      return say(
        'unknown',
        `an output that is ${output.proof}`,
        this.device.failure ?? 'it is not proved whole',
      );
    if (output.unreadable !== null) return say('error', '', output.unreadable);
    const refusal = this.#refusalIn(output);
    if (refusal !== null) return say('unknown', shown(refusal), 'the device refused the command');
    const { status, sights, sighting } = this.#outcome(rule, output);
    const evidence = sights.map((sight) => ({ command, ...sight }));
    if (status === 'error' && evidence[0]?.expected === '') evidence[0].expected = shown(expectedBy(rule));
    return { status, evidence, sighting: sighting ?? null };
  }

  #outcome(rule: Rule, output: JudgedOutput): Outcome {
    const region = this.#regionOf(output, isOfWhole(rule));
    const sphere = this.#sphere(output);
    try {
      if (rule.when !== null && findLine(region, patternFor(rule.when, sphere.fields)) < 0) {
        const expected = `where a line matches ${rule.when}`;
        return {
          status: 'not-applicable',
          sights: [{ line: null, expected, found: NO_LINE, message: null }],
        };
      }
      const exempt = rule.unless === null ? -1 : findLine(region, patternFor(rule.unless, sphere.fields));
      if (exempt >= 0) {
        const found = shown(sphere.mask(region.lines[exempt] ?? ''));
        const expected = `where no line matches ${rule.unless}`;
        return { status: 'not-applicable', sights: [{ line: exempt + 1, expected, found, message: null }] };
      }
      return look(rule, region, sphere);
    } catch (reason) {
      if (!(reason instanceof FieldMissing)) throw reason;
      return error(reason.message);
    }
  }

  #sphere(output: JudgedOutput): Sphere {
    const platform = this.device.platform?.name ?? '';
    return {
      platform,
      fields: this.device.fields,
      mask: (line) => this.#masked(line),
      volatile: this.#volatile,
      rows: () => this.#rowsOf(platform, output),
      changedAtMs: output.changedAtMs,
    };
  }

  /** Several rules ask about the same output. */
  #rowsOf(platform: string, { command, text }: JudgedOutput): ReturnType<RowsOf> {
    const known = this.#rows.get(command) ?? this.rowsOf(platform, command, text);
    this.#rows.set(command, known);
    return known;
  }

  /** Many rules show the same lines. */
  #masked(line: string): string {
    const known = this.#maskedLines.get(line);
    if (known !== undefined) return known;
    const masked = this.#mask.line(line);
    this.#maskedLines.set(line, masked);
    return masked;
  }

  /** `whole`: as it was printed; else what of it is in force. */
  #regionOf({ command, text }: JudgedOutput, whole: boolean): Region {
    const key = `${whole} ${command}`;
    const known = this.#regions.get(key);
    if (known !== undefined) return known;
    const region = regionOf(text);
    const seen = whole ? region : { ...region, lines: inForce(region.lines) };
    this.#regions.set(key, seen);
    return seen;
  }

  /** The line in which the device's parser refused the command: its output is whole, and says nothing. */
  #refusalIn(output: JudgedOutput): string | null {
    const { lines } = this.#regionOf(output, true);
    for (let place = 0, seen = 0; place < lines.length && seen < ERROR_LINES; place++) {
      const line = lines[place] ?? '';
      if (line.trim() === '') continue;
      seen++;
      if (this.#errors.some((pattern) => pattern.exec(line)?.index === 0)) return line;
    }
    return null;
  }
}

/** Rules that compare an output as it stands. */
function isOfWhole({ check: { kind } }: Rule): boolean {
  return kind === 'golden' || kind === 'same_as' || kind === 'unchanged_since';
}

/** Null: there is none for this platform. */
export function commandFor({ command }: Pick<Rule, 'command'>, platform: string): string | null {
  if (command.of === 'all') return command.command;
  return command.commands[platform] ?? null;
}
