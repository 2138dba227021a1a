// Outputs too large to be held: settled piece by piece, recorded as if they had been held whole.
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { recordOutput } from '../../agent/line/output.js';
import { rulesOf } from '../../agent/line/platform.js';
import { Reader } from '../../agent/line/reader.js';
import { Screen } from '../../agent/line/screen.js';
import { type Output, Proof } from '../../proto/gen/netsweep/v1/model.js';

const MB = 1 << 20;

function asked(command = 'show tech'): Reader {
  const rules = rulesOf('cisco_ios');
  if (!rules) throw new Error('cisco_ios is missing');
  const reader = new Reader(rules);
  reader.prompt.learn('R1#');
  reader.begin(command);
  reader.push(Buffer.from(`${command}\r\n`));
  return reader;
}

function record(reader: Reader): Promise<Output> {
  return recordOutput({ command: 'show tech', durationMs: 1 }, reader.output(), (beginning, end) =>
    beginning.startsWith('line 0 ') && end.trimEnd().endsWith('end') ? Proof.COMPLETE : Proof.SUSPECT,
  );
}

/** Numbered lines, so that none can be lost or repeated unseen. */
function lines(from: number, to: number): string {
  let text = '';
  for (let line = from; line < to; line++) text += `line ${line} ${'.'.repeat(line % 90)}\r\n`;
  return text;
}

describe('a large output', () => {
  test('is recorded to the byte, with the digest of all of it', async () => {
    const reader = asked();
    const sent = `${lines(0, 120_000)}end\r\n`;
    for (let at = 0; at < sent.length; at += 32_768)
      reader.push(Buffer.from(sent.slice(at, at + 32_768), 'latin1'));
    reader.push(Buffer.from('R1#'));
    expect(reader.look(20)).toMatchObject({ kind: 'prompt', proved: true });
    const expected = Buffer.from(sent.replaceAll('\r\n', '\n'));
    const output = await record(reader);
    expect(output).toMatchObject({ proof: Proof.COMPLETE, encoding: 'utf-8', bytes: expected.length });
    expect(Buffer.compare(gunzipSync(output.body), expected)).toBe(0);
    expect(output.sha256.equals(createHash('sha256').update(expected).digest())).toBe(true);
  });

  test('loses its pagers wherever the pieces are cut', async () => {
    const reader = asked();
    let expected = '';
    for (let page = 0; page < 4000; page++) {
      const text = lines(page * 23, page * 23 + 23);
      reader.push(Buffer.from(`${text} --More-- `));
      expect(reader.look(20)).toEqual({ kind: 'pager', key: ' ' });
      reader.push(Buffer.from(`${'\b'.repeat(9)}${' '.repeat(8)}${'\b'.repeat(9)}`));
      expected += text.replaceAll('\r\n', '\n');
    }
    reader.push(Buffer.from('end\r\nR1#'));
    expect(reader.look(20)).toMatchObject({ kind: 'prompt', proved: true });
    expect(gunzipSync((await record(reader)).body).toString()).toBe(`${expected}end\n`);
  });

  test('that is not UTF-8 anywhere is read as Latin-1 everywhere', async () => {
    const reader = asked();
    reader.push(Buffer.from(`${lines(0, 60_000)}Zürich\r\n`, 'utf8'));
    reader.push(Buffer.from('Z\xfcrich\r\nend\r\nR1#', 'latin1'));
    reader.look(20);
    const output = await record(reader);
    expect(output.encoding).toBe('latin-1');
    expect(gunzipSync(output.body).toString()).toMatch(/ZÃ¼rich\nZürich\nend\n$/);
  });

  test('in which the prompt stood is put to the test, however long ago that was', () => {
    const reader = asked();
    reader.push(Buffer.from(`R1#\r\n${lines(0, 120_000)}end\r\nR1#`));
    expect(reader.look(20)).toEqual({ kind: 'confirm' });
  });

  test('tells what came before its echo', () => {
    const rules = rulesOf('cisco_ios');
    if (!rules) throw new Error('cisco_ios is missing');
    const reader = new Reader(rules);
    reader.prompt.learn('R1#');
    reader.prompt.echoes = true;
    reader.begin('show tech');
    reader.push(Buffer.from(`late line\r\nR1#show tech\r\n${lines(0, 120_000)}end\r\nR1#`));
    expect(reader.look(20)).toMatchObject({ kind: 'prompt' });
    expect(reader.stray?.toString()).toBe('late line\r\nR1#');
  });

  test('of one endless line is not held either', () => {
    const reader = asked();
    const screenful = Buffer.alloc(MB, 'x');
    for (let piece = 0; piece < 64; piece++) reader.push(screenful);
    expect(reader.length).toBe(64 * MB + 'show tech\r\n'.length);
    const { settled, rest } = reader.output();
    expect(rest.length).toBeLessThan(3 * MB);
    expect([...(settled?.pieces() ?? [])].reduce((sum, piece) => sum + piece.length, rest.length)).toBe(
      64 * MB,
    );
  });
});

test('positions on a screen stay what they were when its beginning is dropped', () => {
  const screen = new Screen();
  screen.push(Buffer.from('first\r\nsecond\r\nthird\r\nR1#'));
  screen.drop(7);
  expect(screen.length).toBe(25);
  expect(screen.held).toBe(18);
  expect(screen.lineAt(7)).toBe('second');
  expect(screen.lineStart(25)).toBe(22);
  expect(screen.endBefore(22)).toBe(20);
  expect(screen.lineAt(screen.lineStart(screen.endBefore(22)))).toBe('third');
  expect(screen.text(0)).toBe('second\r\nthird\r\nR1#');
});
