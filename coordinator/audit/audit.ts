// An audit under way: devices come in as they end, are judged in threads, counted, and their verdicts put aside; what
// the others have to show first is decided at the end. Memory is bounded by what is under way, not by the fleet.
import type { Platforms } from '../../proto/platform.js';
import { Mask } from '../combine/mask.js';
import { Bench, type DeviceTask } from './bench.js';
import { type Book, isFor } from './book.js';
import { type PackedVerdict, unpackVerdicts } from './judging.js';
import { type Group, Majorities, majorityOf } from './majority.js';
import { regionOf } from './region.js';
import type { Audited } from './scopes.js';
import { VerdictSpool } from './spool.js';
import { AuditTally } from './tally.js';
import type { Verdict, VerdictStatus } from './verdict.js';
import { difference, quietLines } from './whole.js';

export interface AuditOptions<Ref> {
  book: Book;
  audited: readonly Audited[];
  platforms: Platforms;
  /** A directory of templates; default: there is none. */
  templates?: string | null;
  threads?: number;
  /** The text of an output again, for a device that is compared with the others. */
  read(ref: Ref): Promise<string>;
}

/** What came of a device; `refs`: what leads to each output's text again, by command. */
export interface Arrived<Ref> extends Pick<DeviceTask, 'platform' | 'outputs' | 'failure'> {
  refs: ReadonlyMap<string, Ref>;
}

/** Where a version that few devices show differs is looked up for so many of them in each rule. */
const MOST_LOOKED_UP = 100;

interface Witness<Ref> {
  device: number;
  ref: Ref | null;
}

export class Audit<Ref> implements AsyncDisposable {
  readonly tally: AuditTally;
  /** Devices that turned out to be of platforms that no rule is for. */
  unmeant = 0;
  readonly #bench: Bench;
  readonly #spool = new VerdictSpool();
  readonly #majorities = new Majorities<Witness<Ref>>();
  /** Verdicts that replace those put aside. */
  readonly #decided = new Map<number, PackedVerdict[]>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #platforms = new Map<number, string>();

  private constructor(private readonly options: AuditOptions<Ref>) {
    const { book, audited, platforms, templates = null, threads } = options;
    this.tally = new AuditTally(book);
    const known = new Set(audited.map(({ platform }) => platform));
    // One that is yet to be found out may be any.
    const names = known.has('') ? platforms.names : known;
    const limits = threads === undefined ? {} : { threads };
    this.#bench = Bench.open({ book, names, platforms, templates, ...limits });
  }

  static open<Ref>(options: AuditOptions<Ref>): Audit<Ref> {
    return new Audit(options);
  }

