// Long work of one session must leave the others, and its worker's signs of life, their turn: a worker that says
// nothing for seconds is taken for dead, and its work would begin again without end.

/** How long work may go on without a pause, in ms. */
const WORK_MS = 20;

export class Breath {
  #since = performance.now();

  /** To be called often; now and then it lets the event loop turn. */
  async taken(): Promise<void> {
    if (performance.now() - this.#since < WORK_MS) return;
    await new Promise(setImmediate);
    this.#since = performance.now();
  }
}
