// What a coordinator tells an agent that it forks, over IPC instead of argv and environment, because it holds the
// secret of the private NATS.

/** A sweep is on its way: the first worker may start before the orders come. */
interface Preparation {
  prepare: true;
}

export type AgentWord = Preparation | { orders: AgentOrders };

export interface AgentOrders {
  nats: string[];
  natsToken: string;
  coordinator: string;
  /** Its public key, 32 bytes. */
  signedBy: Uint8Array | null;
  segments: string[];
  name: string;
  workers: number;
  forks: number;
  /** Sessions that share workers are on their way: the first worker may start at once. */
  isAwaited: boolean;
}
