// Looks at the processes of a place for as long as something runs there: their words, their environments, their limits.
import { readFileSync } from 'node:fs';
import type { Place } from '../place.ts';
import type { Canary } from './canary.ts';

const LOOK_EVERY_MS = 100;

export interface Seen {
  cmdline: string;
  environ: string;
  /** The soft and the hard limit of a core, as the kernel writes them; empty: it had ended. */
  core: string;
}

export class ProcessWatch implements Disposable {
  /** As last seen, by their ids. */
  readonly seen = new Map<number, Seen>();
  readonly hits = new Set<string>();
  looks = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(
    private readonly place: Place,
    private readonly canaries: readonly Canary[],
  ) {
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  look(): void {
    this.looks += 1;
    for (const { pid, cmdline, environ } of this.place.processes()) {
      this.seen.set(pid, { cmdline, environ, core: coreOf(pid) });
      for (const [what, text] of Object.entries({ cmdline, environ }))
        for (const canary of this.canaries)
          for (const encoding of canary.in(Buffer.from(text, 'latin1')))
            this.hits.add(`${encoding} in the ${what} of ${cmdline.replaceAll('\0', ' ')}`);
    }
  }

  /** Ids and what was seen of processes with this word among theirs. */
  with(word: string): [number, Seen][] {
    return [...this.seen].filter(([, { cmdline }]) => cmdline.includes(word));
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

function coreOf(pid: number): string {
  try {
    const limits = readFileSync(`/proc/${pid}/limits`, 'utf8');
    return /^Max core file size +(\S+ +\S+)/m.exec(limits)?.[1] ?? '';
  } catch {
    return '';
  }
}
