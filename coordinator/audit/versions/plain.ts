// Versions of makers who number plainly: 7.5.2, 9.16(4)67, v2.1.0-3, 10.1.3-h1. A letter has no order against a number.
import { letter, type Version } from './parts.js';

const MOST = 60;

export function readPlain(text: string): Version | null {
  const bare = text.replace(/^v/i, '');
  if (text.length > MOST || !/^\d[\w.()-]*$/.test(bare) || /[a-z]{2}|_/i.test(bare)) return null;
  const pieces = bare.match(/\d+|[a-z]/gi) ?? [];
  return {
    line: '',
    train: pieces.slice(0, 2).join('.'),
    parts: pieces.map((piece) => (/\d/.test(piece) ? Number(piece) : letter(piece))),
    letters: pieces.flatMap((piece, place) => (/\d/.test(piece) ? [] : [place])),
  };
}
