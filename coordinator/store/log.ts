// The write-ahead log as a crash has left it. SQLite takes what it finds up to the first frame whose checksum does
// not fit, without a word: right for a log whose end was never written, and wrong for one that has been damaged in
// the middle, where commits that were acknowledged would be gone. This tells the two apart, before SQLite looks.
//
//   header: magic, version, page size, number, salts (2), checksums (2)      each 32 bits, big endian
//   frames: page, size after a commit or 0, salts (2), checksums (2); then the page
import { existsSync, readFileSync } from 'node:fs';
import { endianness } from 'node:os';

const HEADER = 32;
const FRAME_HEADER = 24;
const SALTS = 16;
/** The lowest bit of the magic number: whose byte order the checksums are in. */
const MAGIC = 0x377f0682;

/** Whether the log holds frames of its own that can't be read any more. */
export function isLogDamaged(file: string): boolean {
  if (!existsSync(file)) return false;
  const log = readFileSync(file);
  if (log.length < HEADER + FRAME_HEADER) return false;
  const pageBytes = log.readUInt32BE(8);
  const isBigEndian = (log.readUInt32BE(0) & 1) === 1;
  let sums: Sums = addTo([0, 0], log.subarray(0, 24), isBigEndian);
  const isHeaderSound =
    log.readUInt32BE(0) >>> 1 === MAGIC >>> 1 &&
    log.readUInt32BE(24) === sums[0] &&
    log.readUInt32BE(28) === sums[1];
  if (!isHeaderSound) return true;
  for (let at = HEADER; at + FRAME_HEADER + pageBytes <= log.length; at += FRAME_HEADER + pageBytes) {
    sums = addTo(sums, log.subarray(at, at + 8), isBigEndian);
    sums = addTo(sums, log.subarray(at + FRAME_HEADER, at + FRAME_HEADER + pageBytes), isBigEndian);
    const isSound =
      log.compare(log, SALTS, SALTS + 8, at + 8, at + 16) === 0 &&
      log.readUInt32BE(at + 16) === sums[0] &&
      log.readUInt32BE(at + 20) === sums[1];
    if (!isSound) return hasOwnFrame(log, at, FRAME_HEADER + pageBytes);
  }
  return false;
}

/** Frames of an earlier use of the file, which it keeps behind those of this one, bear neither of its salts. */
function hasOwnFrame(log: Buffer, from: number, bytes: number): boolean {
  for (let at = from; at + bytes <= log.length; at += bytes)
    for (const salt of [0, 4])
      if (log.readUInt32BE(at + 8 + salt) === log.readUInt32BE(SALTS + salt)) return true;
  return false;
}

type Sums = [number, number];

function addTo(sums: Sums, bytes: Buffer, isBigEndian: boolean): Sums {
  const word = wordsOf(bytes, isBigEndian);
  let [a, b] = sums;
  for (let at = 0; at < bytes.length / 4; at += 2) {
    a = (a + word(at) + b) >>> 0;
    b = (b + word(at + 1) + a) >>> 0;
  }
  return [a, b];
}

function wordsOf(bytes: Buffer, isBigEndian: boolean): (at: number) => number {
  if (isBigEndian) return (at) => bytes.readUInt32BE(at * 4);
  if (endianness() === 'BE' || bytes.byteOffset % 4 !== 0) return (at) => bytes.readUInt32LE(at * 4);
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  return (at) => words[at] ?? 0;
}
