// What devices of a sweep have in common is kept once: a hundred thousand of them name a handful of platforms, groups
// and commands, and off the wire or the disk each brings copies of its own.
import type { Device } from '../../proto/gen/netsweep/v1/model.js';

export class Alike {
  /** By what they say; of lists and messages that is their JSON. */
  readonly #known = new Map<string, unknown>();

  /** The same device, which shares what it can with those before it. */
  of(device: Device): Device {
    return {
      ...device,
      platform: this.#text(device.platform),
      segment: this.#text(device.segment),
      site: this.#text(device.site),
      groups: this.#value(device.groups),
      commands: this.#value(device.commands),
      foundCommands: this.#value(device.foundCommands),
      credential: this.#text(device.credential),
      enableCommand: this.#text(device.enableCommand),
      limits: this.#value(device.limits),
      jump: this.#value(device.jump),
      domain: this.#text(device.domain),
    };
  }

  #text(text: string): string {
    return text === '' ? '' : this.#first(text, text);
  }

  #value<T>(value: T): T {
    return value === undefined ? value : this.#first(` ${JSON.stringify(value)}`, value);
  }

  #first<T>(key: string, value: T): T {
    const known = this.#known.get(key);
    if (known === undefined) this.#known.set(key, value);
    return (known as T | undefined) ?? value; // kept under a key that only the same value gives
  }
}
