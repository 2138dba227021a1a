// Sessions at their prompt that wait for leave to send the first command of a sweep that may write. Whoever is not
// answered at once is looked at again after every change of the books. Pure: what is to be committed before an
// answer leaves goes out with it.
import type { Write } from '../store/store.js';
import type { StartRequest } from './ledger.js';

interface Waiting {
  request: StartRequest;
  answer: (granted: boolean) => void;
}

/** An answer and what must be on disk before it leaves. */
export interface Decision {
  writes: Write[];
  answer: () => void;
}

export class Starts {
  /** In the order in which they asked. */
  readonly #waiting = new Map<string, Waiting>();

  constructor(
    private readonly decide: (request: StartRequest, writes: Write[]) => 'granted' | 'refused' | 'later',
  ) {}

  /** Asked again by the same session, the answer goes where it asked last. */
  ask(request: StartRequest, answer: (granted: boolean) => void): void {
    this.#waiting.set(`${request.epoch}/${request.index}`, { request, answer });
  }

  /** Whoever can be answered now. */
  look(): Decision[] {
    const decisions: Decision[] = [];
    for (const [key, { request, answer }] of this.#waiting) {
      const writes: Write[] = [];
      const decided = this.decide(request, writes);
      if (decided === 'later') continue;
      this.#waiting.delete(key);
      decisions.push({ writes, answer: () => answer(decided === 'granted') });
    }
    return decisions;
  }
}
