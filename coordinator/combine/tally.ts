// What a sweep came to, counted from its reports: failures by kind with the devices' names, outputs that are
// not proved whole, and what of it decides the exit code. Pure; holds names, never outputs.
import { Kind, Proof, type Report, Status } from '../../proto/gen/netsweep/v1/model.js';

export interface KindTally {
  kind: Kind;
  names: string[];
  /** The first message seen, as an example. */
  message: string;
}

export class Tally {
  readonly statuses = new Map<Status, number>();
  readonly kinds = new Map<Kind, KindTally>();
  /** Outputs that came back but are not proved whole. */
  readonly suspects: { device: string; command: string }[] = [];
  /** What a reader should know, with the devices it is about. */
  readonly notes = new Map<string, string[]>();
  /** Devices never touched because of a limit or the sweep's deadline. */
  stopped = 0;
  total = 0;

  add(report: Report): void {
    this.total++;
    this.statuses.set(report.status, this.count(report.status) + 1);
    const device = report.device?.name ?? '';
    for (const output of report.outputs)
      if (output.proof === Proof.SUSPECT) this.suspects.push({ device, command: output.command });
    for (const note of report.notes) {
      const names = this.notes.get(note);
      if (names === undefined) this.notes.set(note, [device]);
      else names.push(device);
    }
    if (report.failure === undefined) return;
    const { kind, message } = report.failure;
    const tally = this.kinds.get(kind) ?? { kind, names: [], message };
    tally.names.push(device);
    this.kinds.set(kind, tally);
    if (report.status === Status.SKIPPED && (kind === Kind.LIMIT || kind === Kind.DEADLINE)) this.stopped++;
  }

  count(status: Status): number {
    return this.statuses.get(status) ?? 0;
  }

  ofKind(kind: Kind): number {
    return this.kinds.get(kind)?.names.length ?? 0;
  }

  /** Devices that did not end ok. */
  get notOk(): number {
    return this.total - this.count(Status.OK);
  }

  /** Kinds, the most frequent first. */
  byFrequency(): KindTally[] {
    return [...this.kinds.values()].sort((a, b) => b.names.length - a.names.length);
  }
}

/** What `--tolerate` forgives: kinds, and after them a share of the selection. */
export interface Tolerance {
  percent: number;
  kinds: ReadonlySet<Kind>;
}

/** How many of the devices that are not ok are forgiven, and whether any is left that is not. */
export function tolerated(tally: Tally, tolerance: Tolerance | null): { forgiven: number; left: number } {
  if (tolerance === null) return { forgiven: 0, left: tally.notOk };
  const byKind = [...tolerance.kinds].reduce((sum, kind) => sum + tally.ofKind(kind), 0);
  const rest = tally.notOk - byKind;
  const withinShare = rest * 100 <= tolerance.percent * tally.total;
  return withinShare ? { forgiven: tally.notOk, left: 0 } : { forgiven: byKind, left: rest };
}
