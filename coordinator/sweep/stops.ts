// When a sweep stops by itself, and which of its devices may be offered by now: --max-fail, --canary and --batch.
// Pure, and made of nothing but the options and how devices have ended, so a coordinator that was started again
// comes to the same.
//
// Devices go in stages, in inventory order: the canary first, then batch after batch. A stage begins when every
// device of the stages before it has ended.
import { Failure, Kind, Stage, Status, type SweepOptions } from '../../proto/gen/netsweep/v1/model.js';
import { label } from '../../proto/label.js';

type Limits = Pick<SweepOptions, 'maxFail' | 'canary' | 'batch' | 'allowWrites'>;

/** A number of devices, or a share of the selection. */
export type Share = { devices: number } | { percent: number };

/** How many devices a share is: rounded up, at least one. No limit is 0. */
export function devicesOf(share: Share | null, selected: number): number {
  if (share === null) return 0;
  return 'devices' in share ? share.devices : Math.max(1, Math.ceil((share.percent * selected) / 100));
}

/** Why a sweep has stopped by itself. */
export interface Stop {
  reason: string;
  /** Of the devices that it kept from being begun. */
  failure: Failure;
}

/** What the limits of a sweep are, a line each; none: it has none. */
export function printLimits({ canary, batch, maxFail }: Omit<Limits, 'allowWrites'>): string[] {
  return [
    ...(canary > 0 ? [`canary of ${canary}: all must end ok before any other is begun`] : []),
    ...(batch > 0 ? [`batches of ${batch}: each must end before the next is begun`] : []),
    ...(maxFail > 0 ? [`none is begun once ${maxFail === 1 ? '1 has' : `${maxFail} have`} failed`] : []),
  ];
}

export class Stops {
  readonly #left: number[];
  #stage = 0;
  #failed = 0;
  #badCanary = '';

  constructor(
    private readonly limits: Limits,
    selected: number,
  ) {
    this.#left = [];
    for (let index = 0; index < selected; index++) {
      const stage = this.stageOf(index);
      this.#left[stage] = (this.#left[stage] ?? 0) + 1;
    }
  }

  /** Devices of each stage that have not ended. */
  get sizes(): readonly number[] {
    return this.#left;
  }

  /** The stage under way; devices of later ones wait. */
  get stage(): number {
    return this.#stage;
  }

  /** The same in words; empty where there are no stages. */
  get underWay(): string {
    return this.#stage === this.#left.length ? '' : this.nameOf(this.#stage);
  }

  nameOf(stage: number): string {
    const { canary, batch } = this.limits;
    if (canary === 0 && batch === 0) return '';
    if (stage < this.#canaries) return 'canary';
    const of = this.#left.length - this.#canaries;
    return of === 1 ? 'after the canary' : `batch ${stage - this.#canaries + 1} of ${of}`;
  }

  stageOf(index: number): number {
    const { canary, batch } = this.limits;
    if (index < canary) return 0;
    return this.#canaries + (batch > 0 ? Math.floor((index - canary) / batch) : 0);
  }

  ended(device: { index: number; name: string }, status: Status, failure: Failure | null): void {
    const stage = this.stageOf(device.index);
    this.#left[stage] = (this.#left[stage] ?? 0) - 1;
    while (this.#left[this.#stage] === 0) this.#stage += 1;
    if (status === Status.FAILED || status === Status.INTERRUPTED) this.#failed += 1;
    if (device.index < this.limits.canary && status !== Status.OK)
      this.#badCanary ||= ending(device.name, status, failure);
  }

  /** Stages that are a canary. */
  get #canaries(): number {
    return this.limits.canary > 0 ? 1 : 0;
  }

  /** null: the limits allow more to be begun. */
  reached(): Stop | null {
    if (this.#badCanary !== '')
      return stop(`the canary ${this.#badCanary}`, `not begun: the canary ${this.#badCanary}`);
    const { maxFail } = this.limits;
    if (maxFail === 0 || this.#failed < maxFail) return null;
    const failed = this.#failed === 1 ? '1 device has failed' : `${this.#failed} devices have failed`;
    return stop(`${failed} and --max-fail is ${maxFail}`, `not begun: --max-fail is ${maxFail}`);
  }

  /** Most devices that may be under way at once; a sweep that may write never risks more than it may lose. */
  get most(): number {
    const { allowWrites, maxFail } = this.limits;
    return allowWrites && maxFail > 0 ? Math.max(0, maxFail - this.#failed) : Number.POSITIVE_INFINITY;
  }

  /** Whether one more device may be sent its first command while so many have been sent theirs and have not ended. */
  mayStart(started: number): boolean {
    return this.reached() === null && started < this.most;
  }
}

function stop(reason: string, message: string): Stop {
  return { reason, failure: Failure.create({ kind: Kind.LIMIT, stage: Stage.PLAN, message }) };
}

/** `R1 ended failed (auth)`. */
function ending(name: string, status: Status, failure: Failure | null): string {
  const why = failure === null ? '' : ` (${label('KIND', failure.kind)})`;
  return `${name} ended ${label('STATUS', status)}${why}`;
}
