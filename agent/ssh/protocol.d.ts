// ssh2's protocol classes, as far as a client of our own needs them. They have no public face: ssh2's version is
// pinned, and tests look at each part that is used.
declare module 'ssh2/lib/protocol/Protocol.js' {
  import type { NegotiatedAlgorithms, ParsedKey } from 'ssh2';
  import type KexInits from 'ssh2/lib/protocol/kex.js';

  namespace Protocol {
    interface Config {
      offer: InstanceType<typeof KexInits.KexInit>;
      onWrite(bytes: Buffer): void;
      onError(error: Error): void;
      onHandshakeComplete(settled: NegotiatedAlgorithms): void;
      hostVerifier(blob: Buffer): boolean;
      /** Called by the names of messages, with the protocol first and what the message holds. */
      messageHandlers: object;
    }

    /** Makes packets, before they are encrypted. */
    interface PacketWriter {
      /** Where a packet's payload begins. */
      allocStart: number;
      alloc(length: number): Buffer;
      finalize(packet: Buffer, force?: boolean): Buffer;
    }
  }

  class Protocol {
    constructor(config: Protocol.Config);
    _handlers: object;
    /** The key exchange that is under way, or was the last. */
    _kex: unknown;
    _cipher: { allocPacket(payload: number): Buffer };
    _packetRW: { write: Protocol.PacketWriter };
    start(): void;
    parse(bytes: Buffer, from: number, to: number): void;
    cleanup(): void;
    disconnect(reason: number): void;
    ping(): void;
    requestFailure(): void;
    service(name: string): void;
    authNone(user: string): void;
    authPassword(user: string, password: Buffer): void;
    authKeyboard(user: string): void;
    authInfoRes(answers?: readonly string[]): void;
    /** Without `sign` it only shows the key; `sign` gets what is to be signed. */
    authPK(
      user: string,
      key: ParsedKey,
      algorithm?: undefined,
      sign?: (data: Buffer, send: (signature: Buffer) => void) => void,
    ): void;
    session(channel: number, window: number, packet: number): void;
    directTcpip(
      channel: number,
      window: number,
      packet: number,
      way: { srcIP: string; srcPort: number; dstIP: string; dstPort: number },
    ): void;
    channelOpenFail(channel: number, reason: number): void;
    channelData(channel: number, bytes: Buffer): void;
    channelWindowAdjust(channel: number, bytes: number): void;
    channelEOF(channel: number): void;
    channelClose(channel: number): void;
    channelFailure(channel: number): void;
    pty(
      channel: number,
      rows: number,
      columns: number,
      height: number,
      width: number,
      term: string,
      modes: null,
      wantReply: boolean,
    ): void;
    shell(channel: number, wantReply: boolean): void;
    exec(channel: number, command: string, wantReply: boolean): void;
  }
  export = Protocol;
}

declare module 'ssh2/lib/protocol/kex.js' {
  interface Lists {
    cipher: string[];
    mac: string[];
    compress: string[];
    lang: string[];
  }
  /** What a side puts forward, encoded once. */
  class KexInit {
    constructor(lists: { kex: string[]; serverHostKey: string[]; cs: Lists; sc: Lists });
  }
  const kex: { KexInit: typeof KexInit };
  export = kex;
}
