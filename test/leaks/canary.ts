// A secret that nobody else has, and how it could lie about: as it is, or encoded.
import { randomBytes } from 'node:crypto';

/** What encodings change, so that no two of them look alike. */
const SPECIAL = '%"/+\\';
/** What has another form in other character sets. */
const FOREIGN = 'é';

export class Canary {
  readonly text: string;
  readonly needles: ReadonlyMap<string, Buffer>;

  /** `foreign`: it is not ASCII, which not every device takes on its command line. */
  constructor(name: string, foreign = false) {
    const random = randomBytes(12).toString('base64url');
    this.text = `${name}${random.slice(0, 8)}${SPECIAL}${foreign ? FOREIGN : ''}${random.slice(8)}`;
    const plain = Buffer.from(this.text);
    const quoted = JSON.stringify(this.text).slice(1, -1);
    this.needles = new Map([
      ['plain', plain],
      // Behind the special characters, for what shows them in its own way.
      ['plain, its end', Buffer.from(random.slice(8))],
      ['plain, its beginning', Buffer.from(random.slice(0, 8))],
      ...[0, 1, 2].map((shift): [string, Buffer] => [`base64 from ${shift}`, base64At(plain, shift)]),
      ['hex', Buffer.from(plain.toString('hex'))],
      ['HEX', Buffer.from(plain.toString('hex').toUpperCase())],
      ['URL-encoded', Buffer.from(encodeURIComponent(this.text))],
      ['JSON', Buffer.from(quoted)],
      ['JSON in JSON', Buffer.from(JSON.stringify(quoted).slice(1, -1))],
      ['reversed', Buffer.from([...this.text].reverse().join(''))],
      ['UTF-16', Buffer.from(this.text, 'utf16le')],
      ['Latin-1', Buffer.from(this.text, 'latin1')],
    ]);
  }

  /** The encodings in which it is there. */
  in(bytes: Buffer): string[] {
    return [...this.needles].flatMap(([name, needle]) => (bytes.includes(needle) ? [name] : []));
  }
}

/** The part that stays the same whatever stands around it, where it begins at this place of a group of three. */
function base64At(bytes: Buffer, shift: number): Buffer {
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
  return Buffer.from(text.slice(shift === 0 ? 0 : 4, 4 * Math.floor((bytes.length + shift) / 3)));
}
