// What a coordinator tells an agent that it forks, over IPC instead of argv and environment, because it holds the
// secret of the private NATS.

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
