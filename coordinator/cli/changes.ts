// When outputs last changed, for rules that ask: read from the history that sweeps leave. A version that differs from
// the one before only in lines that change by themselves is no change.

import type { Version } from '../../proto/gen/netsweep/v1/history.js';
import { Output, type Report } from '../../proto/gen/netsweep/v1/model.js';
import type { Platforms } from '../../proto/platform.js';
import { regionOf } from '../audit/region.js';
import { quietLines } from '../audit/whole.js';
import type { ReadOutput } from '../combine/result.js';
import type { Connection } from '../connect.js';

export class Changes {
  constructor(
    private readonly link: Connection,
    private readonly platforms: Platforms,
  ) {}

  /** Unix ms; null: what is kept does not reach back to `sinceMs`, and holds no change. */
  async lastBefore(
    report: Report,
    output: Output,
    sinceMs: number,
    read: ReadOutput,
  ): Promise<number | null> {
    const { device } = report;
    const asked = { device: device?.name ?? '', segment: device?.segment ?? '', command: output.command };
    const versions: Version[] = [];
    for await (const version of this.link.history.versions(asked) as AsyncIterable<Version>)
      if (version.sha256.length > 0) versions.push(version);
    // Of an earlier sweep: what came after it is not what it brought.
    const last = versions.findLastIndex(({ sha256 }) => sha256.equals(output.sha256));
    for (let place = last; place >= 0; place--) {
      const version = versions[place];
      if (version === undefined || version.firstMs < sinceMs) return version?.firstMs ?? null;
      const before = versions[place - 1];
      if (before === undefined) return null;
      const [text, other] = [await this.#quiet(version, read), await this.#quiet(before, read)];
      if (text !== other) return version.firstMs;
    }
    return null;
  }

  async #quiet(version: Version, read: ReadOutput): Promise<string> {
    const { command, bytes, sha256 } = version;
    let text = '';
    for await (const piece of read(Output.create({ command, bytes, sha256 }))) text += piece;
    const volatile = (this.platforms.get(version.platform)?.volatile ?? []).map((one) => new RegExp(one));
    return quietLines(regionOf(text), [], { volatile, fields: {} }).lines.join('\n');
  }
}
