// The client for scripts: the same steps as the command line, with results as an async iterator in place of a terminal.
//
//     import { Netsweep } from 'netsweep';
//
//     await using netsweep = await Netsweep.open({ inventory: 'devices.yaml' });
//     const sweep = await netsweep.run('show version', { limit: 'core' });
//     for await (const { device, status, outputs } of sweep) console.log(device, status, outputs[0]?.output);
//     console.log((await sweep.ended()).counts);
import { Readable } from 'node:stream';
import type { Report } from '../../proto/gen/netsweep/v1/model.js';
import { bodyReader } from '../cli/body.js';
import { UsageError } from '../cli/exit.js';
import { finished, follow } from '../cli/follow.js';
import { keepBy } from '../cli/keep.js';
import { findSweep, openLink } from '../cli/link.js';
import { plan, resolve, select } from '../cli/prepare.js';
import { ask, Patience } from '../cli/rpc.js';
import { sweepOptions } from '../cli/run.js';
import { submit, submitKey } from '../cli/submit.js';
import type { Connection } from '../connect.js';
import type { Options, RunOptions } from './options.js';
import { resultOf, summaryOf } from './reports.js';
import type { Result, Summary } from './result.js';
import { valuesOf } from './values.js';

export { UsageError } from '../cli/exit.js';
export { InputError } from '../inventory/issue.js';
export { Unreachable } from '../unreachable.js';
export type { Duration, Options, RunOptions } from './options.js';
export type { CommandOutput, Counts, Failure, Result, Status, Summary } from './result.js';

/** A connection to a coordinator: one elsewhere, or one that runs here as long as this is open. */
export class Netsweep implements AsyncDisposable {
  readonly #link: Connection;
  readonly #options: Options;
  readonly #closed = new AbortController();

  private constructor(link: Connection, options: Options) {
    this.#link = link;
    this.#options = options;
  }

  /** Throws InputError or UsageError for options that are wrong, Unreachable where there is no coordinator. */
  static async open(options: Options = {}): Promise<Netsweep> {
    const values = valuesOf(options);
    const link = await openLink(values, new AbortController().signal, values.isolation, keepBy(values));
    return new Netsweep(link, options);
  }

  /**
   * Submits a sweep; it is on the coordinator's disk when this resolves. Without commands each device runs those of its
   * inventory. Throws InputError or UsageError before anything is touched.
   */
  async run(commands: string | string[] = [], options: RunOptions = {}): Promise<Sweep> {
    const { signal } = this.#closed;
    const all = { ...this.#options, ...options };
    const given = all.devices === undefined ? {} : { inventory: '-' };
    const values = valuesOf({ ...all, ...given });
    const stdin = Readable.from([JSON.stringify(all.devices ?? [])]);
    const selected = await select(values, null, stdin);
    const words = typeof commands === 'string' ? [commands] : commands;
    const planned = plan(selected, { commands: words, values, options: sweepOptions(values) });
    const credentials = await resolve(selected, planned, signal);
    const { agents, workers } = values;
    const header = {
      ...{ key: submitKey(), client: this.#link.client, options: planned.options },
      ...{ agents: agents ?? 0, workers: workers ?? 0 },
    };
    try {
      const id = await submit(this.#link, { header, devices: planned.devices, credentials }, signal);
      return Sweep.of(id, this.#link, signal);
    } finally {
      for (const { password, privateKey, enableSecret } of credentials)
        for (const secret of [password, privateKey, enableSecret]) secret.fill(0);
    }
  }

  /** An earlier sweep by its id, a unique prefix of it, or `last`. Throws UsageError where there is none. */
  async sweep(name: string): Promise<Sweep> {
    const { id } = await findSweep(this.#link, name);
    return Sweep.of(id, this.#link, this.#closed.signal);
  }

  /** Ends what runs here; sweeps elsewhere go on. */
  async close(): Promise<void> {
    this.#closed.abort(new UsageError('the connection was closed'));
    await this.#link[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * A sweep. Iterating gives each device once, as it ends; a slow reader slows the sweep. To leave the loop early cancels a
 * sweep that runs here, and leaves one elsewhere to itself.
 */
export class Sweep implements AsyncIterable<Result> {
  readonly id: string;
  readonly #link: Connection;
  readonly #closed: AbortSignal;

  private constructor(id: string, link: Connection, closed: AbortSignal) {
    this.id = id;
    this.#link = link;
    this.#closed = closed;
  }

  /** @internal Left out of the types that scripts see, as they know no Connection. */
  static of(id: string, link: Connection, closed: AbortSignal): Sweep {
    return new Sweep(id, link, closed);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Result> {
    const leave = new AbortController();
    const signal = AbortSignal.any([leave.signal, this.#closed]);
    const patience = Patience.for(this.#link);
    const read = bodyReader(this.#link, signal, patience);
    const { readable, writable } = new TransformStream<Report[], Report[]>();
    const writer = writable.getWriter();
    const followed = {
      ...{ sweep: this.id, bodies: true, onProgress: () => {} },
      onReports: (reports: Report[]) => writer.write(reports),
    };
    const following = follow(this.#link, followed, signal, patience).then(
      () => writer.close(),
      (error) => writer.abort(error),
    );
    let isWhole = false;
    try {
      for await (const reports of readable) for (const report of reports) yield await resultOf(report, read);
      isWhole = true;
    } finally {
      leave.abort();
      await following.catch(() => {});
      if (!isWhole && this.#link.selfContained && !this.#closed.aborted)
        await this.cancel('its reader has left');
    }
  }

  /** All devices in the order of the inventory, once the sweep has ended. */
  async *results(): AsyncGenerator<Result> {
    const read = bodyReader(this.#link, this.#closed);
    await this.ended();
    for await (const report of finished(this.#link, { sweep: this.id, bodies: true }, this.#closed))
      yield await resultOf(report, read);
  }

  /** Waits for the end. */
  async ended(): Promise<Summary> {
    const followed = {
      ...{ sweep: this.id, bodies: false, onProgress: () => {} },
      onReports: async () => {},
    };
    return summaryOf(await follow(this.#link, followed, this.#closed));
  }

  /** How far it is. */
  async summary(): Promise<Summary> {
    return summaryOf(await findSweep(this.#link, this.id));
  }

  /** Devices that have not ended end `cancelled`. */
  async cancel(reason = 'cancelled by a script'): Promise<void> {
    const { sweeps } = this.#link;
    await ask(sweeps.cancel.bind(sweeps), { sweep: this.id, reason });
  }
}
