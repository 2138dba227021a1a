// A session that is only rehearsed: it asks and tells what a session does, at the same places, and waits as long as it
// was told to, but there is no device. Its output is made up, another one for each device, and says so.
import { createHash, type Hash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { crc32, gzipSync } from 'node:zlib';
import {
  type Device,
  HostKeyPolicy,
  Kind,
  Output,
  Proof,
  Purpose,
  Stage,
  Status,
} from '../../proto/gen/netsweep/v1/model.js';
import { Attempt, SecretUse } from '../../proto/gen/netsweep/v1/session.js';
import { Permission } from '../credentials.js';
import { asFailure, DeviceFailure } from '../failure.js';
import { rulesOf } from '../line/platform.js';
import { REHEARSED, type Rehearsal } from '../rehearsal.js';
import { hostKey, trust } from '../ssh/hostkeys.js';
import { admit } from './gate.js';
import type { SessionPorts, SessionTask } from './seam.js';

/** The end of an output, which is its device's alone: so little that to pack it would cost more than it saves. */
const OWN_BYTES = 256;
/** Of a gzip member (RFC 1952) with one block, the last, that is stored as it is (RFC 1951). */
const STORED = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 1]);

/** The part of an output that all devices have, worked through once. */
interface Common {
  bytes: number;
  digested: Hash;
  packed: Buffer;
}

export class Rehearsals {
  #common: Common | null = null;

  constructor(readonly manner: Rehearsal) {}

  /** As runSession: resolves with what would be reported. */
  async run(task: SessionTask, ports: SessionPorts, signal: AbortSignal): Promise<Attempt> {
    const session = new Rehearsed(task, ports, signal, this);
    return session.run();
  }

  output(device: Device, command: string, most: number, durationMs: number): Output {
    const wanted = Math.min(this.manner.bytes, most);
    const commonBytes = Math.max(0, wanted - OWN_BYTES);
    if (this.#common?.bytes !== commonBytes) this.#common = commonOf(commonBytes);
    const { digested, packed } = this.#common;
    const own = Buffer.from(ownText(device, command)).subarray(0, wanted);
    return Output.create({
      command,
      proof: Proof.COMPLETE,
      encoding: 'utf-8',
      bytes: commonBytes + own.length,
      sha256: digested.copy().update(own).digest(),
      durationMs: Math.round(durationMs),
      // Members of gzip, one after the other, are gzip.
      body: Buffer.concat([packed, ...stored(own)]),
    });
  }
}

class Rehearsed {
  readonly #outputs: Output[] = [];
  readonly #permissions: Permission[] = [];
  #stage: Stage = Stage.PLAN;

  constructor(
    private readonly task: SessionTask,
    private readonly ports: SessionPorts,
    private readonly signal: AbortSignal,
    private readonly all: Rehearsals,
  ) {}

  async run(): Promise<Attempt> {
    const began = performance.now();
    let failure: DeviceFailure | null = null;
    try {
      await this.#walk();
    } catch (thrown) {
      failure = this.signal.aborted ? this.#failure(Kind.DISCONNECTED, 'it was called off') : null;
      failure ??= asFailure(thrown, this.#stage);
    }
    for (const permission of this.#permissions) permission.close();
    const secretSent = this.#permissions.some(({ wasSent }) => wasSent);
    const stopped = failure?.kind === Kind.CREDENTIAL_STOPPED && failure.stage === Stage.AUTH;
    return Attempt.create({
      status: failure === null ? Status.OK : stopped ? Status.SKIPPED : Status.FAILED,
      failure: failure?.record(secretSent),
      outputs: this.#outputs,
      durationMs: Math.round(performance.now() - began),
      secretSent,
      leftClean: true,
      notes: [REHEARSED],
    });
  }

  async #walk(): Promise<void> {
    const { device, options, credential } = this.task;
    const { promptMs } = this.all.manner;
    this.#admit();
    this.#stage = Stage.CONNECT;
    this.#mayGoOn('connect');
    if (isFailing(device, this.all.manner))
      throw this.#failure(Kind.UNREACHABLE, `${REHEARSED}, none answers`);
    await this.#hostKey();
    this.#stage = Stage.AUTH;
    const login = await this.#send(SecretUse.LOGIN, credential?.password);
    await this.#wait(promptMs);
    login?.accepted();
    this.#stage = Stage.ENABLE;
    if (device.enable) (await this.#send(SecretUse.ENABLE, credential?.enableSecret))?.accepted();
    this.#stage = Stage.COMMAND;
    if (options.allowWrites && !(await this.#during(this.ports.start())))
      throw this.#failure(Kind.DISCONNECTED, 'no leave to begin');
    for (const command of device.commands) await this.#command(command);
  }

  #admit(): void {
    const { device, options } = this.task;
    const rules = rulesOf(device.platform, options.platforms);
    if (options.purpose !== Purpose.COMMANDS || rules === undefined)
      throw this.#failure(Kind.NOT_ALLOWED, 'a rehearsal only runs commands, on platforms that are known');
    admit(rules, device, options.allowWrites);
  }

  /** One for each device, and the same at each visit. */
  async #hostKey(): Promise<void> {
    const { device, options, hostKeys } = this.task;
    if (options.hostKeys === HostKeyPolicy.OFF) return;
    this.#stage = Stage.HOSTKEY;
    const key = hostKey(keyOf(device));
    const trusted = trust(hostKeys, key);
    if (trusted === 'known') return;
    if (trusted === 'changed' || options.hostKeys === HostKeyPolicy.STRICT)
      throw this.#failure(Kind.HOST_KEY, `${REHEARSED}, and the key that it would show is not known`);
    const answer = await this.#during(this.ports.acceptHostKey(key));
    if (!answer.accepted && trust(answer.known, key) !== 'known')
      throw this.#failure(Kind.HOST_KEY, `${REHEARSED}, and another key is known`);
  }

  /** Null: there is no such secret. */
  async #send(use: SecretUse, secret: Uint8Array | undefined): Promise<Permission | null> {
    if (secret === undefined || secret.length === 0) return null;
    const permission = new Permission(use, this.ports);
    this.#permissions.push(permission);
    await this.#during(permission.ask());
    this.#mayGoOn('login');
    permission.markSent();
    return permission;
  }

  async #command(command: string): Promise<void> {
    const { commandMs } = this.all.manner;
    await this.#readable();
    this.#mayGoOn('command');
    await this.#wait(commandMs);
    const { device, options } = this.task;
    this.#outputs.push(this.all.output(device, command, Number(options.outputLimit), commandMs));
  }

