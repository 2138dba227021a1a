// `--mask`: reports with the secrets of their outputs hidden, before any view sees them. A masked output is a text of its
// own: its size and digest are those of what is shown, so that a digest tells nothing of a secret and outputs that differ
// in nothing else fold into one.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Output, Report } from '../../proto/gen/netsweep/v1/model.js';
import type { Platforms } from '../../proto/platform.js';
import { Mask } from '../combine/mask.js';
import { platformOf, type ReadOutput } from '../combine/result.js';

/** Masked texts up to this size travel with their report. */
const SMALL = 1024 * 1024;

/** Where a masked text comes from. */
interface Origin {
  output: Output;
  mask: Mask;
}

export class Masked {
  /** By the digest of the masked text. */
  readonly #origins = new Map<string, Origin>();
  readonly #masks = new Map<string, Mask>();

  constructor(
    private readonly original: ReadOutput,
    private readonly platforms: Platforms,
  ) {}

  /** The same reports with masked outputs. */
  async *ahead(reports: AsyncIterable<Report> | Iterable<Report>): AsyncGenerator<Report> {
    for await (const report of reports) {
      const mask = this.#maskOf(platformOf(report));
      const outputs: Output[] = [];
      for (const output of report.outputs) outputs.push(await this.#masked(output, mask));
      yield { ...report, outputs };
    }
  }

  /** The text of a masked output, with its body or without. */
  get read(): ReadOutput {
    const { original } = this;
    const origins = this.#origins;
    async function* read(output: Output): AsyncGenerator<string> {
      const origin = output.body.length > 0 ? undefined : origins.get(output.sha256.toString('hex'));
      if (origin === undefined) yield* original(output);
      else yield* maskedText(original(origin.output), origin.mask);
    }
    const whole = (output: Output) => original.whole?.(output) ?? null;
    return Object.assign(read, { whole });
  }

  async #masked(output: Output, mask: Mask): Promise<Output> {
    const hash = createHash('sha256');
    let text: string | null = '';
    let bytes = 0;
    for await (const piece of maskedText(this.original(output), mask)) {
      hash.update(piece);
      bytes += Buffer.byteLength(piece);
      text = text === null || bytes > SMALL ? null : text + piece;
    }
    const sha256 = hash.digest();
    const { stderr } = output;
    this.#origins.set(sha256.toString('hex'), { output: { ...output, body: Buffer.alloc(0) }, mask });
    return {
      ...output,
      ...(stderr === undefined ? {} : { stderr: mask.text(stderr) }),
      ...{ sha256, bytes, body: text === null ? Buffer.alloc(0) : gzipSync(text, { level: 1 }) },
    };
  }

  /** What nobody knows is read as any device. */
  #maskOf(platform: string): Mask {
    const known = this.#masks.get(platform);
    if (known !== undefined) return known;
    const data = this.platforms.find(platform) ?? this.platforms.find('generic');
    const mask = new Mask({ secrets: data?.secrets ?? [] });
    this.#masks.set(platform, mask);
    return mask;
  }
}

/** Line by line, because a secret stands in its line. */
async function* maskedText(pieces: AsyncIterable<string>, mask: Mask): AsyncGenerator<string> {
  let rest = '';
  for await (const piece of pieces) {
    const end = piece.lastIndexOf('\n') + 1;
    if (end === 0) rest += piece;
    else {
      yield mask.text(rest + piece.slice(0, end));
      rest = piece.slice(end);
    }
  }
  if (rest !== '') yield mask.text(rest);
}
