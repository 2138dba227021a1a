// How the way through NATS fares, segment by segment: a permission may shut one of them alone. After a while of
// refusals offers go directly to agents, and one tries NATS again when what was to be mended there has been.

/** Least time between two tries of a way that has just failed, in ms. */
const TRY_AGAIN_MS = 250;
/** How long a way is shut before users are told, in ms. */
const NOTICE_AFTER_MS = 2_000;
/** How long nothing goes a way after it altered something. */
const DISTRUST_MS = 600_000;

interface Lane {
  shutAt: number;
  /** When an offer was last sent that way. */
  triedAt: number;
  /** Shut for long, but it may be open again: the next offer finds out. */
  trial: boolean;
  complaint: string;
}

export class Lanes {
  /** Only those that are shut. */
  readonly #shut = new Map<string, Lane>();
  /** Those that alter what they carry, and until when nothing is given to them. */
  readonly #distrusted = new Map<string, number>();

  constructor(
    /** How long a way is shut before offers go directly, in ms. */
    private readonly directAfterMs: number,
    private readonly warn: (error: unknown, what: string) => void,
  ) {}

  /** What came out of it was not what we had put in: nothing goes that way for a while, however well it takes things. */
  distrust(segment: string, now: number): void {
    const isNews = !this.#isDistrusted(segment, now);
    this.#distrusted.set(segment, now + DISTRUST_MS);
    if (isNews)
      this.warn(
        null,
        `offers for segment ${segment} are altered on their way through NATS: they go over gRPC`,
      );
  }

  /** How the next offer of this segment goes now. Whoever is told `nats` has to say how it went. */
  way(segment: string, now: number): 'nats' | 'direct' | 'wait' {
    if (this.#isDistrusted(segment, now)) return 'direct';
    const lane = this.#shut.get(segment);
    if (lane === undefined) return 'nats';
    if (this.#isShutForLong(lane, now)) {
      if (!lane.trial) return 'direct';
      lane.trial = false;
      return 'nats';
    }
    if (now - lane.triedAt < TRY_AGAIN_MS) return 'wait';
    lane.triedAt = now;
    return 'nats';
  }

  /** Whether offers go directly to agents anywhere. */
  anyShutForLong(now: number): boolean {
    return [...this.#shut.values()].some((lane) => this.#isShutForLong(lane, now));
  }

  /** NATS has everything that offers need. */
  mended(): void {
    for (const lane of this.#shut.values()) lane.trial = true;
  }

  open(segment: string): void {
    if (this.#shut.delete(segment)) this.warn(null, `NATS takes offers for segment ${segment} again`);
  }

  /** Each new reason is said once. */
  shut(segment: string, now: number, error: unknown): void {
    const complaint = error instanceof Error ? error.message : String(error);
    const lane = this.#shut.get(segment) ?? { shutAt: now, triedAt: now, trial: false, complaint: '' };
    this.#shut.set(segment, lane);
    if (complaint !== lane.complaint)
      this.warn(null, `NATS takes no offers for segment ${segment}: ${complaint}`);
    lane.complaint = complaint;
  }

  /** What is wrong with the way to any of these; empty: nothing worth a word. */
  trouble(segments: Iterable<string>, now: number): string {
    for (const segment of segments) {
      if (this.#isDistrusted(segment, now))
        return 'offers are altered on their way through NATS: they go over gRPC';
      const lane = this.#shut.get(segment);
      if (lane !== undefined && now - lane.shutAt >= NOTICE_AFTER_MS)
        return `NATS takes no offers (${lane.complaint}): they go over gRPC`;
    }
    return '';
  }

  #isDistrusted(segment: string, now: number): boolean {
    return (this.#distrusted.get(segment) ?? now) > now;
  }

  #isShutForLong({ shutAt }: Lane, now: number): boolean {
    return now - shutAt >= this.directAfterMs;
  }
}
