// Packets with a secret in them: ssh2 makes them and would leave them to the garbage collector. They are caught on
// their way out, filled in where ssh2 takes only text, and zeroed once the device has answered.
import type Protocol from 'ssh2/lib/protocol/Protocol.js';

type PacketWriter = Protocol.PacketWriter;

export class SecretPackets {
  readonly #writer: () => PacketWriter;
  #kept: Buffer[] = [];

  /** `writer` may change with each key exchange. */
  constructor(writer: () => PacketWriter) {
    this.#writer = writer;
  }

  /** Other bytes to be zeroed with the packets. */
  keep(bytes: Buffer): void {
    this.#kept.push(bytes);
  }

  /** Catches the packets that `send` makes; `edit` may fill in or replace each before it is encrypted. */
  capture(send: () => void, edit?: (packet: Buffer, start: number) => Buffer): void {
    const writer = this.#writer();
    const finalize = writer.finalize;
    writer.finalize = (made, force) => {
      const packet = edit ? edit(made, writer.allocStart) : made;
      this.keep(packet);
      return finalize.call(writer, packet, force);
    };
    try {
      send();
    } finally {
      writer.finalize = finalize;
    }
  }

  /** A packet of one's own, for `edit`. */
  packet(payload: Buffer): Buffer {
    const writer = this.#writer();
    const packet = writer.alloc(payload.length);
    packet.set(payload, writer.allocStart);
    return packet;
  }

  forget(): void {
    for (const bytes of this.#kept) bytes.fill(0);
    this.#kept = [];
  }
}