  /** Resolves when there is room for the next device; rejects with whatever went wrong before. */
  async add(device: number, arrived: Arrived<Ref>): Promise<void> {
    const audited = this.options.audited[device];
    if (audited === undefined || audited.rules.length === 0) return;
    while (this.#underWay.size >= this.#bench.width) await Promise.race(this.#underWay);
    const work = this.#judge(device, audited, arrived);
    this.#underWay.add(work);
    // Whoever waits for room or for the end hears of it.
    work.then(
      () => this.#underWay.delete(work),
      () => {},
    );
  }

  /** All devices have been added. */
  async settle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
    for (const group of this.#majorities.groups()) await this.#decide(group);
  }

  /** Of one device, once it is judged; empty: nothing was said of it. */
  async verdictsOf(device: number): Promise<Verdict[]> {
    const packed = await this.#spool.get(device);
    if (packed === null) return [];
    const decided = new Map(this.#decided.get(device)?.map((verdict) => [verdict[0], verdict]));
    return unpackVerdicts(packed).flatMap((verdict) =>
      this.#unpacked(device, decided.get(verdict[0]) ?? verdict),
    );
  }

  /** In the order of the inventory. */
  async *verdicts(): AsyncGenerator<Verdict[]> {
    for (const device of this.options.audited.keys()) {
      const verdicts = await this.verdictsOf(device);
      if (verdicts.length > 0) yield verdicts;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bench[Symbol.asyncDispose]();
    await Promise.allSettled(this.#underWay);
    await this.#spool[Symbol.asyncDispose]();
  }

  async #judge(device: number, audited: Audited, arrived: Arrived<Ref>): Promise<void> {
    const { name, fields, waivers } = audited;
    const { platform, outputs, failure, refs } = arrived;
    const { book } = this.options;
    // Where it was yet to be found out, the platform decides now which rules there are.
    const rules = audited.rules.filter((rule) => audited.platform !== '' || isFor(book, rule, platform));
    if (rules.length === 0) {
      this.unmeant++;
      return;
    }
    const judged = await this.#bench.judge({ platform, outputs, failure, fields, rules, waivers });
    await this.#spool.put(device, judged.packed);
    const sighted = new Map(judged.sightings.map(({ rule, digest }) => [rule, digest]));
    this.tally.devices++;
    this.#platforms.set(device, platform);
    for (const [place, rule] of rules.entries()) {
      this.tally.time(rule, judged.ms[place] ?? 0, name);
      const digest = sighted.get(rule);
      const ref = refs.get(this.#commandOf(rule, platform)) ?? null;
      if (digest !== undefined)
        this.#majorities.add({ rule, device, platform, digest, output: { device, ref } });
      else this.tally.add(rule, judged.statuses[place] ?? 'error');
    }
    for (const rule of judged.stopped) this.tally.stop(rule);
  }

  #commandOf(rule: number, platform: string): string {
    const command = this.options.book.rules[rule]?.command;
    return command?.of === 'platform' ? (command.commands[platform] ?? '') : (command?.command ?? '');
  }

  async #decide(group: Group<Witness<Ref>>): Promise<void> {
    const majority = majorityOf(group);
    const sights = new Map<string, PackedVerdict[3]>();
    for (const { device, digest } of group.devices) {
      const command = this.#commandOf(group.rule, this.#platforms.get(device) ?? '');
      if (typeof majority === 'string') {
        this.#say(device, group.rule, 'error', [[command, null, 'what most devices show', '', majority]]);
        continue;
      }
      const [status, known] = [digest === majority.digest ? 'pass' : 'fail', sights.get(digest)] as const;
      const evidence = known ?? (await this.#compared(group, digest, majority.digest, command, sights.size));
      sights.set(digest, evidence);
      this.#say(device, group.rule, status, evidence);
    }
  }

  /** What a version differs in from that of the majority. */
  async #compared(
    { rule, devices, versions }: Group<Witness<Ref>>,
    digest: string,
    majority: string,
    command: string,
    before: number,
  ): Promise<PackedVerdict[3]> {
    const many = versions.get(majority);
    const own = versions.get(digest);
    const share = `${many?.count ?? 0} of ${devices.length} devices show the same`;
    if (digest === majority) return [[command, null, 'what most devices show', 'the same', share]];
    const plain: PackedVerdict[3] = [[command, null, 'what most devices show', 'another version', share]];
    if (many === undefined || own === undefined || before > MOST_LOOKED_UP) return plain;
    const [found, wanted] = [
      await this.#quietLines(rule, own.first),
      await this.#quietLines(rule, many.first),
    ];
    const platform = this.options.platforms.get(this.#platforms.get(own.first.device) ?? '');
    const mask = new Mask({ secrets: platform?.secrets ?? [] });
    const sight = found && wanted && difference(found, wanted, (line) => mask.line(line));
    return sight ? [[command, sight.line, sight.expected, sight.found, `${share}; ${sight.message}`]] : plain;
  }

  async #quietLines(number: number, { device, ref }: Witness<Ref>) {
    const rule = this.options.book.rules[number];
    const audited = this.options.audited[device];
    if (rule?.check.kind !== 'same_as' || audited === undefined || ref === null) return null;
    const platform = this.options.platforms.get(this.#platforms.get(device) ?? '');
    const volatile = (platform?.volatile ?? []).map((text) => new RegExp(text));
    const text = await this.options.read(ref);
    return quietLines(regionOf(text), rule.check.ignore, { volatile, fields: audited.fields });
  }

  #say(device: number, rule: number, status: VerdictStatus, evidence: PackedVerdict[3]): void {
    const { audited, book } = this.options;
    const waiver = audited[device]?.waivers[rule] ?? -1;
    const told = status === 'fail' && book.waivers[waiver]?.expired === false ? 'waived' : status;
    this.tally.add(rule, told);
    const decided = this.#decided.get(device) ?? [];
    decided.push([rule, told, waiver, evidence]);
    this.#decided.set(device, decided);
  }

  #unpacked(device: number, [number, status, waiver, packed]: PackedVerdict): Verdict[] {
    const { audited, book } = this.options;
    const rule = book.rules[number];
    if (rule === undefined) return [];
    const { policy, id, severity, title, remedy, reference } = rule;
    const evidence = packed.map(([command, line, expected, found, message]) => ({
      command,
      line,
      expected,
      found,
      message,
    }));
    const by = book.waivers[waiver];
    const [first] = evidence;
    if (status === 'fail' && by !== undefined && first !== undefined) {
      const expired = `the waiver of ${by.owner} (${by.reason}) expired on ${by.expires}`;
      first.message = first.message === null ? expired : `${first.message}; ${expired}`;
    }
    const waived =
      status === 'waived' && by !== undefined
        ? { owner: by.owner, reason: by.reason, expires: by.expires }
        : null;
    const name = audited[device]?.name ?? '';
    return [
      {
        policy,
        rule: id,
        severity,
        title,
        device: name,
        status,
        evidence,
        waiver: waived,
        remedy,
        reference,
      },
    ];
  }
}
