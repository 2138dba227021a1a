// What an agent says of itself: a journal has it in main.ts, a test reads it.
import type { About } from '../proto/operation/log.js';

export interface AgentLog {
  warn(what: string, about?: About): void;
  debug?(what: string, about: About): void;
  /** Connected to both; once. */
  ready(about: { coordinator: string; nats: string; store: string; http: string }): void;
}
