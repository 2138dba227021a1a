// Outputs gathered by command and digest while they arrive: of each group its names and one output without its bytes.
import type { Output, Report } from '../../proto/gen/netsweep/v1/model.js';
import { type Folded, fold } from '../nodeset/fold.js';

interface Group {
  command: string;
  names: string[];
  output: Output;
}

/** Devices with one and the same output of a command. */
export interface FoldedGroup {
  names: Folded;
  /** Without its body: read by digest. */
  output: Output;
}

export class Folds {
  readonly #groups = new Map<string, Group>();
  readonly #commands = new Set<string>();

  get size(): number {
    return this.#groups.size;
  }

  /** As first seen. */
  get commands(): string[] {
    return Array.from(this.#commands);
  }

  add({ device }: Report, outputs: Output[]): void {
    for (const output of outputs) {
      const key = `${output.command}\0${output.sha256.toString('hex')}`;
      const group = this.#groups.get(key) ?? {
        command: output.command,
        names: [],
        output: { ...output, body: Buffer.alloc(0) },
      };
      group.names.push(device?.name ?? '');
      this.#groups.set(key, group);
      this.#commands.add(output.command);
    }
  }

  /** A command's groups, the largest first, then by their first names. */
  groupsOf(command: string): FoldedGroup[] {
    return Array.from(this.#groups.values())
      .filter((group) => group.command === command)
      .map(({ names, output }) => ({ names: fold(names), output }))
      .sort((a, b) => b.names.size - a.names.size || (a.names.first < b.names.first ? -1 : 1));
  }
}

/** `R[1,3] (2)`, as clubak heads them. */
export function groupTitle({ names }: FoldedGroup): string {
  return names.size > 1 ? `${names.text} (${names.size})` : names.text;
}
