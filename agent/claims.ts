// Asks the coordinator for what was offered, under one id until it answers.
import type { Grant } from '../proto/gen/netsweep/v1/agent.js';
import type { AgentLog } from './agentlog.js';
import { type Instant, instant } from './clock.js';
import { type Host, pause } from './host.js';
import type { Offer } from './lease.js';
import type { Counted } from './operation/counted.js';
import type { Uplink } from './uplink.js';

/**
 * How long an unanswered claim is repeated, in ms. The coordinator may have granted it before it went away, and
 * only a repeat under the same id gets that lease; a new claim would have to wait for its end.
 */
const CLAIM_MS = 8_000;
const CLAIM_PAUSE_MS = 200;

export interface Claimed {
  grant: Grant;
  /** When the claim was sent that was granted. */
  sent: Instant;
  claimId: string;
}

export class Claims {
  /** Without an answer. */
  open = 0;
  /** Siblings reach what we do not: until then nothing is pulled. */
  #restUntil = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly instance: string,
    private readonly uplink: Uplink,
    private readonly host: Host,
    private readonly log: Pick<AgentLog, 'warn'>,
    private readonly counted: Counted,
  ) {}

  /** How long nothing should be pulled. */
  get restMs(): number {
    return this.#restUntil - this.host.monotonicMs();
  }

  /** Null: it is not ours, and the offer has been told so. */
  async claim(offer: Offer, isDraining: () => boolean): Promise<Claimed | null> {
    this.open += 1;
    const claimed = await this.#claim(offer, isDraining);
    this.open -= 1;
    return claimed;
  }

  async #claim(offer: Offer, isDraining: () => boolean): Promise<Claimed | null> {
    const { sweep, shard, offer: number } = offer.shard;
    const claimId = this.host.id();
    const began = this.host.monotonicMs();
    while (!isDraining() && this.host.monotonicMs() - began < CLAIM_MS) {
      const sent = instant(this.host);
      try {
        // Who is not welcomed is told to come later, and would lose the id.
        if (!this.uplink.connected) throw new Error('the coordinator is away');
        const { answer } = await this.uplink.claim({
          instance: this.instance,
          claimId,
          sweep,
          shard,
          offer: number,
        });
        if (answer !== undefined) this.counted.claims.add(answer.$case);
        switch (answer?.$case) {
          case 'grant':
            return { grant: answer.value, sent, claimId };
          case 'drop':
            await offer.done();
            return null;
          case 'later':
            offer.later(answer.value.ms);
            this.#restUntil = this.host.monotonicMs() + answer.value.restMs;
            return null;
          case undefined:
            break;
          default:
            answer satisfies never;
        }
      } catch (error) {
        if (this.uplink.connected)
          this.log.warn(`claim: ${error instanceof Error ? error.message : error}`, { sweep, shard });
      }
      offer.working();
      await pause(this.host, CLAIM_PAUSE_MS);
    }
    this.counted.claims.add('none');
    offer.later(isDraining() ? 0 : 1_000);
    return null;
  }
}
