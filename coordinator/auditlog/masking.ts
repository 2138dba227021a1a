// Commands as they are recorded: without what the platform's data calls a secret. Where nobody knows the platform yet
// only the first word is kept. What only shows something sets no secret, and is not looked at.
import type { PlatformFile } from '../../proto/gen/netsweep/v1/model.js';
import { Platforms, readPlatform } from '../../proto/platform.js';
import { Mask } from '../combine/mask.js';

const SHOWS = /^\s*(show|display|get|ping|traceroute|tracert|dir|uname|uptime|hostname|date)\b/i;
const HIDDEN = '<redacted>';
/** Commands that are remembered as they are recorded. */
const REMEMBERED = 10_000;

export class Masking {
  readonly #own = new Map<string, Mask>();
  readonly #masks = new Map<string, Mask | null>();
  readonly #seen = new Map<string, string>();
  #shipped: Platforms | null = null;

  /** A sweep brings platforms of its user's own. */
  learn(platforms: readonly PlatformFile[]): void {
    for (const { name, json } of platforms) this.#own.set(name, new Mask(readPlatform(json)));
    if (platforms.length > 0) this.#seen.clear();
  }

  command(platform: string, command: string): string {
    if (SHOWS.test(command)) return command;
    const key = `${platform}\n${command}`;
    const seen = this.#seen.get(key);
    if (seen !== undefined) return seen;
    const masked = this.#mask(platform, command);
    if (this.#seen.size >= REMEMBERED) this.#seen.clear();
    this.#seen.set(key, masked);
    return masked;
  }

  #mask(platform: string, command: string): string {
    const mask = this.#own.get(platform) ?? this.#shippedMask(platform);
    if (mask !== null) return mask.text(command);
    const [first = '', more] = command.trim().split(/\s+/, 2);
    return more === undefined ? first : `${first} ${HIDDEN}`;
  }

  #shippedMask(platform: string): Mask | null {
    const known = this.#masks.get(platform);
    if (known !== undefined) return known;
    this.#shipped ??= new Platforms();
    const data = this.#shipped.get(platform);
    const mask = data === undefined ? null : new Mask(data);
    this.#masks.set(platform, mask);
    return mask;
  }
}
