// A gRPC client that does not wait for a connection that never comes about. The library gives no attempt an end: one
// whose first bytes were lost would hang for as long as TCP repeats them, also after the network is well again. So a
// second attempt is begun beside the first, a third beside that; whichever gets through is the connection.

/** As grpc-js numbers the states of a channel. */
const CONNECTING = 1;
const READY = 2;
/** Looks at an attempt until another is begun. */
const LOOKS = 8;
/** How long an attempt is left alone before another is begun, in ms. */
const ATTEMPT_MS = 4_000;
/** Attempts side by side: the first of them may take so many times that long. */
const ATTEMPTS_MOST = 4;

export interface LineClient {
  close(): void;
  getChannel(): { getConnectivityState(connect: boolean): number };
}

export class Line<Client extends LineClient> {
  #client: Client;
  #attempts: Client[] = [];
  /** Looks since the last attempt was begun, all of them at a connection in the making. */
  #looks = 0;
  readonly #watch: NodeJS.Timeout;

  /** `open` makes a client that shares no connection with another. */
  constructor(
    private readonly open: () => Client,
    attemptMs = ATTEMPT_MS,
  ) {
    this.#client = open();
    this.#watch = setInterval(() => this.#look(), attemptMs / LOOKS);
    this.#watch.unref();
  }

  /** The one to call now; another after it was lost. */
  get client(): Client {
    return this.#client;
  }

  close(): void {
    clearInterval(this.#watch);
    for (const client of [this.#client, ...this.#attempts.splice(0)]) client.close();
  }

  #look(): void {
    const state = stateOf(this.#client);
    const through = state === READY ? this.#client : this.#attempts.find((one) => stateOf(one) === READY);
    if (through !== undefined) this.#settle(through);
    else if (state !== CONNECTING) this.#looks = 0;
    else if (++this.#looks >= LOOKS) this.#attempt();
  }

  #settle(through: Client): void {
    this.#looks = 0;
    const rest = [this.#client, ...this.#attempts.splice(0)].filter((one) => one !== through);
    this.#client = through;
    for (const client of rest) client.close();
  }

  #attempt(): void {
    this.#looks = 0;
    this.#attempts.push(this.open());
    // The oldest that is no use is the one that calls wait for: they are told, and try again on the next.
    if (this.#attempts.length < ATTEMPTS_MOST) return;
    const oldest = this.#client;
    this.#client = this.#attempts.shift() ?? oldest;
    oldest.close();
  }
}

function stateOf(client: LineClient): number {
  return client.getChannel().getConnectivityState(true);
}
