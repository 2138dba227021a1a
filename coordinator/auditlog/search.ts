// Records of an audit log that somebody asks for, oldest first. Reads files alone and judges nothing: whether they are
// what was written is verify.ts's to say.
import { join } from 'node:path';
import { begunAt, FOLDER, logFiles, textLines } from './files.js';
import { readLine } from './line.js';

/** A record as it was written, without the chain. */
export interface Found {
  n: number;
  at: string;
  act: string;
  [field: string]: unknown;
}

/** Whoever is asked for has to fit all of it; null: whatever it is. */
export interface Wanted {
  device: ((name: string) => boolean) | null;
  /** An id, or how one begins. */
  sweep: string | null;
  /** Empty: all but those of the log itself. */
  acts: readonly string[];
  /** A person, or an agent. */
  by: string | null;
  /** Unix ms. */
  sinceMs: number;
  untilMs: number;
}

/** Nobody did them. */
const OF_THE_LOG = ['file', 'head', 'removed'];

/** Folders of a state directory that have a log: of what ran here, and of `netsweep serve`. */
export function logsIn(state: string): string[] {
  const folders = [join(state, FOLDER), join(state, 'serve', FOLDER)];
  return folders.filter((folder) => logFiles(folder).length > 0);
}

export async function* search(directory: string, wanted: Wanted): AsyncGenerator<Found> {
  const files = logFiles(directory);
  for (const [at, file] of files.entries()) {
    const next = files[at + 1];
    // A file ends before the next one begins.
    if (next !== undefined && begunAt(directory, next) < wanted.sinceMs) continue;
    for await (const { text, isWhole } of textLines(join(directory, file))) {
      const found = isWhole ? readRecord(text) : null;
      if (found !== null && fits(found, wanted)) yield found;
    }
  }
}

/** Who did it: a person, an agent, or the coordinator of itself. */
export function doerOf(record: Found): string {
  const { who, agent, by, enrolledBy } = record;
  const name = isObject(who) ? (who.name ?? who.via) : (by ?? enrolledBy ?? agent);
  return typeof name === 'string' && name !== '' ? name : 'coordinator';
}

/** Of which devices it speaks, by their names. */
export function devicesOf({ device, devices }: Found): string[] {
  if (typeof device === 'string') return [device];
  return Array.isArray(devices) ? devices.filter((name) => typeof name === 'string') : [];
}

function readRecord(text: string): Found | null {
  const line = readLine(text);
  if (line === null) return null;
  try {
    return JSON.parse(`${line.text}}`) as Found; // readLine has found number, time and act
  } catch {
    return null; // somebody has changed it: doctor --audit-log says so
  }
}

function fits(found: Found, { device, sweep, acts, by, sinceMs, untilMs }: Wanted): boolean {
  const ms = Date.parse(found.at);
  if (ms < sinceMs || ms > untilMs) return false;
  if (acts.length > 0 ? !acts.includes(found.act) : OF_THE_LOG.includes(found.act)) return false;
  if (sweep !== null && !String(found.sweep ?? '').startsWith(sweep)) return false;
  if (by !== null && doerOf(found) !== by) return false;
  return device === null || devicesOf(found).some(device);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