  async #readable(): Promise<void> {
    const { hold, heldTooLong } = this.ports;
    if (hold?.on !== true) return;
    const tooLong = setTimeout(() => heldTooLong?.(), this.task.limits.deviceMs);
    await this.#during(hold.released()).finally(() => clearTimeout(tooLong));
  }

  #mayGoOn(to: string): void {
    if (this.signal.aborted || !this.ports.mayStart())
      throw this.#failure(Kind.DISCONNECTED, `the lease ended before the ${to}`);
  }

  async #wait(ms: number): Promise<void> {
    if (ms > 0) await delay(ms, undefined, { signal: this.signal });
    if (!this.ports.mayWrite()) throw this.#failure(Kind.DISCONNECTED, 'the lease ended');
  }

  /** Waits for somebody else, unless it is called off. */
  async #during<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this;
    let calledOff = () => {};
    const called = new Promise<never>((_, reject) => {
      calledOff = () => reject(this.#failure(Kind.DISCONNECTED, 'it was called off'));
      signal.addEventListener('abort', calledOff, { once: true });
    });
    return Promise.race([promise, called]).finally(() => signal.removeEventListener('abort', calledOff));
  }

  #failure(kind: Kind, message: string): DeviceFailure {
    return new DeviceFailure(kind, this.#stage, message);
  }
}

/** Drawn from the device, so that another attempt ends the same. */
function isFailing({ host, port }: Device, { failing }: Rehearsal): boolean {
  return failing > 0 && digest(`${host}:${port}`).readUInt32BE(0) / 2 ** 32 < failing;
}

/** In the shape of an Ed25519 key (RFC 8709); nobody has the other half. */
function keyOf({ host, port }: Device): Buffer {
  const type = 'ssh-ed25519';
  return Buffer.concat([sized(Buffer.from(type)), sized(digest(`${host}:${port}`))]);
}

function sized(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** What a command line of this length might print; a fifth of it once it is packed, as of a real configuration. */
function commonOf(bytes: number): Common {
  const lines = [`! ${REHEARSED}`];
  for (let at = 1, length = lines[0]?.length ?? 0; length < bytes; at++) {
    const [one = 0, two = 0, three = 0] = digest(String(at));
    const part =
      `interface GigabitEthernet${at >> 6}/${at & 63}\n description to ${digest(`n${at}`).toString('hex', 0, 6)}\n` +
      ` ip address 10.${one}.${two}.${three} 255.255.255.252\n ip ospf cost ${one * 4}\n mpls ip\n!`;
    lines.push(part);
    length += part.length + 1;
  }
  const text = Buffer.from(`${lines.join('\n')}\n`).subarray(0, bytes);
  return { bytes, digested: createHash('sha256').update(text), packed: gzipSync(text, { level: 1 }) };
}

/** As a gzip member; up to 64 KiB. */
function stored(bytes: Buffer): Buffer[] {
  const length = Buffer.alloc(4);
  length.writeUInt16LE(bytes.length);
  length.writeUInt16LE(~bytes.length & 0xffff, 2);
  const end = Buffer.alloc(8);
  end.writeUInt32LE(crc32(bytes));
  end.writeUInt32LE(bytes.length, 4);
  return [STORED, length, bytes, end];
}

/** OWN_BYTES of it. */
function ownText({ name, host, index }: Device, command: string): string {
  const lines = [`! ${command}`, `hostname ${name}`, `interface Loopback0`, ` ip address ${host}`];
  const counters = Array.from({ length: 5 }, (_, at) => ` counter ${at} ${(index + 1) * (at + 7)}`);
  const text = `\n${[...lines, ...counters].join('\n')}\n`;
  return `${text.padEnd(OWN_BYTES - 4, '!').slice(0, OWN_BYTES - 4)}end\n`;
}
