// Results as files: DIR/DEVICE/COMMAND.txt, complete outputs only, each written whole or not at all. An older
// file whose command did not come back whole moves to DIR/.stale, so that nobody takes it for today's.

import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../../../proto/directory.js';
import { type Output, Proof, type Report } from '../../../proto/gen/netsweep/v1/model.js';
import type { Sweep } from '../../../proto/gen/netsweep/v1/sweeps.js';
import { label } from '../../../proto/label.js';
import { failureObject, type ReadOutput, sweepObject } from '../../combine/result.js';
import { CannotWrite } from '../sink.js';
import type { Results, View } from './view.js';

const SWEEP_FILE = '_sweep.json';
/** Longest encoded name; longer ones are cut and end with a digest. */
const MOST_NAME = 180;

export function treeView(directory: string, read: ReadOutput): View {
  return {
    bodies: true,
    async report(report) {
      for (const command of new Set(report.device?.commands ?? [])) {
        const output = lastComplete(report, command);
        const names = [deviceName(report), `${commandName(command)}.txt`] as const;
        if (output === undefined) await setAside(directory, names);
        else await writeWhole(join(directory, names[0]), names[1], read(output));
      }
    },
    async end(sweep, results) {
      await writeWhole(directory, SWEEP_FILE, sweepFile(sweep, results));
    },
  };
}

async function* sweepFile(sweep: Sweep, results: Results): AsyncGenerator<string> {
  const { counts, ...head } = sweepObject(sweep);
  yield `{"sweep":${JSON.stringify(head)},"counts":${JSON.stringify(counts)},"devices":[`;
  let separator = '\n';
  for await (const report of results(false)) {
    const commands = [...new Set(report.device?.commands ?? [])];
    const line = {
      device: report.device?.name ?? '',
      status: label('STATUS', report.status),
      failure: report.failure === undefined ? null : failureObject(report.failure),
      files: commands
        .filter((command) => lastComplete(report, command) !== undefined)
        .map((command) => `${deviceName(report)}/${commandName(command)}.txt`),
    };
    yield separator + JSON.stringify(line);
    separator = ',\n';
  }
  yield '\n]}\n';
}

function lastComplete({ outputs }: Report, command: string): Output | undefined {
  const output = outputs.findLast((candidate) => candidate.command === command);
  return output?.proof === Proof.COMPLETE ? output : undefined;
}

/** Makes the directory where it is missing; nobody ever sees half a file. */
export async function writeWhole(
  directory: string,
  name: string,
  pieces: AsyncIterable<string>,
): Promise<void> {
  const temporary = join(directory, `.${randomBytes(8).toString('hex')}.tmp`);
  let file: FileHandle | undefined;
  try {
    makeDirectory(directory);
    file = await open(temporary, 'wx', 0o600);
    // Appended, not just written: a disk that runs full takes the first half of a write without an error.
    for await (const piece of pieces) await file.appendFile(piece);
    await file.close();
    file = undefined;
    await rename(temporary, join(directory, name));
  } catch (error) {
    await file?.close().catch(() => undefined);
    await unlink(temporary).catch(() => undefined);
    throw isOfSystem(error) ? new CannotWrite(join(directory, name), error) : error;
  }
}

function isOfSystem(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

async function setAside(directory: string, [device, file]: readonly [string, string]): Promise<void> {
  const older = join(directory, device, file);
  if (!existsSync(older)) return;
  const stale = join(directory, '.stale', device);
  try {
    makeDirectory(stale);
    await rename(older, join(stale, file));
  } catch (error) {
    throw isOfSystem(error) ? new CannotWrite(join(stale, file), error) : error;
  }
}

function deviceName({ device }: Report): string {
  return treeName(device?.name ?? '');
}

/** A device's name as a directory: percent-encoded, never hidden, never the sweep's own file. */
export function treeName(name: string): string {
  const encoded = encode(name, /[A-Za-z0-9._~-]/);
  return shortened(encoded === SWEEP_FILE ? `%5F${encoded.slice(1)}` : encoded.replace(/^\./, '%2E'));
}

/** A command as a file name: spaces become `_`, and a real `_` is encoded so that no two commands meet. */
export function commandName(command: string): string {
  return shortened(
    encode(command, /[A-Za-z0-9.~ -]/)
      .replaceAll(' ', '_')
      .replace(/^\./, '%2E'),
  );
}

function encode(text: string, plain: RegExp): string {
  return Array.from(text, (character) =>
    plain.test(character)
      ? character
      : Array.from(
          Buffer.from(character),
          (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
        ).join(''),
  ).join('');
}

function shortened(name: string): string {
  if (name.length <= MOST_NAME) return name;
  return `${name.slice(0, MOST_NAME)}~${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;
}
