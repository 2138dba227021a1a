// What may be tried a few times more, of so many things as can be remembered.

const REMEMBERED_MOST = 10_000;

export class Tries {
  readonly #made = new Map<string, number>();

  constructor(private readonly most: number) {}

  /** False once it has been tried often enough; then it counts from the start. */
  again(what: string): boolean {
    const made = (this.#made.get(what) ?? 0) + 1;
    this.#made.delete(what);
    if (made > this.most) return false;
    const [oldest] = this.#made.keys();
    if (this.#made.size >= REMEMBERED_MOST && oldest !== undefined) this.#made.delete(oldest);
    this.#made.set(what, made);
    return true;
  }
}
