// One device judged by the rules that are for it: its outputs in, a judgement of each rule out, with evidence. Pure;
// what can't be evaluated is an error, what is not proved whole is unknown, and neither is ever a pass.
import type { Platform } from '../../proto/platform.js';
import { Mask } from '../combine/mask.js';
import { type Block, blocksIn } from './blocks.js';
import { checkCapture, checkCount } from './captured.js';
import { FieldMissing, type FieldValues } from './fieldtext.js';
import { inForce } from './inforce.js';
import { error, few, NO_LINE, type Outcome, patternFor, type Sphere, shown } from './outcome.js';
import type { Look, Rule, Scope } from './policy.js';
import { checkAbsent, checkPresent } from './presence.js';
import { findLine, type Region, regionOf } from './region.js';
import { checkRows } from './rowscheck.js';
import type { Evidence, VerdictStatus } from './verdict.js';
import { checkGolden, checkUnchanged, sightWhole } from './whole.js';
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

const MOST_BLOCKS_SHOWN = 3;
/** The parser complains at once. */
const ERROR_LINES = 5;

/** Judges one device by one rule after the other, and remembers what they share. */
export class Judge {
  readonly #mask: Mask;
  readonly #volatile: RegExp[];
  readonly #errors: RegExp[];
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
      mask: (line) => this.#mask.line(line),
      volatile: this.#volatile,
      rows: () => this.rowsOf(platform, output.command, output.text),
      changedAtMs: output.changedAtMs,
    };
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

function look(at: Look, region: Region, sphere: Sphere): Outcome {
  return at.scope === null ? checkOf(at, region, sphere) : inBlocks(at, at.scope, region, sphere);
}

function checkOf({ check, none }: Look, region: Region, sphere: Sphere): Outcome {
  switch (check.kind) {
    case 'present':
      return checkPresent(check.wanted, region, sphere);
    case 'absent':
      return checkAbsent(check.wanted, region, sphere);
    case 'count':
      return checkCount(check, region, sphere);
    case 'capture':
      return checkCapture(check, none, region, sphere);
    case 'rows':
      return checkRows(check, none, region, sphere);
    case 'golden':
      return checkGolden(check, region, sphere);
    case 'unchanged_since':
      return checkUnchanged(check, sphere);
    case 'same_as':
      return sightWhole(check, region, sphere);
    case 'any':
      return oneOf(check.of.map((one) => look(one, region, sphere)));
  }
  check satisfies never;
}

/** The first that holds; without one, an error before a failure. */
function oneOf(outcomes: Outcome[]): Outcome {
  const passed = outcomes.find(({ status }) => status === 'pass');
  if (passed !== undefined) return passed;
  const errors = outcomes.filter(({ status }) => status === 'error');
  const failed = outcomes.filter(({ status }) => status === 'fail');
  if (errors.length === 0 && failed.length > 0)
    return { status: 'fail', sights: few(failed.flatMap(({ sights }) => sights)) };
  return errors[0] ?? outcomes[0] ?? error('there is nothing to look for');
}

function inBlocks(at: Look, scope: Scope, region: Region, sphere: Sphere): Outcome {
  const heads = scope.path.map((text) => patternFor(text, sphere.fields));
  const words = scope.path.join(' > ');
  let blocks: Block[] = [{ head: '', number: 0, region }];
  for (const head of heads) blocks = blocks.flatMap((block) => blocksIn(block.region, head));
  if (blocks.length === 0) {
    const message = `there is no block ${words}: the rule has nothing to look at`;
    const sight = { line: null, expected: expectedBy(at), found: 'no such block', message };
    return { status: at.none ?? 'error', sights: [sight] };
  }
  const meant = blocks.filter((block) => holds(block, scope, sphere));
  if (meant.length === 0) {
    const found = `${blocks.length} blocks ${words}, none of this kind`;
    const sight = { line: null, expected: expectedBy(at), found, message: null };
    return { status: at.none ?? 'not-applicable', sights: [sight] };
  }
  return together(
    scope,
    meant.map((block) => named(block, checkOf(at, block.region, sphere), sphere)),
  );
}

function holds({ region }: Block, { having, lacking }: Scope, { fields }: Sphere): boolean {
  if (having !== null && findLine(region, patternFor(having, fields)) < 0) return false;
  return lacking === null || findLine(region, patternFor(lacking, fields)) < 0;
}

/** What was not found in a block is told at its head. */
function named(block: Block, { status, sights }: Outcome, { mask }: Sphere): Outcome {
  const where = `in "${shown(mask(block.head))}"`;
  return {
    status,
    sights: sights.map(({ line, message, ...sight }) => ({
      ...sight,
      line: line ?? block.number,
      message: message === null ? where : `${where}: ${message}`,
    })),
  };
}

function together({ which }: Scope, outcomes: Outcome[]): Outcome {
  const of = (status: Outcome['status']) => outcomes.filter((outcome) => outcome.status === status);
  const [errors, failed, passed] = [of('error'), of('fail'), of('pass')];
  const sightsOf = (some: Outcome[]) => some.flatMap(({ sights }) => sights);
  if (which === 'any' && passed.length > 0)
    return { status: 'pass', sights: few(sightsOf(passed), MOST_BLOCKS_SHOWN) };
  if (errors.length > 0) return { status: 'error', sights: few(sightsOf(errors)) };
  if (failed.length > 0) return { status: 'fail', sights: few(sightsOf(failed)) };
  const status = passed.length > 0 ? 'pass' : 'not-applicable';
  return { status, sights: few(sightsOf(passed.length > 0 ? passed : outcomes), MOST_BLOCKS_SHOWN) };
}
